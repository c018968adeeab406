#include "tests/sim/cluster_sim.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tenantry::sim {
namespace {

using replication::FollowerSession;
using replication::LeaderSession;
using replication::Message;

constexpr uint64_t kClusterId = 7;
constexpr int kSteps = 600;
constexpr int kSettleSteps = 20'000;
constexpr uint64_t kPromotionsMax = 3;
constexpr size_t kNobody = 99;

}  // namespace

struct ClusterSim::Node final : replication::FollowerHost {
  std::unique_ptr<crash::FaultFileSystem> disk;
  std::unique_ptr<SeededRandom> random;
  std::unique_ptr<NodeFile> file;
  std::unique_ptr<log::SegmentLog> log;
  std::vector<log::Entry> unsynced;  // Appended, not on the disk yet.
  uint64_t committed = 0;
  bool leads = false;  // Takes writes; a deposed leader that nobody told goes on.
  size_t follows = kNobody;
  uint64_t made_anew_until = 0;             // What it held counts until it has this entry again.
  std::map<uint64_t, std::string> waiting;  // Of a leader: entries whose client waits.

  uint64_t appended() const {
    return unsynced.empty() ? log->end().index : unsynced.back().header.index;
  }
  Status AdoptEpochs(const EpochTable& epochs) override { return file->Adopt(epochs); }
  void Append(std::vector<log::Entry>* entries) override {
    for (log::Entry& entry : *entries) unsynced.push_back(std::move(entry));
  }
  void Commit(uint64_t index) override { committed = std::max(committed, index); }
  uint64_t applied_index() const override { return std::min(committed, log->end().index); }
};

struct ClusterSim::Link {
  size_t leader;
  std::unique_ptr<LeaderSession> feeds;
  std::unique_ptr<FollowerSession> follows;
  std::deque<std::string> to_leader;
  std::deque<std::string> to_follower;
};

ClusterSim::ClusterSim(uint64_t seed, const SimFaults& faults) : random_(seed), faults_(faults) {
  for (size_t i = 0; i < kNodes; ++i) {
    nodes_[i] = std::make_unique<Node>();
    nodes_[i]->disk = std::make_unique<crash::FaultFileSystem>();
    nodes_[i]->random = std::make_unique<SeededRandom>(seed * 10 + i);
    nodes_[i]->leads = i == 0;
    nodes_[i]->follows = i == 0 ? kNobody : 0;
    Open(i);
  }
}

ClusterSim::~ClusterSim() = default;

void ClusterSim::Fail(std::string problem) {
  if (outcome_.problem.empty()) outcome_.problem = std::move(problem);
}

void ClusterSim::Open(size_t i) {
  Node& node = *nodes_[i];
  node.log.reset();
  node.unsynced.clear();
  node.waiting.clear();
  log::LogOptions options;
  options.segment_bytes = 64u << 10;
  options.cluster_id = kClusterId;
  options.clock = &clock_;
  options.random = node.random.get();
  const Status made = MakeDurableDirectories(*node.disk, "/data");
  Result<std::unique_ptr<NodeFile>> file =
      NodeFile::Open(*node.disk, "/data", *node.random, node.leads);
  Result<std::unique_ptr<log::SegmentLog>> log =
      log::SegmentLog::Open(*node.disk, "/data/log", options, nullptr);
  if (!made.ok() || !file.ok() || !log.ok()) {
    return Fail("node " + std::to_string(i) +
                " does not open: " + (file.ok() ? log.status() : file.status()).ToString());
  }
  node.file = *std::move(file);
  node.log = *std::move(log);
  // A deposed leader that heard of its successor does not lead any more.
  node.leads = node.leads && node.file->leads();
}

// Nobody talks to or through the node any more.
void ClusterSim::CutAll(size_t i) {
  Cut(i);
  for (size_t f = 0; f < kNodes; ++f) {
    if (links_[f] && links_[f]->leader == i) Cut(f);
  }
}

