#include "server/http/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/time_format.h"

namespace tenantry::http {
namespace {

constexpr int kEventsPerBatch = 512;
constexpr int kAcceptsPerBatch = 128;
constexpr int64_t kNsPerMs = 1'000'000;
// A client that connected before a drain gets this long to send its first request.
constexpr int64_t kDrainFirstRequestMs = 1'000;
// Generation 0 never names a connection: slot 0 is then the wake-up, slot n the listener n-1.
constexpr uint64_t kWakeKey = 0;

// Neither success nor failure: the entry is in the log here, and may yet be replaced by another leader's.
constexpr std::string_view kUnknownOutcome =
    "The outcome is unknown: the write did not become durable in time. Retry with the same "
    "Idempotency-Key, or read before writing again";

int64_t SweepNs(const TimeLimits& times) {
  const int64_t shortest = std::min({times.head_ms, times.body_ms, times.idle_ms, times.write_ms,
                                     times.request_ms, times.linger_ms});
  return std::clamp<int64_t>(shortest / 4, 5, 250) * kNsPerMs;
}

// One request must always fit, or the framer could neither finish nor refuse it.
size_t InputMax(const ServerOptions& options) {
  const FramingLimits& limits = options.framing;
  return std::max(options.pipeline_bytes, limits.head_bytes + limits.body_bytes +
                                              limits.trailer_bytes + limits.chunk_line_bytes + 64);
}

std::string PeerIp(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_addr, text,
                sizeof text);
  } else {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&peer)->sin_addr, text, sizeof text);
  }
  return text;
}

std::string FormatDateLine(int64_t unix_second) {
  static constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int64_t days = unix_second / 86'400;
  const int64_t second = unix_second % 86'400;
  const CivilDate date = CivilFromDays(days);
  return fmt::format("Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n", kDays[days % 7], date.day,
                     kMonths[date.month - 1], date.year, second / 3600, second / 60 % 60,
                     second % 60);
}

}  // namespace

Loop::Loop(uint32_t id, const LoopContext& context, std::vector<FileDescriptor> listeners)
    : id_(id),
      context_(context),
      options_(*context.options),
      application_(*context.application),
      input_max_(InputMax(*context.options)),
      sweep_ns_(SweepNs(context.options->times)),
      listeners_(std::move(listeners)) {
  SystemRandom random;
  next_request_id_ = random.Next64();
}

Loop::~Loop() {
  for (auto& connection : slots_) {
    if (connection) Close(*connection);
  }
}

Status Loop::Open() {
  epoll_fd_ = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  wake_fd_ = FileDescriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (epoll_fd_.get() < 0 || wake_fd_.get() < 0) return IoError("cannot create an event loop");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeKey;
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event) != 0) {
    return IoError("cannot watch the wake-up descriptor");
  }
  SetListening(true);
  return Status::Ok();
}

void Loop::SetListening(bool listening) {
  if (listening == listening_) return;
  listening_ = listening;
  for (size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i + 1;
    (void)::epoll_ctl(epoll_fd_.get(), listening ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                      listeners_[i].get(), &event);
  }
}

void Loop::Run() {
  UpdateClock();
  while (true) {
    RunBatch(TimeoutMs());
    const int64_t deadline = drain_deadline_ns_.load(std::memory_order_acquire);
    if (deadline == 0) continue;
    if (!draining_) StartDrain();
    if (open_ == 0 || now_ns_ >= deadline) break;
  }
  for (auto& connection : slots_) {
    if (connection) Close(*connection);
  }
  closed_.clear();
}

void Loop::RunBatch(int timeout_ms) {
  std::array<epoll_event, kEventsPerBatch> events;
  const int count = ::epoll_wait(epoll_fd_.get(), events.data(), kEventsPerBatch, timeout_ms);
  UpdateClock();
  application_.BeginBatch();
  for (int i = 0; i < count; ++i) HandleEvents(events[i].data.u64, events[i].events);
  if (woken_) TakeCompletions();
  woken_ = false;
  RunRunnable();
  if (TickIsDue()) EndTick();
  application_.EndBatch();
  ReleaseParked();
  FlushDirty();
  if (now_ns_ >= next_sweep_ns_) Sweep();
  closed_.clear();
}

int Loop::TimeoutMs() const {
  if (!runnable_.empty() || !dirty_.empty()) return 0;
  if (open_ == 0 && !draining_ && listening_) return -1;
  int64_t until = next_sweep_ns_;
  if (draining_) until = std::min(until, drain_deadline_ns_.load(std::memory_order_relaxed));
  return static_cast<int>(std::max<int64_t>(0, until - now_ns_) / kNsPerMs + 1);
}

