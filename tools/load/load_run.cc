#include "tools/load/load_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <queue>
#include <utility>

#include <errno.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/load/response_reader.h"

namespace tenantry::load {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kReconnectNs = kSecondNs / 10;
// Users of a staged run start and stop on this grid.
constexpr int64_t kTickNs = kSecondNs / 100;
constexpr int64_t kConnectLimitNs = 10 * kSecondNs;

int64_t ToNs(double seconds) {
  return static_cast<int64_t>(seconds * kSecondNs);
}

struct Connection {
  enum class State : uint8_t { kClosed, kConnecting, kWaiting, kSending, kReceiving };
  State state = State::kClosed;
  int fd = -1;
  std::unique_ptr<http::TlsSession> tls;  // Of an encrypted one.
  bool wants_write = false;
  bool active = false;  // Staged runs: is a user now.
  bool was_open = false;
  int64_t due_ns = 0;   // Of the next request, or of the one on the way.
  int64_t wake_ns = 0;  // When to look at this connection again.
  int64_t sent_ns = 0;  // First byte of the one on the way.
  bool head_request = false;
  std::string out;
  size_t sent = 0;
  ResponseReader reader;
};

ssize_t SendSome(Connection& connection, const char* data, size_t size) {
  return connection.tls ? connection.tls->Write(data, size)
                        : ::send(connection.fd, data, size, MSG_NOSIGNAL);
}

ssize_t ReceiveSome(Connection& connection, char* out, size_t size) {
  return connection.tls ? connection.tls->Read(out, size) : ::recv(connection.fd, out, size, 0);
}

class LoadRun {
 public:
  LoadRun(const LoadPlan& plan, const Clock& clock)
      : plan_(plan), clock_(clock), connections_(UsersMax()) {
    result_.connections.resize(connections_.size());
    if (plan.mix.empty()) requests_.emplace_back(plan.endpoint, plan.request);
    for (const TargetedRequest& request : plan.mix) {
      Endpoint endpoint = plan.endpoint;
      endpoint.target = request.target;
      requests_.emplace_back(endpoint, request.parts);
    }
  }
  ~LoadRun() {
    for (const Connection& connection : connections_) {
      if (connection.fd >= 0) ::close(connection.fd);
    }
    if (epoll_ >= 0) ::close(epoll_);
  }
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  Result<LoadResult> Run();

 private:
  using Index = uint32_t;
  using Due = std::pair<int64_t, Index>;

  bool staged() const { return !plan_.stages.empty(); }
  bool open_loop() const { return plan_.rate > 0 && !staged() && !plan_.simultaneous; }
  bool MayStart(const Connection& connection) const;
  // Open loop: between two requests of one connection.
  int64_t IntervalNs() const { return ToNs(static_cast<double>(connections_.size()) / plan_.rate); }
  size_t UsersMax() const;
  double TotalSeconds() const;
  uint32_t UsersAt(int64_t elapsed_ns) const;

  Status OpenAll();
  Status FireTogether();
  void Measure();
  void AwaitLast();
  bool Owes() const;
  void ReportProgress(int64_t now);
  void AdjustUsers(int64_t now);
  void StartDue(int64_t now);
  void Poll(int64_t wait_ns);
  void ExpireSlow(int64_t now);

  void Open(Index index);
  void Close(Index index);
  void Fail(Index index, uint64_t* counter);
  void Watch(Index index, bool write);
  void OnConnected(Index index);
  bool Encrypt(Index index);
  void Send(Index index);
  const std::string& Render(Index index);
  void Push(Index index);
  void Read(Index index);
  void Complete(Index index);
  void Schedule(Index index, int64_t due_ns);
  void WakeAt(Index index, int64_t wake_ns);
  void ScheduleNext(Index index, int64_t now);

