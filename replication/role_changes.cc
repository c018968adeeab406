// The half of Service that changes who leads: the list of followers, promises, promotion and handoff.

#include <algorithm>

#include <poll.h>

#include "engine/base/bytes.h"
#include "engine/commands.h"
#include "engine/schema/directory.capnp.h"
#include "replication/connection.h"
#include "replication/service.h"

namespace tenantry::replication {
namespace {

// Together below the ten seconds that the admin socket gives a command.
constexpr int64_t kAskMs = 1'500;
constexpr int64_t kDrainMs = 5'000;
constexpr int64_t kFollowerComesMs = 2'000;
constexpr int64_t kWatchAskMs = 500;

std::string Describe(const std::string& address, const NodeStatus& status) {
  return address + ": " + std::string(RoleName(status.role)) + ", epoch " +
         std::to_string(status.epoch) + ", obeys " + std::to_string(status.promised) +
         ", position " + FormatPosition(status.end.position) + "\n";
}

// What a promotion learns from the others.
struct Survey {
  uint64_t epoch_max = 0;
  std::vector<std::string> reachable;
  std::vector<std::string> objections;
};

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : "; ").append(part);
  return text;
}

struct Listed {
  std::string node_id;
  std::string address;
};

Result<std::vector<Listed>> ListFollowers(const Engine& engine) {
  std::vector<Listed> listed;
  const ReadView view = engine.View();
  TNT_RETURN_IF_ERROR(
      view.DirectorySpace(ReadTier::kBlocking)
          .ScanRecords<schema::FollowerNode>({}, false, [&](const auto& node) {
            listed.push_back({node->getNodeId().cStr(), node->getReplicationAddress().cStr()});
            return true;
          }));
  return listed;
}

}  // namespace

std::string FormatNodeId(uint64_t node_id) {
  std::string bytes;
  AppendBig64(&bytes, node_id);
  return FormatHex(bytes);
}

std::string NodeName(const std::string& replication_address, uint64_t node_id) {
  return replication_address.empty() ? FormatNodeId(node_id) : replication_address;
}

// A folder that was copied carries the id of its node. Two of them would count as two that have an entry, and a promotion would ask
// only one.
std::optional<Refusal> Service::RefuseTwin(const Hello& hello) {
  const auto refuse = [&](const std::string& where) {
    return Refusal{RefusalReason::kOther,
                   "node " + FormatNodeId(hello.node_id) + " " + where +
                       ": its data folder was copied; start a new node with an empty folder",
                   engine_.node().promised(), ""};
  };
  if (hello.cluster_id == 0) return std::nullopt;  // Asks for the cluster's id only.
  if (hello.node_id == node_id_) return refuse("is the leader itself");
  for (const auto& c : connections_) {
    if (c->closed || !c->leader || c->leader->node_id() != hello.node_id) continue;
    const std::string& address = c->leader->hello().replication_address;
    if (address != hello.replication_address) return refuse("follows already, from " + address);
    Close(*c, Unavailable("it came back on another connection"));
  }
  return std::nullopt;
}

// A directory row for whoever streams, so that a later promotion knows whom to ask.
Status Service::ListFollower(const Hello& hello) {
  const std::string id = FormatNodeId(hello.node_id);
  const auto info = CommandInfo{static_cast<uint16_t>(CommandKind::kFollowerJoin), "system", ""};
  return engine_
      .ExecuteDirectory(
          info, ReadTier::kBlocking,
          [&](DirectoryTransaction& tx) -> Status {
            TNT_ASSIGN_OR_RETURN(const auto known,
                                 tx.Find<schema::FollowerNode>({std::string_view(id)}));
            if (known) {
              const bool same = (*known)->getReplicationAddress() == hello.replication_address &&
                                (*known)->getHttpAddress() == hello.http_address;
              if (same) return Status::Ok();
              codec::Draft<schema::FollowerNode> changed(*known);
              changed->setReplicationAddress(hello.replication_address);
              changed->setHttpAddress(hello.http_address);
              return tx.Update(*known, changed);
            }
            codec::Draft<schema::FollowerNode> node;
            node->setNodeId(id);
            node->setReplicationAddress(hello.replication_address);
            node->setHttpAddress(hello.http_address);
            node->setJoinedAt(tx.now_unix_ms());
            return tx.Insert(node);
          })
      .status;
}