void ClusterSim::PowerLoss(size_t i) {
  CutAll(i);
  Node& node = *nodes_[i];
  const crash::DiskImage image = node.disk->Capture();
  node.log.reset();
  node.file.reset();
  node.disk = std::make_unique<crash::FaultFileSystem>(
      image, crash::PowerLoss{crash::LossMode::kDropUnsynced, random_.Next64(), false, ""});
  Open(i);
}

// A node whose entries were replaced starts from nothing, except for what it promised.
void ClusterSim::Wipe(size_t i) {
  ++outcome_.rewinds;
  CutAll(i);
  Node& node = *nodes_[i];
  const uint64_t promised = node.file->promised();
  node.log.reset();
  node.file.reset();
  node.disk = std::make_unique<crash::FaultFileSystem>();
  node.leads = false;
  node.committed = 0;
  node.made_anew_until = nodes_[leader_]->log->end().index;
  Open(i);
  if (const Status kept = node.file->Promise(promised); !kept.ok()) Fail(kept.ToString());
}

void ClusterSim::Write(size_t i) {
  Node& node = *nodes_[i];
  log::Entry entry;
  entry.header.epoch = node.file->epochs().newest_epoch();
  entry.header.index = node.appended() + 1;
  entry.header.time_unix_ms = clock_.NowUnixMs();
  entry.payload = random_.Bytes(1 + random_.Below(200));
  node.waiting[entry.header.index] = entry.payload;
  node.unsynced.push_back(std::move(entry));
}

void ClusterSim::Sync(size_t i) {
  Node& node = *nodes_[i];
  if (node.unsynced.empty()) return;
  const Status synced = node.log->AppendGroup(node.unsynced);
  if (!synced.ok()) Fail("sync: " + synced.ToString());
  node.unsynced.clear();
}

// What one follower has beside the leader may be acknowledged; with the control, what the leader has.
void ClusterSim::Acknowledge(size_t i) {
  Node& node = *nodes_[i];
  if (!node.leads) return;
  uint64_t reached = faults_.ack_before_replicate ? node.log->end().index : 0;
  for (const auto& link : links_) {
    if (!link || link->leader != i) continue;
    if (link->feeds->state() != LeaderSession::State::kStreaming) continue;
    reached = std::max(reached, link->feeds->durable_index());
  }
  reached = std::min(reached, node.log->end().index);
  node.committed = std::max(node.committed, reached);
  while (!node.waiting.empty() && node.waiting.begin()->first <= reached) {
    promises_.push_back({node.waiting.begin()->first, node.waiting.begin()->second});
    node.waiting.erase(node.waiting.begin());
    ++outcome_.acknowledged;
  }
}

// The leader is given up; of the two others the one with more leads, and the third promises to obey it.
void ClusterSim::Promote() {
  if (outcome_.promotions == kPromotionsMax) return;
  const size_t old = leader_;
  size_t candidate = (old + 1) % kNodes;
  size_t other = (old + 2) % kNodes;
  if (nodes_[other]->log->end() > nodes_[candidate]->log->end()) std::swap(candidate, other);
  Node& node = *nodes_[candidate];
  // The rule that sparing it would break: a node that is being made anew is not there to be asked.
  for (const size_t i : {candidate, other}) {
    if (nodes_[i]->log->end().index < nodes_[i]->made_anew_until) return;
  }
  // Another that is deposed and was not told yet cannot be judged by its position.
  if (nodes_[other]->leads || node.leads) return;
  const uint64_t epoch = std::max(nodes_[other]->file->promised(), node.file->promised()) + 1;
  if (!nodes_[other]->file->Promise(epoch).ok()) return Fail("a promise was refused");
  nodes_[other]->follows = candidate;
  Cut(candidate);
  Sync(candidate);
  const Status begun = node.file->Begin(epoch, node.log->end().index + 1);
  if (!begun.ok()) return Fail("begin: " + begun.ToString());
  node.leads = true;
  node.follows = kNobody;
  node.waiting.clear();
  leader_ = candidate;
  ++outcome_.promotions;
}