  const LoadPlan& plan_;
  const Clock& clock_;
  std::vector<RequestTemplate> requests_;
  std::vector<Connection> connections_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  int epoll_ = -1;
  bool measuring_ = false;  // Requests are started and counted.
  int64_t begin_ns_ = 0;
  int64_t end_ns_ = 0;
  int64_t next_expiry_ns_ = 0;
  int64_t next_progress_ns_ = 0;
  int64_t last_reply_ns_ = 0;
  uint32_t users_ = 0;
  uint64_t next_number_ = 0;
  size_t in_flight_ = 0;
  LoadResult result_;
  std::string trouble_;  // Why a connection could not be encrypted, for the message.
  std::array<char, 64 * 1024> buffer_;
};

size_t LoadRun::UsersMax() const {
  uint32_t users = staged() ? 1 : plan_.connections;
  for (const Stage& stage : plan_.stages) users = std::max(users, stage.users);
  return users;
}

double LoadRun::TotalSeconds() const {
  if (!staged()) return plan_.seconds;
  double sum = 0;
  for (const Stage& stage : plan_.stages) sum += stage.seconds;
  return sum;
}

uint32_t LoadRun::UsersAt(int64_t elapsed_ns) const {
  double at = static_cast<double>(elapsed_ns) / kSecondNs;
  double from = 1;
  for (const Stage& stage : plan_.stages) {
    if (at < stage.seconds) {
      return static_cast<uint32_t>(std::lround(from + (stage.users - from) * at / stage.seconds));
    }
    at -= stage.seconds;
    from = stage.users;
  }
  return 0;
}

Result<LoadResult> LoadRun::Run() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return IoError("epoll_create1");
  if (plan_.simultaneous || !staged()) TNT_RETURN_IF_ERROR(OpenAll());
  if (plan_.simultaneous) {
    TNT_RETURN_IF_ERROR(FireTogether());
  } else {
    Measure();
  }
  AwaitLast();
  return std::move(result_);
}

// A run starts with every connection made, so that its first second is like the others.
Status LoadRun::OpenAll() {
  for (Index i = 0; i < connections_.size(); ++i) Open(i);
  const int64_t limit = clock_.NowBootNs() + kConnectLimitNs;
  const auto ready = [](const Connection& c) { return c.state == Connection::State::kWaiting; };
  while (!std::all_of(connections_.begin(), connections_.end(), ready)) {
    const int64_t now = clock_.NowBootNs();
    if (now > limit || result_.connect_errors > 10 * connections_.size()) {
      return Unavailable(fmt::format("{}: {} of {} connections made, {} attempts failed{}",
                                     plan_.endpoint.authority,
                                     std::count_if(connections_.begin(), connections_.end(), ready),
                                     connections_.size(), result_.connect_errors, trouble_));
    }
    StartDue(now);
    Poll(kTickNs);
  }
  return Status::Ok();
}

Status LoadRun::FireTogether() {
  measuring_ = true;
  for (Index i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[i];
    connection.out = Render(i);
    for (const size_t most = connection.out.size() - 1; connection.sent < most;) {
      const ssize_t wrote =
          SendSome(connection, connection.out.data() + connection.sent, most - connection.sent);
      if (wrote <= 0) return IoError("a request does not fit a fresh socket's buffer");
      connection.sent += static_cast<size_t>(wrote);
    }
    connection.reader.Reset(connection.head_request);
  }
  begin_ns_ = clock_.NowBootNs();
  end_ns_ = begin_ns_ + ToNs(plan_.reply_timeout_seconds);
  for (Index i = 0; i < connections_.size(); ++i) {
    connections_[i].due_ns = connections_[i].sent_ns = clock_.NowBootNs();
    connections_[i].state = Connection::State::kSending;
    ++in_flight_;
    Push(i);
  }
  while (in_flight_ > 0 && clock_.NowBootNs() < end_ns_) Poll(kTickNs);
  result_.seconds = static_cast<double>(clock_.NowBootNs() - begin_ns_) / kSecondNs;
  measuring_ = false;
  return Status::Ok();
}

void LoadRun::Measure() {
  begin_ns_ = clock_.NowBootNs();
  end_ns_ = begin_ns_ + ToNs(TotalSeconds());
  measuring_ = true;
  for (Index i = 0; !staged() && i < connections_.size(); ++i) {
    Schedule(i, begin_ns_ + ToNs(plan_.rate > 0 ? i / plan_.rate : 0));
  }
  for (int64_t now = begin_ns_; now < end_ns_; now = clock_.NowBootNs()) {
    if (plan_.requests_max > 0 && next_number_ >= plan_.requests_max && in_flight_ == 0) break;
    if (staged()) AdjustUsers(now);
    StartDue(now);
    ExpireSlow(now);
    ReportProgress(now);
    int64_t wait = std::min(end_ns_ - now, staged() ? kTickNs : kSecondNs / 10);
    if (!due_.empty()) wait = std::min(wait, due_.top().first - now);
    Poll(std::max<int64_t>(wait, 0));
  }
  measuring_ = false;
  result_.seconds = static_cast<double>(clock_.NowBootNs() - begin_ns_) / kSecondNs;
}

