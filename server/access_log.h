#pragma once
// AccessLog: one JSON line per request on stderr, and one per slow operation, written by a thread of its own so that no loop
// ever waits for it.
//
// Shape    each loop fills a buffer of its own; the writer swaps them out. A full buffer drops lines and counts them; the
//          next line written says how many are missing.
// Units    buffers in bytes; latency in seconds with the suffix s, as log services parse it.
// Errors   a failed write is counted as dropped lines; logging never fails a request.
// Threads  Add on the record's loop; the rest from any thread.
// Owns     its buffers and its thread.
//
// Lines carry no query strings, bodies, names, addresses or tokens; what of a path may be told is log_url.h's decision.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "engine/work_trace.h"
#include "server/http/application.h"

namespace tenantry::server {

// The least severity that is written.
enum class LogLevel : uint8_t { kInfo, kWarning, kError, kOff };
// "info", "warning", "error", "off".
std::optional<LogLevel> ParseLogLevel(std::string_view name);

inline constexpr int64_t kSlowOperationMs = 100;  // crosscutting.md O4.

class AccessLog {
 public:
  // Writes to the descriptor `fd`, which stays the caller's.
  AccessLog(int fd, uint32_t loops, const Clock& clock);
  ~AccessLog();  // Writes what is left.

  // May be changed while the server runs.
  void SetLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void SetSlowMs(int64_t slow_ms) { slow_ms_.store(slow_ms, std::memory_order_relaxed); }
  int64_t slow_ns() const { return slow_ms_.load(std::memory_order_relaxed) * 1'000'000; }

  // Whether a reply with this status gets a line: spares the caller what goes into it.
  bool Wants(int status) const;
  // `url` and `tenant` may be shown; an empty tenant is left out.
  void Add(const http::AccessRecord& record, std::string_view url, std::string_view tenant);
  void AddSlow(const http::Request& request, const http::Route& route, std::string_view tenant,
               const SlowOperation& operation);
  // A line that is not about a reply, such as "listening on all interfaces without TLS".
  void Note(std::string_view severity, std::string_view message);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Buffer {
    Mutex mutex{"access_log"};
    std::string lines TNT_GUARDED_BY(mutex);
  };
  void Append(Buffer& buffer, std::string_view line);
  bool WantsSeverity(std::string_view severity) const;
  void Run();
  void WriteOut();

  const int fd_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Buffer>> buffers_;  // One per loop, and one for notes.
  std::atomic<uint64_t> dropped_{0};              // Relaxed: a count.
  std::atomic<LogLevel> level_{LogLevel::kInfo};  // Relaxed: a setting.
  std::atomic<int64_t> slow_ms_{kSlowOperationMs};
  uint64_t reported_ = 0;  // Writer only.

  Mutex stop_mutex_{"access_log_stop"};
  CondVar stop_changed_;
  bool stop_ TNT_GUARDED_BY(stop_mutex_) = false;
  Thread writer_;
};

}  // namespace tenantry::server