void Loop::UpdateClock() {
  now_ns_ = context_.clock->NowBootNs();
  const int64_t second = context_.clock->NowUnixMs() / 1000;
  if (second == date_second_) return;
  date_second_ = second;
  date_line_ = FormatDateLine(second);
}

// One write to the descriptor however many threads call. The exchanges pair up: what was published
// before a skipped write is seen by the loop, which exchanges before it looks.
void Loop::Wake() {
  if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_fd_.get(), &one, sizeof one);
}

void Loop::HandleWake() {
  uint64_t count;
  [[maybe_unused]] const ssize_t n = ::read(wake_fd_.get(), &count, sizeof count);
  wake_pending_.exchange(false, std::memory_order_acq_rel);
  woken_ = true;
}

// The application stored the new index before this; ReleaseParked() stores parked_min_ before it
// reads the index. With a full fence between store and load on both sides, at least one of the two
// sees the other.
void Loop::NotifyReleased() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (parked_min_.load(std::memory_order_relaxed) <= application_.ReleasedIndex()) Wake();
}

void Loop::BeginDrain(int64_t deadline_boot_ns) {
  drain_deadline_ns_.store(deadline_boot_ns, std::memory_order_release);
  Wake();
}

void Loop::HandleEvents(uint64_t key, uint32_t events) {
  if (key == kWakeKey) return HandleWake();
  const ConnectionKey name = ConnectionKey::Unpack(key);
  if (name.generation == 0) {
    if (listening_) Accept(name.slot - 1, false);
    return;
  }
  Connection* c = Find(name);
  if (!c) return;
  // We never shut our write side before lingering, so a hang-up is a reset, or the end of
  // lingering.
  if (events & (EPOLLERR | EPOLLHUP)) return Close(*c);
  if (events & EPOLLOUT) {
    c->write_blocked = false;
    MarkDirty(*c);
  }
  // TLS may have to read before it can write, and the other way round.
  const bool reads = (events & EPOLLIN) != 0 || (c->tls && c->tls->read_wants_write());
  if (c->tls && !c->out.empty()) {
    c->write_blocked = false;
    MarkDirty(*c);
  }
  if (reads) HandleReadable(*c);
}

void Loop::Accept(size_t listener, bool until_empty) {
  for (int i = 0; until_empty || i < kAcceptsPerBatch; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int fd = ::accept4(listeners_[listener].get(), reinterpret_cast<sockaddr*>(&peer),
                             &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      // Out of descriptors or memory: the event stays ready, so look away until the next sweep.
      if (errno != EAGAIN && errno != EWOULDBLOCK) SetListening(false);
      return;
    }
    LiveLimits& limits = *context_.limits;
    const size_t others = limits.connections.fetch_add(1, std::memory_order_relaxed);
    if (others >= limits.connections_max.load(std::memory_order_relaxed)) {
      limits.connections.fetch_sub(1, std::memory_order_relaxed);
      RefuseConnection(fd);
      continue;
    }
    AddConnection(fd, peer);
  }
}

void Loop::AddConnection(int fd, const sockaddr_storage& peer) {
  const int on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
    generations_.push_back(1);
    deadlines_.push_back(0);
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  auto connection = std::make_unique<Connection>(options_.framing);
  connection->fd = fd;
  connection->key = {slot, generations_[slot]};
  connection->interest = EPOLLIN;
  connection->peer_ip = PeerIp(peer);
  connection->peer = IpAddressOf(peer);
  if (context_.tls) connection->tls = context_.tls->Accept(fd);
  Connection& c = *connection;
  slots_[slot] = std::move(connection);
  ++open_;
  // A handshake has the time of a stuck writer, not of an idle client.
  Arm(c, c.tls ? Wait::kWrite : Wait::kIdle);
  if (context_.tls && !c.tls) return Close(c);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = c.key.Pack();
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) Close(c);
}

// One attempt to say why. What the client sent is read first, so that closing does not reset the
// connection.
void Loop::RefuseConnection(int fd) {
  if (context_.tls) {  // A handshake would cost what is being saved.
    ::close(fd);
    return;
  }
  Response response =
      application_.ProtocolError(503, "Too many connections, please try again later", nullptr, "");
  application_.Decorate(nullptr, nullptr, &response);
  std::string text;
  adapter_.Render(response, &text);
  text += date_line_;
  text += fmt::format("Content-Length: {}\r\nX-Request-Id: {}\r\nConnection: close\r\n\r\n{}",
                      response.body.size(), NewRequestId(), response.body);
  AccessRecord record;
  record.status = response.status;
  record.body_bytes = response.body.size();
  record.loop = id_;
  application_.OnReply(record);
  std::array<char, 4096> ignored;
  (void)!::recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT);
  (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  (void)::shutdown(fd, SHUT_WR);
  ::close(fd);
}