// Open loop: whether requests that came due before the end are still to be sent.
bool LoadRun::Owes() const {
  return open_loop() && std::any_of(connections_.begin(), connections_.end(),
                                    [this](const Connection& c) { return c.due_ns < end_ns_; });
}

// Closed loop: replies that are still out count as errors when they are wrong or missing, not as throughput. Open loop:
// leaving out what is late would make a slow server look fast.
void LoadRun::AwaitLast() {
  const int64_t limit = clock_.NowBootNs() + ToNs(plan_.reply_timeout_seconds);
  int64_t now = clock_.NowBootNs();
  while ((in_flight_ > 0 || Owes()) && now < limit) {
    if (open_loop()) StartDue(now);
    Poll(kTickNs / 10);
    now = clock_.NowBootNs();
  }
  result_.timeouts += in_flight_;
  if (!open_loop()) return;
  result_.seconds =
      std::max(result_.seconds, static_cast<double>(last_reply_ns_ - begin_ns_) / kSecondNs);
  for (Connection& connection : connections_) {
    const bool sent = connection.state == Connection::State::kSending ||
                      connection.state == Connection::State::kReceiving;
    for (bool unsent = !sent; connection.due_ns < end_ns_; connection.due_ns += IntervalNs()) {
      result_.latency.Add(now - connection.due_ns);
      if (unsent) ++result_.timeouts;
      unsent = true;
    }
  }
}

void LoadRun::ReportProgress(int64_t now) {
  if (!plan_.on_progress || now < next_progress_ns_) return;
  next_progress_ns_ = now + kSecondNs / 4;
  result_.seconds = static_cast<double>(now - begin_ns_) / kSecondNs;
  plan_.on_progress(result_);
}

void LoadRun::AdjustUsers(int64_t now) {
  users_ = UsersAt(now - begin_ns_);
  for (Index i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[i];
    const bool wanted = i < users_;
    const bool resting = connection.state == Connection::State::kWaiting ||
                         connection.state == Connection::State::kClosed;
    if (wanted && !connection.active) {
      connection.active = true;
      Schedule(i, now);
    } else if (!wanted && connection.active && resting) {
      connection.active = false;
      Close(i);
    }
  }
}

void LoadRun::StartDue(int64_t now) {
  while (!due_.empty() && due_.top().first <= now) {
    const auto [wake_ns, index] = due_.top();
    due_.pop();
    Connection& connection = connections_[index];
    if (wake_ns != connection.wake_ns) continue;  // Was scheduled anew since.
    if (connection.state == Connection::State::kClosed) {
      if (!staged() || connection.active) Open(index);
    } else if (connection.state == Connection::State::kWaiting && MayStart(connection)) {
      if (connection.due_ns > now) {
        WakeAt(index, connection.due_ns);
      } else {
        Send(index);
      }
    }
  }
}

bool LoadRun::MayStart(const Connection& connection) const {
  if (plan_.requests_max > 0 && next_number_ >= plan_.requests_max) return false;
  return measuring_ || (open_loop() && begin_ns_ > 0 && connection.due_ns < end_ns_);
}

void LoadRun::Poll(int64_t wait_ns) {
  std::array<epoll_event, 256> events;
  // Whole milliseconds, as epoll_wait takes them, would start every timed request late.
  const timespec wait{.tv_sec = wait_ns / kSecondNs, .tv_nsec = wait_ns % kSecondNs};
  const int count =
      epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const Index index = events[static_cast<size_t>(i)].data.u32;
    Connection& connection = connections_[index];
    if (connection.state == Connection::State::kConnecting) {
      OnConnected(index);
      continue;
    }
    const uint32_t flags = events[static_cast<size_t>(i)].events;
    if ((flags & EPOLLOUT) != 0 && connection.state == Connection::State::kSending) Push(index);
    if (connection.fd >= 0 && (flags & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read(index);
  }
}

void LoadRun::ExpireSlow(int64_t now) {
  if (now < next_expiry_ns_) return;
  next_expiry_ns_ = now + kSecondNs / 4;
  const int64_t limit = ToNs(plan_.reply_timeout_seconds);
  for (Index i = 0; i < connections_.size(); ++i) {
    const Connection::State state = connections_[i].state;
    const bool busy =
        state == Connection::State::kSending || state == Connection::State::kReceiving;
    if (!busy || now - connections_[i].sent_ns <= limit) continue;
    result_.latency.Add(now - connections_[i].due_ns);
    Fail(i, &result_.timeouts);
  }
}

void LoadRun::Open(Index index) {
  Connection& connection = connections_[index];
  const int family = plan_.endpoint.address.ss_family;
  connection.fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection.fd < 0) return Fail(index, &result_.connect_errors);
  const int on = 1;
  ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u32 = index}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  connection.wants_write = true;
  connection.state = Connection::State::kConnecting;
  const auto* address = reinterpret_cast<const sockaddr*>(&plan_.endpoint.address);
  if (::connect(connection.fd, address, plan_.endpoint.address_bytes) < 0 && errno != EINPROGRESS) {
    Fail(index, &result_.connect_errors);
  }
}