void ClusterSim::Connect(size_t i) {
  Node& node = *nodes_[i];
  if (node.leads || node.follows == kNobody || links_[i] || !node.unsynced.empty()) return;
  Node& leader = *nodes_[node.follows];
  if (!leader.leads) return;
  auto link = std::make_unique<Link>();
  link->leader = node.follows;
  const int64_t now_ms = clock_.NowUnixMs();
  link->feeds = std::make_unique<LeaderSession>(
      *leader.log, *leader.file, replication::Identity{kClusterId, node.follows + 1, "", ""},
      now_ms);
  link->follows = std::make_unique<FollowerSession>(
      *node.log, *node.file, node, replication::Identity{kClusterId, i + 1, "", ""}, now_ms,
      faults_.follower);
  std::vector<Message> out;
  if (!link->follows->Start(false, &out).ok()) return Fail("start");
  for (const Message& message : out) link->to_leader.push_back(replication::Encode(message));
  links_[i] = std::move(link);
}

void ClusterSim::Cut(size_t i) {
  links_[i].reset();
}

// One message arrives, whole, changed or never. False: nothing was on its way.
bool ClusterSim::Deliver(size_t i, bool to_leader) {
  Link& link = *links_[i];
  std::deque<std::string>& queue = to_leader ? link.to_leader : link.to_follower;
  if (queue.empty()) return false;
  std::string bytes = std::move(queue.front());
  queue.pop_front();
  Result<Message> message = replication::Decode(bytes);
  if (!message.ok()) {
    Cut(i);
    return true;
  }
  // Past the seal of the channel only our own bugs change bytes; the chain must catch those too.
  if (auto* append = std::get_if<replication::Append>(&*message); append && Chance(60)) {
    append->entries[random_.Below(append->entries.size())] ^= 0x10;
  }
  std::vector<Message> out;
  const int64_t now_ms = clock_.NowUnixMs();
  Status status;
  to_leader ? link.feeds->OnHeard(now_ms) : link.follows->OnHeard(now_ms);
  if (!to_leader) {
    status = link.follows->OnMessage(*message, now_ms, &out);
  } else if (const auto* hello = std::get_if<replication::Hello>(&*message)) {
    status = link.feeds->OnHello(*hello, now_ms, &out);
  } else if (const auto* ack = std::get_if<replication::Ack>(&*message)) {
    status = link.feeds->OnAck(*ack);
  }
  for (const Message& sent : out) {
    (to_leader ? link.to_follower : link.to_leader).push_back(replication::Encode(sent));
  }
  const FollowerSession::State state = link.follows->state();
  if (state == FollowerSession::State::kRewind || state == FollowerSession::State::kFullSync) {
    Wipe(i);
  } else if (!status.ok() || state == FollowerSession::State::kRefused) {
    Cut(i);
  }
  return true;
}

// Both ends of a link do what is due.
void ClusterSim::Move(size_t i) {
  Link& link = *links_[i];
  std::vector<Message> out;
  const int64_t now_ms = clock_.NowUnixMs();
  if (!nodes_[link.leader]->leads) return Cut(i);
  const Status pumped = link.feeds->Pump(now_ms, nodes_[link.leader]->committed, &out);
  for (const Message& message : out) link.to_follower.push_back(replication::Encode(message));
  out.clear();
  const Status acked = link.follows->OnProgress(now_ms, &out);
  for (const Message& message : out) link.to_leader.push_back(replication::Encode(message));
  if (!pumped.ok() || !acked.ok()) Cut(i);
}