Status Service::RemoveFollower(const std::string& address_or_id) {
  if (!engine_.writable()) return Conflict("this node does not lead; remove followers there");
  TNT_ASSIGN_OR_RETURN(const std::vector<Listed> listed, ListFollowers(engine_));
  const auto found = std::find_if(listed.begin(), listed.end(), [&](const Listed& one) {
    return one.address == address_or_id || one.node_id == address_or_id;
  });
  if (found == listed.end()) return NotFound("no follower " + address_or_id + " is listed");
  bool streams = false;
  RunAndWait([&] {
    for (const auto& c : connections_) {
      streams = streams || (!c->closed && c->leader &&
                            c->leader->state() == LeaderSession::State::kStreaming &&
                            FormatNodeId(c->leader->node_id()) == found->node_id);
    }
    if (!streams)
      std::erase_if(positions_, [&](const auto& position) {
        return FormatNodeId(position.first) == found->node_id;
      });
  });
  if (streams) return Conflict(address_or_id + " follows this node right now; stop it first");
  const auto info = CommandInfo{static_cast<uint16_t>(CommandKind::kFollowerForget), "admin", ""};
  const Outcome outcome =
      engine_.ExecuteDirectory(info, ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const auto known,
                             tx.Find<schema::FollowerNode>({std::string_view(found->node_id)}));
        return known ? tx.Erase(*known) : Status::Ok();
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  engine_.WaitReleased(outcome.release_index);
  return Status::Ok();
}

Status Service::Finalize(std::string* report) {
  if (!engine_.writable()) return Conflict("this node does not lead; finalize there");
  TNT_ASSIGN_OR_RETURN(const std::vector<Listed> listed, ListFollowers(engine_));
  TNT_ASSIGN_OR_RETURN(const uint32_t now, ClusterFormatVersion(engine_));
  std::vector<std::string> objections;
  for (const Listed& other : listed) {
    if (other.node_id == FormatNodeId(node_id_)) continue;
    const std::string name = other.address.empty() ? "follower " + other.node_id : other.address;
    const Result<Message> answer =
        other.address.empty()
            ? Result<Message>(Unavailable("it does not listen"))
            : Ask(other.address, options_.secret, StatusRequest{}, kAskMs, random_);
    const NodeStatus* status = answer.ok() ? std::get_if<NodeStatus>(&*answer) : nullptr;
    if (status == nullptr) {
      objections.push_back(name + " is unreachable");
      continue;
    }
    *report += name + ": knows up to version " + std::to_string(status->format_max) + "\n";
    if (status->format_max < options_.format_max) {
      objections.push_back(name + " must be upgraded first");
    }
  }
  if (now >= options_.format_max) {
    *report += "the cluster writes format version " + std::to_string(now) +
               ", the newest that this program knows: nothing to do\n";
    return Status::Ok();
  }
  if (!objections.empty()) return Conflict(Join(objections));
  TNT_RETURN_IF_ERROR(RaiseClusterFormatVersion(engine_, options_.format_max));
  *report += "the cluster writes format version " + std::to_string(options_.format_max) +
             " from now on; older programs cannot join it any more\n";
  return Status::Ok();
}

// From now on this node obeys the epoch; a leader of a lower one stops taking writes before it answers.
Message Service::JudgePromise(const PromiseRequest& request) {
  Verdict verdict;
  const bool higher = request.epoch > engine_.node().promised();
  if (higher && leading_) {
    engine_.StopWrites();
    leading_ = false;
  }
  const Status promised = higher ? engine_.node().Promise(request.epoch)
                                 : Conflict("this node obeys epoch " +
                                            std::to_string(engine_.node().promised()) + " already");
  verdict.granted = promised.ok();
  verdict.text = std::string(promised.message());
  if (promised.ok()) FollowInstead(request.leader_address);
  verdict.status = SelfStatus();
  return verdict;
}

void Service::FollowInstead(const std::string& address) {
  for (const auto& c : connections_) {
    if (c->follower || c->leader) Close(*c, Unavailable("the leader changed"));
  }
  if (!address.empty()) upstream_address_ = address;
  engine_.SetReplicaGate(true);
}

Message Service::JudgeHandoff(const HandoffRequest& request) {
  Verdict verdict;
  const Place end{engine_.log().end(), engine_.log().end_chain()};
  Status led = Conflict("this node does not have the leader's last entry");
  if (!leading_ && !Syncing() && end == request.end) led = Lead(request.epoch);
  verdict.granted = led.ok();
  verdict.text = std::string(led.message());
  verdict.status = SelfStatus();
  return verdict;
}