void LoadRun::Close(Index index) {
  Connection& connection = connections_[index];
  if (connection.state == Connection::State::kSending ||
      connection.state == Connection::State::kReceiving) {
    --in_flight_;
  }
  if (connection.tls) connection.tls->SayGoodbye();
  connection.tls.reset();
  if (connection.fd >= 0) ::close(connection.fd);
  connection.fd = -1;
  connection.state = Connection::State::kClosed;
}

void LoadRun::Fail(Index index, uint64_t* counter) {
  ++*counter;
  Connection& connection = connections_[index];
  const bool had_request = connection.state == Connection::State::kSending ||
                           connection.state == Connection::State::kReceiving;
  Close(index);
  const int64_t retry_ns = clock_.NowBootNs() + kReconnectNs;
  if (!open_loop()) return Schedule(index, retry_ns);
  // The timetable stands: only the request that failed is over.
  if (had_request) connection.due_ns += IntervalNs();
  WakeAt(index, retry_ns);
}

void LoadRun::Watch(Index index, bool write) {
  Connection& connection = connections_[index];
  if (connection.wants_write == write) return;
  connection.wants_write = write;
  epoll_event event{.events = EPOLLIN | (write ? EPOLLOUT : 0u), .data = {.u32 = index}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoadRun::OnConnected(Index index) {
  Connection& connection = connections_[index];
  int error = 0;
  socklen_t bytes = sizeof error;
  ::getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
  if (error != 0) return Fail(index, &result_.connect_errors);
  if (plan_.endpoint.encrypted && !Encrypt(index)) return;
  Watch(index, false);
  connection.state = Connection::State::kWaiting;
  if (std::exchange(connection.was_open, true)) ++result_.reconnects;
  if (!MayStart(connection)) return;
  if (connection.due_ns > clock_.NowBootNs()) return WakeAt(index, connection.due_ns);
  Send(index);
}

// True when the handshake is done.
bool LoadRun::Encrypt(Index index) {
  Connection& connection = connections_[index];
  if (!connection.tls) connection.tls = plan_.tls->Connect(connection.fd, plan_.endpoint.host);
  const ssize_t done = connection.tls ? connection.tls->Handshake() : 0;
  if (done > 0) return true;
  if (done < 0 && errno == EAGAIN) {
    Watch(index, connection.tls->read_wants_write());
    return false;
  }
  trouble_ = connection.tls ? "; TLS: " + connection.tls->trouble() : "";
  Fail(index, &result_.connect_errors);
  return false;
}

const std::string& LoadRun::Render(Index index) {
  RequestTemplate& request = requests_[next_number_ % requests_.size()];
  connections_[index].head_request = request.is_head();
  return request.Render(next_number_++, index);
}

void LoadRun::Send(Index index) {
  Connection& connection = connections_[index];
  connection.out = Render(index);
  connection.sent = 0;
  connection.reader.Reset(connection.head_request);
  connection.sent_ns = clock_.NowBootNs();
  if (!open_loop()) connection.due_ns = connection.sent_ns;
  connection.state = Connection::State::kSending;
  ++in_flight_;
  Push(index);
}

void LoadRun::Push(Index index) {
  Connection& connection = connections_[index];
  while (connection.sent < connection.out.size()) {
    const ssize_t wrote = SendSome(connection, connection.out.data() + connection.sent,
                                   connection.out.size() - connection.sent);
    if (wrote < 0 && errno == EAGAIN) return Watch(index, true);
    if (wrote < 0) return Fail(index, &result_.broken);
    connection.sent += static_cast<size_t>(wrote);
  }
  Watch(index, false);
  connection.state = Connection::State::kReceiving;
}

void LoadRun::Read(Index index) {
  Connection& connection = connections_[index];
  // A TLS record is smaller than the buffer, so that nothing stays behind decrypted.
  const ssize_t got = ReceiveSome(connection, buffer_.data(), buffer_.size());
  if (got < 0 && errno == EAGAIN) return;
  if (connection.state == Connection::State::kWaiting) {
    // Closed between requests, which a server may do; bytes that nobody asked for it may not send.
    if (got > 0) return Fail(index, &result_.broken);
    Close(index);
    return WakeAt(index, std::max(connection.due_ns, clock_.NowBootNs()));
  }
  const auto state = got > 0 ? connection.reader.Feed({buffer_.data(), static_cast<size_t>(got)})
                             : connection.reader.FeedEnd();
  if (got < 0 || state == ResponseReader::State::kError) return Fail(index, &result_.broken);
  if (state == ResponseReader::State::kDone) Complete(index);
}

void LoadRun::Complete(Index index) {
  Connection& connection = connections_[index];
  const int64_t now = clock_.NowBootNs();
  const int status = connection.reader.status();
  ++result_.statuses[status];
  const bool expected = plan_.expected_statuses.empty() ? status >= 200 && status < 300
                                                        : plan_.expected_statuses.contains(status);
  if (!expected) ++result_.unexpected_statuses;
  const int64_t latency = now - connection.due_ns;
  last_reply_ns_ = now;
  ConnectionCount& count = result_.connections[index];
  count.worst_latency_ns = std::max(count.worst_latency_ns, latency);
  if (measuring_ || open_loop()) {
    ++result_.requests;
    ++count.requests;
    result_.latency.Add(latency);
    result_.service.Add(now - connection.sent_ns);
  }
  if (connection.reader.close()) {
    Close(index);
  } else {
    --in_flight_;
    connection.state = Connection::State::kWaiting;
  }
  if ((measuring_ || open_loop()) && !plan_.simultaneous) ScheduleNext(index, now);
}

void LoadRun::ScheduleNext(Index index, int64_t now) {
  Connection& connection = connections_[index];
  if (staged()) return Schedule(index, now + ToNs(plan_.think_seconds));
  if (open_loop()) return Schedule(index, connection.due_ns + IntervalNs());
  connection.due_ns = now;
  if (now >= end_ns_ || !MayStart(connection)) return;
  if (connection.state == Connection::State::kClosed) return Open(index);
  Send(index);
}

void LoadRun::Schedule(Index index, int64_t due_ns) {
  connections_[index].due_ns = due_ns;
  WakeAt(index, due_ns);
}

void LoadRun::WakeAt(Index index, int64_t wake_ns) {
  connections_[index].wake_ns = wake_ns;
  due_.emplace(wake_ns, index);
}

// 800 connections and what the shell left open.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Linux lets a sleeping thread wake up to 50 us late, to save power; every timed request would start as late and the delay would
// pass for the server's. Until the end of its scope the calling thread wakes when it asked to.
class PunctualThread {
 public:
  PunctualThread() : slack_(::prctl(PR_GET_TIMERSLACK)) { ::prctl(PR_SET_TIMERSLACK, 1UL); }
  ~PunctualThread() {
    if (slack_ > 0) ::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(slack_));
  }
  PunctualThread(const PunctualThread&) = delete;
  PunctualThread& operator=(const PunctualThread&) = delete;

 private:
  const int slack_;  // Nanoseconds.
};

}  // namespace

void UseK6RootProfile(double time_scale, LoadPlan* plan) {
  plan->stages = {{30 * time_scale, 50},
                  {60 * time_scale, 50},
                  {30 * time_scale, 100},
                  {60 * time_scale, 100},
                  {30 * time_scale, 0}};
  plan->think_seconds = 1;
  plan->expected_statuses = {400};
}

Result<LoadResult> RunLoad(const LoadPlan& plan, const Clock& clock) {
  if (plan.endpoint.encrypted && !plan.tls) return InvalidArgument("https needs TLS");
  RaiseDescriptorLimit();
  const PunctualThread punctual;
  const auto run = std::make_unique<LoadRun>(plan, clock);
  return run->Run();
}

}  // namespace tenantry::load
