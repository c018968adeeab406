#pragma once
// AccessLog: one JSON line per request on stderr, written by a thread of its own so that no loop ever waits for it.
//
// Shape    each loop fills a buffer of its own; the writer swaps them out. A full buffer drops lines and counts them; the
//          next line written says how many are missing.
// Units    buffers in bytes; latency in seconds with the suffix s, as log services parse it.
// Errors   a failed write is counted as dropped lines; logging never fails a request.
// Threads  Add on the record's loop; Note from any thread.
// Owns     its buffers and its thread.
//
// Lines carry no query strings, bodies, names, addresses or tokens.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "server/http/application.h"

namespace tenantry::server {

class AccessLog {
 public:
  // Writes to the descriptor `fd`, which stays the caller's.
  AccessLog(int fd, uint32_t loops, const Clock& clock);
  ~AccessLog();  // Writes what is left.

  void Add(const http::AccessRecord& record);
  // A line that is not about a reply, such as "listening on all interfaces without TLS".
  void Note(std::string_view severity, std::string_view message);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Buffer {
    Mutex mutex{"access_log"};
    std::string lines TNT_GUARDED_BY(mutex);
  };
  void Append(Buffer& buffer, std::string_view line);
  void Run();
  void WriteOut();

  const int fd_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Buffer>> buffers_;  // One per loop, and one for notes.
  std::atomic<uint64_t> dropped_{0};              // Relaxed: a count.
  uint64_t reported_ = 0;                         // Writer only.

  Mutex stop_mutex_{"access_log_stop"};
  CondVar stop_changed_;
  bool stop_ TNT_GUARDED_BY(stop_mutex_) = false;
  Thread writer_;
};

}  // namespace tenantry::server
