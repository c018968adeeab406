#pragma once
// HttplibAdapter: the only place that names cpp-httplib. It parses and dispatches a framed request
// through httplib::Server::process_request on a stream in memory, and begins the head of a response
// the same way.
//
// Shape    httplib sees the request line alone, every '?' after the first escaped: headers are read
//          once, by the framer, so none can make httplib act on its own (Range, Expect, lengths,
//          encodings, REMOTE_*). Routing is done in its pre-routing hook. It writes the status
//          line; the response's headers follow as they are, and bodies never pass through it.
// Errors   Run() tells when httplib answered by itself; the connection must close then. A response
//          header that does not fit on one line is left out.
// Threads  one at a time; every loop has its own.
// Source   docs/adr/0005-own-framer.md, with figures.

#include <memory>
#include <string>

#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::http {

class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  // The response to `request`, alive until the call of Run() returns; null when it is answered
  // later. Must not throw.
  virtual const Response* Dispatch(const Request& request) = 0;
};

class HttplibAdapter {
 public:
  HttplibAdapter();
  ~HttplibAdapter();

  enum class Outcome { kRendered, kDeferred, kRefused };

  // Parses `request`, calls `dispatcher`, and appends the status line and the response's headers to
  // `head`, without the empty line that ends them.
  Outcome Run(const Request& request, Dispatcher& dispatcher, std::string* head);

  // What httplib answered when it refused the last request: 414 for a line over its 8 KiB, else
  // 400.
  int refused_status() const { return refused_status_; }

  // Appends the status line and headers of a response that was decided elsewhere.
  void Render(const Response& response, std::string* head);

 private:
  class Core;
  std::unique_ptr<Core> core_;
  int refused_status_ = 400;
};

}  // namespace tenantry::http
