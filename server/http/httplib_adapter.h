#pragma once
// HttplibAdapter: the only place that names cpp-httplib. It has httplib::Server::process_request read
// request lines and write status lines, on a stream in memory.
//
// Shape    httplib sees the request line alone, every '?' after the first escaped: headers are read
//          once, by the framer, so none can make httplib act on its own (Range, Expect, lengths,
//          encodings, REMOTE_*). The response's headers follow its status line as they are, and
//          bodies never pass through it.
//          What it says depends on the line, or on the status, alone: it is asked once for each, and
//          lines it took are remembered.
// Errors   a line that is refused closes its connection. A response header that does not fit on one
//          line is left out.
// Units    remembered lines: at most kLinesMax of at most kLineBytesMax; beyond, it starts over.
// Threads  one at a time; every loop has its own.
// Source   docs/adr/0005-own-framer.md and 0014-httplib-once-a-line.md, with figures.

#include <memory>
#include <string>

#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::http {

class HttplibAdapter {
 public:
  static constexpr size_t kLinesMax = 512;
  static constexpr size_t kLineBytesMax = 256;

  HttplibAdapter();
  ~HttplibAdapter();

  // Whether httplib takes the request. Otherwise `*refused_status` is what it answered: 414 for a
  // line over its 8 KiB, else 400.
  bool Accepts(const Request& request, int* refused_status);
  // Lines that it is not asked about again.
  size_t remembered() const;

  // Appends the status line and the response's headers to `head`, without the empty line that ends
  // them.
  void Render(const Response& response, std::string* head);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace tenantry::http