void ClusterSim::Step() {
  const size_t i = random_.Below(kNodes);
  Node& node = *nodes_[i];
  clock_.AdvanceMs(static_cast<int64_t>(random_.Below(20)));
  switch (random_.Below(9)) {
    case 0:
    case 1:
      if (node.leads) Write(i);
      break;
    case 2:
    case 3:
      Sync(i);
      break;
    case 4:
      Connect(i);
      break;
    case 5:
      if (links_[i]) Move(i);
      break;
    default:
      if (links_[i]) Deliver(i, Chance(2));
      break;
  }
  Acknowledge(i);
  if (Chance(80) && links_[i]) Cut(i);
  if (Chance(100)) PowerLoss(i);
  if (Chance(120)) Promote();
  // Somebody tells a deposed leader, or a follower that was away, who leads.
  if (Chance(30) && i != leader_) {
    if (node.leads && node.file->Promise(nodes_[leader_]->file->promised()).ok()) {
      node.leads = false;
      node.waiting.clear();
      node.unsynced.clear();
    }
    if (!node.leads) node.follows = leader_;
  }
}

// No more faults: everybody follows the newest leader until nothing moves.
bool ClusterSim::Settle() {
  for (size_t i = 0; i < kNodes; ++i) {
    Node& node = *nodes_[i];
    if (i == leader_) continue;
    if (node.leads && !node.file->Promise(nodes_[leader_]->file->promised()).ok()) return false;
    node.leads = false;
    node.unsynced.clear();
    node.follows = leader_;
    Cut(i);
  }
  const log::SegmentLog& log = *nodes_[leader_]->log;
  for (int step = 0; step < kSettleSteps; ++step) {
    clock_.AdvanceMs(5);
    bool equal = true;
    for (size_t i = 0; i < kNodes && outcome_.problem.empty(); ++i) {
      Sync(i);
      Connect(i);
      if (links_[i]) Move(i);
      if (links_[i]) Deliver(i, true);
      if (links_[i]) Deliver(i, false);
      Acknowledge(leader_);
      equal = equal && nodes_[i]->log->end() == log.end() &&
              nodes_[i]->log->end_chain() == log.end_chain();
    }
    if (equal && nodes_[leader_]->unsynced.empty()) return true;
  }
  for (size_t i = 0; i < kNodes; ++i) {
    const Node& node = *nodes_[i];
    std::string epochs;
    const EpochTable table = node.file->epochs();
    for (const EpochRow& row : table.rows()) {
      epochs += " " + std::to_string(row.epoch) + "@" + std::to_string(row.first_index);
    }
    Fail("the nodes do not converge");
    outcome_.problem += "; node " + std::to_string(i) + (i == leader_ ? " leads" : "") + " at " +
                        FormatPosition(node.log->end()) + ", obeys " +
                        std::to_string(node.file->promised()) + ", epochs" + epochs +
                        (node.unsynced.empty() ? "" : ", unsynced") + (links_[i] ? ", linked" : "");
  }
  return false;
}

void ClusterSim::Check() {
  std::map<uint64_t, std::string> entries;
  const Result<std::unique_ptr<log::Reader>> reader = nodes_[leader_]->log->ReadFrom(1);
  if (!reader.ok()) return Fail(reader.status().ToString());
  for (log::EntryView entry;;) {
    const Result<bool> more = (*reader)->Next(&entry);
    if (!more.ok()) return Fail(more.status().ToString());
    if (!*more) break;
    entries[entry.header.index] = std::string(entry.payload);
  }
  for (const Promise& promise : promises_) {
    const auto found = entries.find(promise.index);
    if (found != entries.end() && found->second == promise.payload) continue;
    return Fail("entry " + std::to_string(promise.index) + " was acknowledged and is lost");
  }
}

SimOutcome ClusterSim::Run() {
  for (int step = 0; step < kSteps && outcome_.problem.empty(); ++step) Step();
  if (outcome_.problem.empty() && !Settle()) Fail("the nodes do not converge");
  if (outcome_.problem.empty()) Check();
  return outcome_;
}

}  // namespace tenantry::sim
