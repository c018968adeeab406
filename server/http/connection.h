#pragma once
// Connection: one accepted socket and the request it is busy with. A loop owns it and moves it
// through these states:
//
//   idle -> receiving -> handling -> (waiting) -> replying -> idle | closing -> lingering -> gone
//
//   waiting    one reply is outstanding: a worker runs the handler, or a tick decides, or the log
//   must catch up. The
//              request's bytes stay in `in` and no later request is started.
//   replying   `out` is not empty; short replies leave at the end of the same batch. Of a streamed
//   body a worker makes
//              the next piece whenever `out` is empty.
//   closing    `close_after_write`: the last reply is in `out`.
//   lingering  the write side is shut; what the client still sends is discarded, so that it reads
//   our last reply
//              instead of a reset.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/admission.h"
#include "server/http/buffers.h"
#include "server/http/framing.h"
#include "server/http/route.h"
#include "server/http/tls.h"

namespace tenantry::http {

// Names one use of a slot in the loop's table, so that late events never reach a successor of the
// same descriptor.
struct ConnectionKey {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint64_t Pack() const { return (uint64_t{generation} << 32) | slot; }
  static ConnectionKey Unpack(uint64_t packed) {
    return {static_cast<uint32_t>(packed), static_cast<uint32_t>(packed >> 32)};
  }
};

// A request id without an allocation.
class RequestId {
 public:
  void Set(std::string_view text) {
    length_ = static_cast<uint8_t>(text.copy(text_.data(), text_.size()));
  }
  std::string_view view() const { return {text_.data(), length_}; }

 private:
  std::array<char, 64> text_;
  uint8_t length_ = 0;
};

// A reply whose head is written up to the headers that depend on the moment of sending.
struct RenderedReply {
  std::string head;
  std::string body;
  std::shared_ptr<const std::string> shared_body;
  std::shared_ptr<BodySource> stream;
  std::string log_detail;
  int status = 0;
  uint64_t release_index = 0;
  int64_t hold_ms = 0;
  uint64_t tenant_space = 0;
  bool pulling = false;         // A worker makes the next piece of `stream`.
  uint64_t streamed_bytes = 0;  // Of the pieces so far.
};

// What a connection waits for; each has its own time limit.
enum class Wait : uint8_t {
  kNothing,
  kIdle,
  kHead,
  kBody,
  kReply,
  kPosition,
  kRelease,
  kHold,
  kPiece,
  kWrite,
  kLinger
};

enum class Pending : uint8_t { kNone, kWorker, kTick, kRelease, kHold, kStream };

struct Connection {
  explicit Connection(const FramingLimits& limits) : framer(limits) {}

  // The time limit that goes with what is pending.
  Wait WaitOfPending() const {
    if (pending == Pending::kHold) return Wait::kHold;
    if (pending == Pending::kStream) return Wait::kPiece;
    if (pending != Pending::kRelease) return Wait::kReply;
    return held ? Wait::kRelease : Wait::kPosition;
  }

  int fd = -1;
  ConnectionKey key;
  uint32_t interest = 0;  // The epoll events armed now.
  Pending pending = Pending::kNone;
  Wait wait = Wait::kNothing;
  bool read_closed = false;
  bool close_after_write = false;
  bool linger_on_close = false;
  bool write_blocked = false;  // The socket was full; EPOLLOUT is armed.
  bool dirty = false;          // In the loop's list of connections to flush.
  bool runnable = false;       // In the loop's list of connections with buffered input.
  bool served = false;         // Has had a reply.

  std::unique_ptr<TlsSession> tls;  // Null: plain text.
  InputBuffer in;
  OutputQueue out;
  RequestFramer framer;

  // Of the request being handled.
  const Route* route = nullptr;
  Admission admission;
  int64_t started_ns = 0;
  RequestId request_id;
  std::unique_ptr<RenderedReply> held;  // While pending is kTick, kRelease, kHold or kStream.
  uint64_t await_index = 0;  // Not handled yet: pending is kRelease, and nothing is held.

  std::string peer_ip;
  IpAddress peer;
};

}  // namespace tenantry::http
