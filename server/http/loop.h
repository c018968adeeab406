#pragma once
// Loop: one thread, one epoll set, its own listeners and connections. States of a connection:
// connection.h.
//
// Shape    each batch: read what is ready and run inline handlers; take in finished worker replies;
// end the tick; let
//          released replies go; write. So one log group and one write per connection serve a whole
//          batch.
// Threads  Run() is the thread; NotifyReleased(), Complete() and BeginDrain() from any other.
// Owns     listeners, connections, its httplib adapter. Borrows everything in LoopContext.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/random.h"
#include "server/http/application.h"
#include "server/http/connection.h"
#include "server/http/httplib_adapter.h"
#include "server/http/listeners.h"
#include "server/http/live_limits.h"
#include "server/http/options.h"
#include "server/http/tls.h"
#include "server/http/workers.h"

namespace tenantry::http {

// What the loops of one server share.
struct LoopContext {
  const ServerOptions* options = nullptr;
  const Router* router = nullptr;
  Application* application = nullptr;
  const Clock* clock = nullptr;
  WorkerLane* blocking = nullptr;
  WorkerLane* hashing = nullptr;
  LiveLimits* limits = nullptr;
  TlsContext* tls = nullptr;  // Null: plain text.
};

class Loop final {
 public:
  // A tick with so many requests ends although the log is busy.
  static constexpr size_t kTickRequests = 64;

  Loop(uint32_t id, const LoopContext& context, std::vector<FileDescriptor> listeners);
  ~Loop();

  // Creates the epoll set; before Run().
  Status Open();
  void Run();

  // ReleasedIndex() rose. Wakes the loop only when one of its replies may leave.
  void NotifyReleased();
  // Accepts what is queued, then stops accepting; Run() returns when the last connection is done or
  // at the deadline.
  void BeginDrain(int64_t deadline_boot_ns);
  // A worker finished; the connection may be gone.
  void Complete(ConnectionKey key, Response response);
  void CompletePiece(ConnectionKey key, Status made, std::string piece);

 private:
  struct Parked {
    uint64_t release_index;
    ConnectionKey key;
  };
  struct Piece {
    ConnectionKey key;
    Status made;
    std::string bytes;
  };
  struct Ticket {
    uint64_t ticket;
    ConnectionKey key;
  };

  // --- loop.cc: sockets and time ---
  void RunBatch(int timeout_ms);
  int TimeoutMs() const;
  void UpdateClock();
  void Wake();
  void HandleWake();
  void Accept(size_t listener, bool until_empty);
  void AddConnection(int fd, const sockaddr_storage& peer);
  void RefuseConnection(int fd);
  void SetListening(bool listening);
  void HandleEvents(uint64_t key, uint32_t events);
  void HandleReadable(Connection& c);
  void HandleReadableTls(Connection& c);
  void DiscardInput(Connection& c);
  void FlushOne(Connection& c);
  void FlushDirty();
  void UpdateInterest(Connection& c);
  void Settle(Connection& c);
  void FinishClose(Connection& c);
  void Close(Connection& c);
  void Arm(Connection& c, Wait wait);
  void Sweep();
  void HandleDeadline(Connection& c);
  void StartDrain();
  Connection* Find(ConnectionKey key);
  void MarkDirty(Connection& c);
  void MarkRunnable(Connection& c);

  // --- loop_requests.cc: requests and replies ---
  void Process(Connection& c);
  void RunRunnable();
  void StartRequest(Connection& c);
  void PrepareRequest(Connection& c);
  bool Dispatch(Connection& c);
  bool Offload(Connection& c, WorkerLane* lane);
  void TakeCompletions();
  void Answer(Connection& c, Response response);
  void Deliver(Connection& c);
  void Hold(Connection& c, Pending pending);
  void SetPending(Connection& c, Pending pending);
  bool HasRoom() const;
  void Park(Connection& c, uint64_t index);
  void SendHeld(Connection& c);
  void EndHold(Connection& c);
  void Await(Connection& c);
  void Resume(Connection& c);
  void Send(Connection& c, std::string_view head, RenderedReply* reply);
  void Record(const Connection& c, const RenderedReply& reply, uint64_t body_bytes);
  void FinishRequest(Connection& c);
  void PullPiece(Connection& c);
  void SendPiece(Connection& c, const Status& made, std::string bytes);
  // Answers an error that no handler made, and closes.
  void Fail(Connection& c, int status, std::string_view reason, bool framed);
  // While the log is busy a small tick stays open for more requests, at most until the next release.
  bool TickIsDue() const {
    return tickets_.size() >= kTickRequests || application_.LogIsIdle() ||
           application_.ReleasedIndex() > tick_released_;
  }
  void EndTick();
  void ReleaseParked();
  std::string_view NewRequestId();

  // Constant after construction.
  const uint32_t id_;
  const LoopContext context_;
  const ServerOptions& options_;
  Application& application_;
  const size_t input_max_;
  const int64_t sweep_ns_;

  // Any thread.
  FileDescriptor wake_fd_;
  std::atomic<bool> wake_pending_{false};           // acq_rel on both sides: see Wake().
  std::atomic<uint64_t> parked_min_{~uint64_t{0}};  // Paired with fences: see NotifyReleased().
  std::atomic<int64_t> drain_deadline_ns_{0};       // 0: not draining. Published by the wake.
  Mutex mailbox_mutex_{"http_loop_mailbox"};
  std::vector<std::pair<ConnectionKey, Response>> mailbox_ TNT_GUARDED_BY(mailbox_mutex_);
  std::vector<Piece> piece_mailbox_ TNT_GUARDED_BY(mailbox_mutex_);

  // Loop thread only.
  FileDescriptor epoll_fd_;
  std::vector<FileDescriptor> listeners_;
  bool listening_ = false;
  bool draining_ = false;
  bool woken_ = false;
  int64_t now_ns_ = 0;
  int64_t next_sweep_ns_ = 0;
  int64_t date_second_ = -1;
  std::string date_line_;
  uint64_t next_request_id_;
  char request_id_text_[16];

  BufferPool pool_;
  HttplibAdapter adapter_;
  std::vector<std::unique_ptr<Connection>> slots_;
  std::vector<uint32_t> generations_;  // By slot; of the connection there or of the next one.
  std::vector<int64_t> deadlines_;     // By slot; boot clock.
  std::vector<uint32_t> free_slots_;
  std::vector<std::unique_ptr<Connection>> closed_;  // Freed when the batch ends.
  size_t open_ = 0;
  std::vector<ConnectionKey> dirty_;
  std::vector<ConnectionKey> runnable_;
  std::vector<ConnectionKey> scratch_keys_;
  std::vector<Ticket> tickets_;
  uint64_t tick_released_ = 0;  // ReleasedIndex() when the open tick began.
  std::vector<TickVerdict> verdicts_;
  std::vector<Parked> parked_;  // A heap, lowest index first.
  std::vector<std::pair<ConnectionKey, Response>> completions_;
  std::vector<Piece> pieces_;

  // Of the request being handled, kept to reuse its memory.
  Request request_;
  Response response_;
  std::string head_;
};

}  // namespace tenantry::http