// Service thread. Applies what waits for a leader's word, and begins the epoch.
Status Service::Lead(uint64_t epoch) {
  for (const auto& c : connections_) {
    if (c->follower) Close(*c, Unavailable("this node leads now"));
  }
  engine_.SetReplicaGate(false);
  engine_.WaitReleased(engine_.appended_index());
  TNT_RETURN_IF_ERROR(engine_.BeginEpoch(epoch));
  engine_.SetReplicaGate(options_.replica_acks > 0);
  positions_.clear();
  leading_ = wrote_end_ = true;
  upstream_address_.clear();
  SetLeaderHttp("");
  note_("leading epoch " + std::to_string(epoch) + " from entry " +
        std::to_string(engine_.log().end().index + 1));
  return Status::Ok();
}

Status Service::Promote(bool force, std::string* report) {
  std::string old_leader;
  Place own;
  bool leads = false;
  RunAndWait([&] {
    leads = leading_;
    changing_role_ = !leads;
    old_leader = upstream_address_;
    if (!leads && upstream_ != nullptr) Close(*upstream_, Unavailable("a promotion is under way"));
    own = {engine_.log().end(), engine_.log().end_chain()};
  });
  if (leads) return Conflict("this node leads already");
  if (Syncing()) {
    RunAndWait([&] { changing_role_ = false; });
    return Conflict("this node copies its leader's data and has no whole state to lead with");
  }
  const auto give_up = [&](Status why) {
    RunAndWait([&] { changing_role_ = false; });
    return why;
  };
  Survey survey;
  survey.epoch_max = engine_.node().promised();
  const auto ask = [&](const std::string& name, const std::string& address, bool leader) {
    const Result<Message> answer =
        address.empty() ? Result<Message>(Unavailable("it does not listen"))
                        : Ask(address, options_.secret, StatusRequest{}, kAskMs, random_);
    const NodeStatus* status = answer.ok() ? std::get_if<NodeStatus>(&*answer) : nullptr;
    if (status == nullptr) {
      *report += name + ": unreachable\n";
      // An old leader that does not answer is why one promotes; a follower may have more than we do.
      if (!leader) survey.objections.push_back(name + " is unreachable");
      return;
    }
    *report += Describe(name, *status);
    survey.epoch_max = std::max({survey.epoch_max, status->promised, status->epoch});
    survey.reachable.push_back(address);
    if (status->role == Role::kLeader) {
      survey.objections.push_back(name + " still leads: use handoff there");
    } else if (status->role != Role::kFollower) {
      survey.objections.push_back(name + " is " + std::string(RoleName(status->role)) +
                                  ", and what it held is not judged");
    } else if (status->end.position > own.position) {
      survey.objections.push_back(name + " is ahead, at " + FormatPosition(status->end.position));
    }
  };
  const Result<std::vector<Listed>> listed = ListFollowers(engine_);
  if (!listed.ok()) return give_up(listed.status());
  for (const Listed& other : *listed) {
    if (other.node_id == FormatNodeId(node_id_) || other.address == old_leader) continue;
    ask(other.address.empty() ? "follower " + other.node_id : other.address, other.address, false);
  }
  ask(old_leader, old_leader, true);
  if (Diverged()) survey.objections.push_back("this node holds entries that were replaced");
  *report += "this node: position " + FormatPosition(own.position) + "\n";
  if (!survey.objections.empty() && !force) {
    return give_up(Conflict(Join(survey.objections) +
                            "; --force-data-loss promotes nevertheless and may lose what only "
                            "they have"));
  }
  const uint64_t epoch = survey.epoch_max + 1;
  for (const std::string& address : survey.reachable) {
    const Result<Message> answer =
        Ask(address, options_.secret, PromiseRequest{epoch, own, listen_address_}, kAskMs, random_);
    const Verdict* verdict = answer.ok() ? std::get_if<Verdict>(&*answer) : nullptr;
    const bool granted = verdict != nullptr && verdict->granted;
    // It may have taken more from the old leader since it was asked.
    const bool behind = granted && verdict->status.end.position <= own.position;
    if (behind || force) continue;
    return give_up(Conflict(address + (granted ? " got ahead meanwhile" : " did not promise") +
                            "; try again"));
  }
  Status led = Status::Ok();
  RunAndWait([&] {
    led = Lead(epoch);
    changing_role_ = false;
  });
  if (led.ok()) *report += "leading epoch " + std::to_string(epoch) + "\n";
  return led;
}