void Loop::HandleReadable(Connection& c) {
  if (c.wait == Wait::kLinger) return DiscardInput(c);
  if (c.close_after_write || c.in.size() >= input_max_) return UpdateInterest(c);
  if (c.tls) return HandleReadableTls(c);
  c.in.Reserve(std::min(c.framer.expected_bytes(), input_max_), &pool_);
  const ssize_t n = ::recv(c.fd, c.in.tail(), c.in.room(), MSG_DONTWAIT);
  if (n < 0) {
    c.in.ReleaseIfEmpty(&pool_);
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) Close(c);
    return;
  }
  if (n == 0) c.read_closed = true;
  c.in.Commit(static_cast<size_t>(n));
  if (c.pending == Pending::kNone) return Process(c);
  UpdateInterest(c);
}

// Takes all that was decrypted, since the socket announces only what it still holds itself.
void Loop::HandleReadableTls(Connection& c) {
  bool closed = false;
  size_t received = 0;
  while (!closed && c.in.size() < input_max_) {
    c.in.Reserve(std::min(c.framer.expected_bytes(), input_max_), &pool_);
    const ssize_t n = c.tls->Read(c.in.tail(), c.in.room());
    if (n < 0 && errno != EAGAIN) return Close(c);
    if (n < 0) break;
    closed = n == 0;
    received += static_cast<size_t>(n);
    c.in.Commit(static_cast<size_t>(n));
  }
  if (c.tls->read_wants_write()) c.write_blocked = true;
  if (closed) c.read_closed = true;
  if (c.pending != Pending::kNone) return UpdateInterest(c);
  if (received > 0 || closed || !c.in.empty()) return Process(c);
  c.in.ReleaseIfEmpty(&pool_);
  if (c.tls->ready() && c.in.empty()) return Settle(c);
  UpdateInterest(c);
}

void Loop::DiscardInput(Connection& c) {
  std::array<char, 64 * 1024> ignored;
  const ssize_t n = ::recv(c.fd, ignored.data(), ignored.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) Close(c);
}

void Loop::FlushOne(Connection& c) {
  c.dirty = false;
  if (c.write_blocked) return;
  const OutputQueue::Flushed flushed = c.out.Flush(c.fd, c.tls.get(), &pool_);
  if (flushed == OutputQueue::Flushed::kBroken) return Close(c);
  c.write_blocked = flushed != OutputQueue::Flushed::kAll;
  if (c.write_blocked) {
    if (flushed == OutputQueue::Flushed::kSome || c.wait != Wait::kWrite) {
      c.wait = Wait::kNothing;
      Arm(c, Wait::kWrite);
    }
    return UpdateInterest(c);
  }
  if (c.wait == Wait::kWrite) c.wait = Wait::kNothing;
  if (c.pending == Pending::kStream && !c.held->pulling) PullPiece(c);
  if (c.fd < 0) return;
  if (c.pending != Pending::kNone) Arm(c, c.WaitOfPending());
  if (c.pending == Pending::kNone && !c.in.empty() && c.wait == Wait::kNothing) MarkRunnable(c);
  Settle(c);
}

void Loop::FlushDirty() {
  scratch_keys_.swap(dirty_);
  for (const ConnectionKey key : scratch_keys_) {
    if (Connection* c = Find(key)) FlushOne(*c);
  }
  scratch_keys_.clear();
}

void Loop::UpdateInterest(Connection& c) {
  if (c.fd < 0) return;
  const bool lingering = c.wait == Wait::kLinger;
  const bool reads =
      !c.read_closed && (lingering || (!c.close_after_write && c.in.size() < input_max_));
  const uint32_t interest = (reads ? EPOLLIN : 0u) | (c.write_blocked ? EPOLLOUT : 0u);
  if (interest == c.interest) return;
  c.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = c.key.Pack();
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_MOD, c.fd, &event) != 0) Close(c);
}

// What follows when the loop is done with a connection for now.
void Loop::Settle(Connection& c) {
  if (c.fd < 0 || c.wait == Wait::kLinger) return;
  if (c.pending == Pending::kStream) return UpdateInterest(c);
  if (c.pending == Pending::kNone && !c.close_after_write && c.in.empty()) {
    c.in.ReleaseIfEmpty(&pool_);
    if (c.read_closed || (draining_ && c.served)) {
      c.close_after_write = true;
    } else if (c.out.empty()) {
      Arm(c, Wait::kIdle);
    }
    if (c.tls && c.tls->HasPending()) MarkRunnable(c);
  }
  if (c.close_after_write && c.out.empty()) return FinishClose(c);
  UpdateInterest(c);
}

