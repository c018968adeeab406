#pragma once
// Response: what a handler answers, and when the loop may send it.
//
// The loop adds Date, Content-Length, Connection, X-Request-Id and the CORS headers; handlers set
// the rest.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/status.h"

namespace tenantry::http {

// A body that is made while it is sent, so that it is never whole in memory.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Appends the next piece; none means the end. Called on workers that may wait for a disk, one call
  // at a time, each once the client took what there was. An error cuts the body and closes the
  // connection, which a client can tell from an end.
  virtual Status Next(std::string* piece) = 0;
};

struct Response {
  int status = 200;
  // Empty means no Content-Type header, as for answers without a body.
  std::string content_type;
  std::string body;
  // A body shared with a cache; used instead of `body` when set, and never copied.
  std::shared_ptr<const std::string> shared_body;
  // Used instead of both when set; the length is not known beforehand.
  std::shared_ptr<BodySource> stream;
  std::vector<std::pair<std::string, std::string>> headers;

  // The reply may leave once the engine has released this log index; 0 means at once. Refusals are
  // parked too.
  uint64_t release_index = 0;

  // The reply is kept this long before it may leave: slows down whoever waits for it, and costs
  // neither a thread nor a processor. To about the loop's sweep; not for replies of a tick.
  int64_t hold_ms = 0;

  // 0: the reply is final. Otherwise the handler registered this ticket with the tick in progress:
  // the loop renders the response now, holds it, and asks TickHandler for the verdict when the tick
  // ends.
  uint64_t tick_ticket = 0;

  // Why a 5xx happened: for the log only, never sent.
  std::string log_detail;
  // Space of the tenant the request was about, 0 for none: for the log only. Filled in by the application.
  uint64_t tenant_space = 0;

  // The request needs a disk or a slow hash: drop this response and run the handler again on the
  // blocking lane.
  bool rerun_blocking = false;

  static Response Json(int status, std::string body) {
    Response response;
    response.status = status;
    response.content_type = "application/json; charset=utf-8";
    response.body = std::move(body);
    return response;
  }
  static Response Empty(int status) {
    Response response;
    response.status = status;
    return response;
  }
};

}  // namespace tenantry::http
