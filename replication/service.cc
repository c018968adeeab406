#include "replication/service.h"

#include <algorithm>
#include <future>
#include <limits>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/staged_copy.h"
#include "replication/connection.h"

namespace tenantry::replication {
namespace {

constexpr int kPollMs = 20;
constexpr int64_t kReconnectMs = 200;
// Who has not said a word that opens by then is not one of us.
constexpr int64_t kGreetingMs = 5'000;
constexpr size_t kReadBytes = 256u << 10;
constexpr int kReadsPerTurn = 8;
constexpr size_t kConnectionsMax = 128;
constexpr int64_t kAskMs = 5'000;
constexpr int64_t kReportMs = 100;
constexpr int kWatchTurns = 20;  // Of 100 ms, so that a stop does not wait.

std::string NameOf(const Hello& hello) {
  return NodeName(hello.replication_address, hello.node_id);
}

}  // namespace

Waker::Waker() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  TNT_CHECK(fd_ >= 0);
}

Waker::~Waker() {
  ::close(fd_);
}

void Waker::Wake() {
  if (pending_.exchange(true, std::memory_order_acq_rel)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(fd_, &one, sizeof one);
}

void Waker::Clear() {
  uint64_t count;
  [[maybe_unused]] const ssize_t n = ::read(fd_, &count, sizeof count);
  pending_.exchange(false, std::memory_order_acq_rel);
}

// What a follower session does to the engine.
class Service::Host final : public FollowerHost {
 public:
  explicit Host(Engine& engine) : engine_(engine) {}
  Status AdoptEpochs(const EpochTable& epochs) override { return engine_.AdoptEpochs(epochs); }
  void Append(std::vector<log::Entry>* entries) override { engine_.AppendReplicated(entries); }
  void Commit(uint64_t index) override { engine_.AdvanceReplicated(index); }
  uint64_t applied_index() const override { return engine_.released_index(); }

 private:
  Engine& engine_;
};

Service::Service(Engine& engine, ServiceOptions options, Waker& waker, Random& random,
                 std::function<void(const std::string&)> note)
    : engine_(engine),
      options_(std::move(options)),
      waker_(waker),
      random_(random),
      note_(std::move(note)),
      host_(std::make_unique<Host>(engine)),
      source_(engine, [&waker] { waker.Wake(); }),
      upstream_address_(options_.follow) {}

Result<std::unique_ptr<Service>> Service::Start(Engine& engine, ServiceOptions options,
                                                Waker& waker, Random& random,
                                                std::function<void(const std::string&)> note) {
  std::unique_ptr<Service> service(
      new Service(engine, std::move(options), waker, random, std::move(note)));
  TNT_ASSIGN_OR_RETURN(service->node_id_, engine.node().EnsureId());
  const ServiceOptions& set = service->options_;
  TNT_ASSIGN_OR_RETURN(const uint32_t format, ClusterFormatVersion(engine));
  if (format > set.format_max) {
    return Conflict("the data is of format version " + std::to_string(format) +
                    ", this program knows up to " + std::to_string(set.format_max) +
                    ": upgrade it");
  }
  if (!set.listen.empty()) {
    TNT_ASSIGN_OR_RETURN(service->listener_, ListenOn(set.listen, &service->listen_address_));
    // Until followers said where they are, all the log that may be kept is kept.
    engine.RetainLog(0, set.retain_bytes);
  }
  if (!set.follow.empty()) {
    TNT_ASSIGN_OR_RETURN(const bool syncing,
                         Staging::IsUnderWay(engine.files(), engine.directory()));
    service->syncing_.store(syncing, std::memory_order_release);
  } else {
    TNT_RETURN_IF_ERROR(ForgetStagedCopy(engine.files(), engine.directory()));
  }
  service->SetHttpAddress(set.http_address);
  engine.SetReplicaGate(!set.follow.empty() || set.replica_acks > 0);
  service->leading_ = set.follow.empty();
  service->wrote_end_ = engine.node().leads();
  Service* const self = service.get();
  service->thread_ = Thread("tnt-repl", [self] { self->Run(); });
  // Before anybody can write here.
  service->FollowSuccessor();
  service->watch_ = Thread("tnt-repl-watch", [self] { self->Watch(); });
  return service;
}

Service::~Service() {
  stop_watch_.store(true, std::memory_order_release);
  watch_.Join();
  stop_.store(true, std::memory_order_release);
  waker_.Wake();
  thread_.Join();
}

int64_t Service::NowMs() const {
  return engine_.clock().NowBootNs() / 1'000'000;
}

int64_t Service::StalenessMs() const {
  if (engine_.writable()) return 0;
  const int64_t caught_up_ns = caught_up_ns_.load(std::memory_order_acquire);
  if (caught_up_ns == 0) return std::numeric_limits<int64_t>::max();
  return std::max<int64_t>(0, engine_.clock().NowBootNs() - caught_up_ns) / 1'000'000;
}

std::string Service::LeaderHttp() const {
  MutexLock lock(leader_mutex_);
  return leader_http_;
}

void Service::SetLeaderHttp(const std::string& url) {
  MutexLock lock(leader_mutex_);
  leader_http_ = url;
}

void Service::Post(std::function<void()> task) {
  {
    MutexLock lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  waker_.Wake();
}

void Service::SetHttpAddress(const std::string& url) {
  MutexLock lock(leader_mutex_);
  own_http_ = url;
}

void Service::RunAndWait(std::function<void()> task) {
  std::promise<void> done;
  std::future<void> ran = done.get_future();
  Post([&task, &done] {
    task();
    done.set_value();
  });
  ran.get();
}

ServiceReport Service::Report() {
  ServiceReport report;
  RunAndWait([this, &report] { report = MakeReport(); });
  return report;
}

void Service::Run() {
  while (!stop_.load(std::memory_order_acquire)) RunOnce();
  RunPosted();
  connections_.clear();
}

void Service::Watch() {
  const auto stopped = [this] { return stop_watch_.load(std::memory_order_acquire); };
  while (!stopped()) {
    for (int turn = 0; turn < kWatchTurns && !stopped(); ++turn) ::poll(nullptr, 0, 100);
    if (!stopped()) FollowSuccessor();
  }
}

void Service::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    MutexLock lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (const std::function<void()>& task : tasks) task();
}

void Service::RunOnce() {
  std::vector<pollfd> waits = {{waker_.fd(), POLLIN, 0}};
  if (listener_.ok()) waits.push_back({listener_.fd(), POLLIN, 0});
  const size_t first = waits.size();
  const size_t count = connections_.size();
  for (const auto& c : connections_) {
    const bool writes = c->connecting || !c->channel.output().empty();
    waits.push_back({c->socket.fd(), static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0});
  }
  (void)::poll(waits.data(), waits.size(), kPollMs);
  if (waits[0].revents != 0) waker_.Clear();
  RunPosted();
  for (size_t i = 0; i < count; ++i) {
    Connection& c = *connections_[i];
    const short events = waits[first + i].revents;
    if (c.connecting && events != 0) {
      c.connecting = false;
      if (ConnectFailed(c.socket)) Close(c, Unavailable("cannot connect to " + upstream_address_));
    }
    if (!c.closed && (events & (POLLIN | POLLHUP | POLLERR)) != 0) HandleReadable(c);
  }
  if (listener_.ok() && waits[1].revents != 0) AcceptAll();
  ConnectIfDue();
  PumpAll();
  CountReplicas();
  RetainForFollowers();
  KeepReport();
  for (const auto& c : connections_) Flush(*c);
  std::erase_if(connections_, [](const auto& c) { return c->closed; });
}

void Service::AcceptAll() {
  for (;;) {
    Socket socket = Accept(listener_);
    if (!socket.ok()) return;
    if (connections_.size() >= kConnectionsMax) continue;
    connections_.push_back(std::make_unique<Connection>(
        std::move(socket), SecureChannel::Side::kListens, options_.secret, random_, NowMs()));
  }
}

void Service::ConnectIfDue() {
  // Not whether the engine takes writes: a leader that hands over takes none, and still leads.
  const bool wanted = !upstream_address_.empty() && !leading_ && upstream_ == nullptr &&
                      !changing_role_ && !RestartWanted();
  if (!wanted || NowMs() < connect_at_ms_) return;
  // What is on its way to our disk belongs to the end that the hello names.
  if (engine_.appended_index() != engine_.log().end().index) return;
  connect_at_ms_ = NowMs() + kReconnectMs;
  Result<Socket> socket = BeginConnect(upstream_address_);
  if (!socket.ok()) return Note(std::string(socket.status().message()));
  auto connection = std::make_unique<Connection>(std::move(*socket), SecureChannel::Side::kConnects,
                                                 options_.secret, random_, NowMs());
  Connection& c = *connection;
  c.connecting = true;
  c.follower = std::make_unique<FollowerSession>(engine_.log(), engine_.node(), *host_,
                                                 SelfIdentity(), NowMs());
  connections_.push_back(std::move(connection));
  upstream_ = &c;
  std::vector<Message> out;
  if (const Status started = c.follower->Start(false, &out); !started.ok()) Close(c, started);
  SendAll(c, &out);
}

void Service::HandleReadable(Connection& c) {
  std::string buffer(kReadBytes, '\0');
  for (int reads = 0; reads < kReadsPerTurn && !c.closed; ++reads) {
    const int64_t got = ReadSome(c.socket, buffer.data(), buffer.size());
    if (got < 0) return Close(c, Unavailable("the connection was closed"));
    if (got == 0) return;
    if (c.leader) c.leader->OnHeard(NowMs());
    if (c.follower) c.follower->OnHeard(NowMs());
    Status status = c.channel.Receive({buffer.data(), static_cast<size_t>(got)});
    while (status.ok() && !c.closed) {
      Result<std::optional<std::string>> bytes = c.channel.Next();
      status = bytes.status();
      if (!status.ok() || !*bytes) break;
      c.spoke = true;
      const Result<Message> message = Decode(**bytes);
      status = message.ok() ? HandleMessage(c, *message) : message.status();
    }
    if (!status.ok()) Close(c, status);
  }
}

Status Service::HandleMessage(Connection& c, const Message& message) {
  return c.follower ? HandleOutbound(c, message) : HandleInbound(c, message);
}

Status Service::HandleInbound(Connection& c, const Message& message) {
  std::vector<Message> out;
  if (const auto* hello = std::get_if<Hello>(&message)) {
    if (c.leader) return Corruption("a second hello");
    if (!leading_) {
      // While a promotion asks around, this node may be the next leader: who promised to follow it and comes too soon tries again,
      // and is not sent back to the one that is replaced.
      const bool unsettled = changing_role_ || engine_.node().leads();
      const std::string leader = unsettled ? "" : upstream_address_;
      out.push_back(Refusal{RefusalReason::kNotLeader, "this node does not lead",
                            engine_.node().promised(), leader});
    } else if (std::optional<Refusal> twin = RefuseTwin(*hello); twin) {
      out.push_back(*std::move(twin));
    } else {
      c.leader =
          std::make_unique<LeaderSession>(engine_.log(), engine_.node(), SelfIdentity(), NowMs());
      TNT_RETURN_IF_ERROR(c.leader->OnHello(*hello, NowMs(), &out));
      if (c.leader->state() == LeaderSession::State::kStreaming) {
        if (const Status listed = ListFollower(*hello); !listed.ok()) {
          Note("cannot list the follower: " + std::string(listed.message()));
        }
        note_("follower " + NameOf(*hello) + " streams from entry " +
              std::to_string(c.leader->durable_index() + 1));
      }
    }
  } else if (const auto* ack = std::get_if<Ack>(&message)) {
    if (!c.leader) return Corruption("an acknowledgement without a hello");
    return c.leader->OnAck(*ack);
  } else if (c.feed || c.leader) {
    TNT_RETURN_IF_ERROR(HandleSyncRequest(c, message, &out));
  } else if (std::get_if<StatusRequest>(&message) != nullptr) {
    out.push_back(SelfStatus());
  } else if (const auto* promise = std::get_if<PromiseRequest>(&message)) {
    out.push_back(JudgePromise(*promise));
  } else if (const auto* handoff = std::get_if<HandoffRequest>(&message)) {
    out.push_back(JudgeHandoff(*handoff));
  } else {
    return Corruption("a message that nobody sends here");
  }
  SendAll(c, &out);
  return Status::Ok();
}

Status Service::HandleOutbound(Connection& c, const Message& message) {
  std::vector<Message> out;
  bool taken = false;
  TNT_RETURN_IF_ERROR(HandleSync(c, message, &taken));
  if (taken) return Status::Ok();
  const FollowerSession::State before = c.follower->state();
  TNT_RETURN_IF_ERROR(c.follower->OnMessage(message, NowMs(), &out));
  SendAll(c, &out);
  const FollowerSession::State now = c.follower->state();
  if (now == before) return Status::Ok();
  const Refusal& refusal = c.follower->refusal();
  switch (now) {
    case FollowerSession::State::kStreaming:
      diverged_.store(false, std::memory_order_release);
      refused_.store(false, std::memory_order_release);
      DropSync();
      wrote_end_ = false;
      Note("following the leader at " + upstream_address_ + " from entry " +
           std::to_string(c.follower->welcome().common_index + 1));
      return Status::Ok();
    case FollowerSession::State::kRefused:
      if (refusal.reason == RefusalReason::kNotLeader && !refusal.leader_address.empty()) {
        upstream_address_ = refusal.leader_address;
        return Unavailable("the node does not lead; trying " + upstream_address_);
      }
      // A leader of a lower epoch is behind; everything else needs somebody's hand.
      if (refusal.reason != RefusalReason::kNotLeader &&
          refusal.reason != RefusalReason::kLowerEpoch) {
        refused_.store(true, std::memory_order_release);
      }
      return Unavailable("refused by " + upstream_address_ + ": " + refusal.text);
    case FollowerSession::State::kRewind:
      diverged_.store(true, std::memory_order_release);
      Note("entries of this node behind entry " +
           std::to_string(c.follower->welcome().common_index) + " were replaced by the leader at " +
           upstream_address_);
      break;
    case FollowerSession::State::kFullSync:
      Note("the log of the leader at " + upstream_address_ + " does not reach back to entry " +
           std::to_string(engine_.log().end().index + 1) + "; copying its data");
      break;
    case FollowerSession::State::kAsking:
      return Status::Ok();
  }
  TNT_RETURN_IF_ERROR(BeginSync(c, &out));
  SendAll(c, &out);
  return Status::Ok();
}

void Service::PumpAll() {
  for (const auto& c : connections_) {
    if (c->closed) continue;
    if (const Status status = Pump(*c); !status.ok()) Close(*c, status);
  }
}

Status Service::Pump(Connection& c) {
  const int64_t now_ms = NowMs();
  if (!c.spoke && now_ms - c.opened_ms > kGreetingMs) return Unavailable("no answer");
  std::vector<Message> out;
  if (c.leader) {
    if (!leading_) return Unavailable("this node no longer leads");
    const uint64_t committed =
        options_.replica_acks > 0 ? engine_.released_index() : engine_.log().end().index;
    c.leader->SetHttpAddress(OwnHttp());
    TNT_RETURN_IF_ERROR(c.leader->Pump(now_ms, committed, &out));
  }
  if (c.follower && !c.connecting) TNT_RETURN_IF_ERROR(c.follower->CheckSilence(now_ms));
  TNT_RETURN_IF_ERROR(PumpSync(c, &out));
  if (c.follower && c.follower->state() == FollowerSession::State::kStreaming) {
    TNT_RETURN_IF_ERROR(c.follower->OnProgress(now_ms, &out));
    SetLeaderHttp(c.follower->leader_http());
    // A new session knows nothing yet; what the one before knew still holds.
    const int64_t caught_up_ms = c.follower->caught_up_ms();
    if (caught_up_ms != 0) {
      caught_up_ns_.store(caught_up_ms * 1'000'000, std::memory_order_release);
    }
  }
  SendAll(c, &out);
  return Status::Ok();
}

void Service::SendAll(Connection& c, std::vector<Message>* messages) {
  for (const Message& message : *messages) c.channel.Send(Encode(message));
}

void Service::Flush(Connection& c) {
  std::string& output = c.channel.output();
  size_t written = 0;
  while (!c.closed && !c.connecting && written < output.size()) {
    const int64_t wrote = WriteSome(c.socket, std::string_view(output).substr(written));
    if (wrote < 0) Close(c, Unavailable("the connection was closed"));
    if (wrote <= 0) break;
    written += static_cast<size_t>(wrote);
  }
  output.erase(0, written);
}

void Service::Close(Connection& c, const Status& why) {
  if (c.closed) return;
  c.closed = true;
  if (&c == upstream_) {
    upstream_ = nullptr;
    connect_at_ms_ = NowMs() + kReconnectMs;
    Note("replication from " + upstream_address_ + ": " + std::string(why.message()));
  } else if (c.feed) {
    Note("the copy to follower " + NameOf(c.leader->hello()) +
         " was interrupted: " + std::string(why.message()));
  } else if (c.leader && c.leader->state() == LeaderSession::State::kStreaming) {
    note_("follower " + NameOf(c.leader->hello()) + " is gone: " + std::string(why.message()));
  } else if (why.code() == StatusCode::kCorruption) {
    Note("a connection was dropped: " + std::string(why.message()));
  }
}

// The same trouble twice in a row is one line.
void Service::Note(std::string text) {
  if (text == last_note_) return;
  note_(text);
  last_note_ = std::move(text);
}

// What k followers have on their disks may be applied and acknowledged here.
void Service::CountReplicas() {
  std::vector<uint64_t> durable;
  for (const auto& c : connections_) {
    const bool counts =
        !c->closed && c->leader && c->leader->state() == LeaderSession::State::kStreaming;
    if (counts) durable.push_back(c->leader->durable_index());
  }
  follower_count_.store(durable.size(), std::memory_order_release);
  if (options_.replica_acks == 0 || !leading_ || durable.size() < options_.replica_acks) return;
  std::sort(durable.begin(), durable.end(), std::greater<>());
  const uint64_t reached = durable[options_.replica_acks - 1];
  replicated_.store(std::max(reached, ReplicatedIndex()), std::memory_order_release);
  engine_.AdvanceReplicated(reached);
}

std::string Service::OwnHttp() const {
  MutexLock lock(leader_mutex_);
  return own_http_;
}

Identity Service::SelfIdentity() const {
  const Result<uint32_t> format = ClusterFormatVersion(engine_);
  return {engine_.cluster_id(),
          node_id_,
          listen_address_,
          OwnHttp(),
          format.ok() ? *format : options_.format_max,
          options_.format_max};
}

NodeStatus Service::SelfStatus() const {
  NodeStatus status;
  status.node_id = node_id_;
  status.cluster_id = engine_.cluster_id();
  status.role = leading_ ? Role::kLeader : Role::kFollower;
  if (!leading_ && (diverged_ || upstream_address_.empty())) status.role = Role::kFenced;
  if (Syncing()) status.role = Role::kSyncing;
  status.epoch = engine_.epoch();
  status.promised = engine_.node().promised();
  status.end = {engine_.log().end(), engine_.log().end_chain()};
  status.applied_index = engine_.released_index();
  status.format_max = options_.format_max;
  return status;
}

ServiceReport Service::MakeReport() {
  ServiceReport report;
  report.self = SelfStatus();
  report.listen_address = listen_address_;
  report.leader_address = engine_.writable() ? "" : upstream_address_;
  report.leader_http = LeaderHttp();
  report.connected =
      upstream_ != nullptr && upstream_->follower->state() == FollowerSession::State::kStreaming;
  report.staleness_ms = StalenessMs();
  report.syncing = Syncing();
  if (staging_) report.sync = staging_->progress();
  report.sync_sent_bytes = sync_sent_bytes_;
  report.checkpoint_bytes = source_.total_bytes();
  for (const auto& c : connections_) {
    if (c->closed || !c->leader || c->leader->state() != LeaderSession::State::kStreaming) continue;
    const LeaderSession& session = *c->leader;
    report.followers.push_back({session.node_id(), session.hello().replication_address,
                                session.hello().http_address, session.durable_index(),
                                session.applied_index(), session.LagEntries(), session.LagBytes(),
                                session.LagMs(NowMs())});
  }
  return report;
}

void Service::KeepReport() {
  if (NowMs() < report_at_ms_) return;
  report_at_ms_ = NowMs() + kReportMs;
  ServiceReport report = MakeReport();
  MutexLock lock(report_mutex_);
  last_report_ = std::move(report);
}

ServiceReport Service::LastReport() const {
  MutexLock lock(report_mutex_);
  return last_report_;
}

Result<uint64_t> AskClusterId(const std::string& leader_address, const std::string& secret,
                              Random& random) {
  Hello hello;
  TNT_ASSIGN_OR_RETURN(const Message answer, Ask(leader_address, secret, hello, kAskMs, random));
  if (const auto* welcome = std::get_if<Welcome>(&answer)) return welcome->cluster_id;
  if (const auto* refusal = std::get_if<Refusal>(&answer)) return Unavailable(refusal->text);
  return Corruption("the node at " + leader_address + " answered something else");
}

}  // namespace tenantry::replication