void Loop::FinishClose(Connection& c) {
  if (!c.linger_on_close || c.read_closed) return Close(c);
  c.in.Discard(&pool_);
  if (c.tls) c.tls->SayGoodbye();
  (void)::shutdown(c.fd, SHUT_WR);
  Arm(c, Wait::kLinger);
  UpdateInterest(c);
}

void Loop::Close(Connection& c) {
  if (c.fd < 0) return;
  if (c.tls) c.tls->SayGoodbye();
  ::close(c.fd);
  c.fd = -1;
  c.in.Discard(&pool_);
  c.out.Discard(&pool_);
  const uint32_t slot = c.key.slot;
  if (++generations_[slot] == 0) generations_[slot] = 1;
  free_slots_.push_back(slot);
  closed_.push_back(std::move(slots_[slot]));
  --open_;
  SetPending(c, Pending::kNone);
  context_.limits->connections.fetch_sub(1, std::memory_order_relaxed);
}

void Loop::Arm(Connection& c, Wait wait) {
  if (c.fd < 0 || (c.wait == wait && wait != Wait::kIdle)) return;
  c.wait = wait;
  const TimeLimits& times = options_.times;
  int64_t from = now_ns_;
  int64_t limit = times.idle_ms;
  switch (wait) {
    case Wait::kNothing:
      break;
    case Wait::kIdle:
      if (draining_) limit = std::min(limit, kDrainFirstRequestMs);
      break;
    case Wait::kHead:
      limit = times.head_ms;
      break;
    case Wait::kBody:
      limit = times.body_ms;
      break;
    case Wait::kReply:
      from = c.started_ns;
      limit = times.request_ms;
      break;
    case Wait::kPosition:
      from = c.started_ns;
      limit = std::min(times.position_ms, times.request_ms);
      break;
    case Wait::kRelease:
      from = c.started_ns;
      limit = std::min(times.release_ms, times.request_ms);
      break;
    case Wait::kHold:
      limit = c.held->hold_ms;
      break;
    case Wait::kPiece:
      limit = times.request_ms;
      break;
    case Wait::kWrite:
      limit = times.write_ms;
      break;
    case Wait::kLinger:
      limit = times.linger_ms;
      break;
  }
  deadlines_[c.key.slot] = from + limit * kNsPerMs;
}

void Loop::Sweep() {
  next_sweep_ns_ = now_ns_ + sweep_ns_;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (deadlines_[i] <= now_ns_ && slots_[i]) HandleDeadline(*slots_[i]);
  }
  if (!draining_) SetListening(true);
}

void Loop::HandleDeadline(Connection& c) {
  switch (c.wait) {
    case Wait::kHead:
    case Wait::kBody:
      return Fail(c, 408, "The request took too long to arrive", false);
    case Wait::kReply:
      return Fail(c, 503, "The request took too long", true);
    case Wait::kPosition:
      return Resume(c);
    case Wait::kHold:
      return EndHold(c);
    case Wait::kRelease:
      return Fail(c, 503, kUnknownOutcome, true);
    case Wait::kIdle:
    case Wait::kPiece:
    case Wait::kWrite:
    case Wait::kLinger:
      return Close(c);
    case Wait::kNothing:
      return;  // It is dirty or runnable, so its next batch arms it; the deadline is an old one.
  }
}

void Loop::StartDrain() {
  SetListening(true);
  for (size_t i = 0; i < listeners_.size(); ++i) Accept(i, true);
  SetListening(false);
  listeners_.clear();
  draining_ = true;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i]) continue;
    Connection& c = *slots_[i];
    // A last look: a request may have arrived that no batch has seen.
    if (c.wait == Wait::kIdle) HandleReadable(c);
    if (c.wait == Wait::kIdle) Settle(c);
  }
  next_sweep_ns_ = now_ns_;
}

Connection* Loop::Find(ConnectionKey key) {
  if (key.slot >= slots_.size() || generations_[key.slot] != key.generation) return nullptr;
  return slots_[key.slot].get();
}

void Loop::MarkDirty(Connection& c) {
  if (c.dirty) return;
  c.dirty = true;
  dirty_.push_back(c.key);
}

void Loop::MarkRunnable(Connection& c) {
  if (c.runnable) return;
  c.runnable = true;
  runnable_.push_back(c.key);
}

}  // namespace tenantry::http