bool Service::FollowSuccessor() {
  bool leads = false;
  std::vector<std::string> streaming;
  RunAndWait([&] {
    leads = leading_;
    for (const auto& c : connections_) {
      if (!c->closed && c->leader) streaming.push_back(FormatNodeId(c->leader->node_id()));
    }
  });
  if (!leads) return false;
  const Result<std::vector<Listed>> listed = ListFollowers(engine_);
  if (!listed.ok()) return false;
  for (const Listed& other : *listed) {
    if (stop_watch_.load(std::memory_order_acquire)) return false;
    if (other.address.empty() || other.node_id == FormatNodeId(node_id_)) continue;
    if (std::find(streaming.begin(), streaming.end(), other.node_id) != streaming.end()) continue;
    const Result<Message> answer =
        Ask(other.address, options_.secret, StatusRequest{}, kWatchAskMs, random_);
    const NodeStatus* status = answer.ok() ? std::get_if<NodeStatus>(&*answer) : nullptr;
    const bool replaced = status != nullptr && status->cluster_id == engine_.cluster_id() &&
                          status->role == Role::kLeader && status->epoch > engine_.epoch();
    if (!replaced) continue;
    bool follows = false;
    RunAndWait([&] {
      if (!leading_) return;
      // As if the successor had reached this node when it asked for everybody's promise.
      JudgePromise({status->epoch, {}, other.address});
      follows = !leading_;
      note_("the node at " + other.address + " leads epoch " + std::to_string(status->epoch) +
            ", which replaced this one; following it");
    });
    return follows;
  }
  return false;
}

Status Service::Handoff(const std::string& address, std::string* report) {
  if (!engine_.writable()) return Conflict("this node does not lead");
  // On the service's thread: whether that follower streams and has synced so much.
  const auto has = [&](uint64_t durable_index) {
    return std::any_of(connections_.begin(), connections_.end(), [&](const auto& c) {
      return !c->closed && c->leader && c->leader->state() == LeaderSession::State::kStreaming &&
             c->leader->hello().replication_address == address &&
             c->leader->durable_index() >= durable_index;
    });
  };
  // It may be on its way, having just started.
  bool known = false;
  for (const int64_t known_by_ms = NowMs() + kFollowerComesMs; !known && NowMs() < known_by_ms;) {
    RunAndWait([&] { known = has(0); });
    if (!known) ::poll(nullptr, 0, 10);
  }
  if (!known) {
    return NotFound("no follower that listens at " + address +
                    " streams from this node; `tenantry admin replication` lists those that do");
  }
  engine_.StopWrites();
  // Until the other side was asked, nothing happened that cannot be undone.
  const auto resume = [&](Status why) {
    engine_.ResumeWrites();
    return why;
  };
  const int64_t until_ms = NowMs() + kDrainMs;
  Place end;
  for (bool ready = false; !ready;) {
    if (NowMs() > until_ms) {
      return resume(
          Unavailable("no follower at " + address + " reached the end of the log in time"));
    }
    RunAndWait([&] {
      const uint64_t last = engine_.appended_index();
      end = {engine_.log().end(), engine_.log().end_chain()};
      ready = engine_.released_index() == last && has(last);
    });
  }
  const uint64_t epoch = engine_.node().promised() + 1;
  const Result<Message> answer =
      Ask(address, options_.secret, HandoffRequest{epoch, end}, kAskMs, random_);
  const Verdict* verdict = answer.ok() ? std::get_if<Verdict>(&*answer) : nullptr;
  if (verdict != nullptr && !verdict->granted) return resume(Conflict(verdict->text));
  Status promised = Status::Ok();
  RunAndWait([&] {
    leading_ = false;
    promised = engine_.node().Promise(epoch);
    FollowInstead(address);
  });
  TNT_RETURN_IF_ERROR(promised);
  if (verdict == nullptr) {
    return Unavailable("whether " + address +
                       " took over is unknown: this node stopped leading and "
                       "follows it; if it does not lead, promote one of the two");
  }
  *report += address + " leads epoch " + std::to_string(epoch) + "; this node follows it\n";
  return Status::Ok();
}

}  // namespace tenantry::replication
