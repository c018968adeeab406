#pragma once
// Service: the part of a node that talks to other nodes: one thread, its sockets, and the sessions on them.
//
//   followers ──▶ listener ──▶ LeaderSession each     feed of the log, acknowledgements
//   FollowerSession ──▶ leader                        entries into the engine
//   SyncSession ──▶ leader                            a full copy, for the next start of the engine
//
// Rules    the protocol is in the sessions; here are sockets, time and the engine. Nothing here waits for a peer.
// Threads  its own for everything; the other public methods from any thread, they post to it or read atomics.
// Owns     its thread, sockets and sessions. Borrows engine, clock, random and waker.
// Source   docs/replication.md.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "engine/engine.h"
#include "replication/checkpoint_source.h"
#include "replication/follower_session.h"
#include "replication/format_version.h"
#include "replication/leader_session.h"
#include "replication/secure_channel.h"
#include "replication/socket.h"
#include "replication/staging.h"

namespace tenantry::replication {

// Wakes the service's thread. Outlives the engine, whose threads call it.
class Waker {
 public:
  Waker();
  ~Waker();
  // From any thread, as often as you like.
  void Wake();
  int fd() const { return fd_; }
  void Clear();

 private:
  const int fd_;
  std::atomic<bool> pending_{
      false};  // Exchanges pair up: what came before a skipped Wake is seen after Clear.
};

struct ServiceOptions {
  std::string listen;  // HOST:PORT; empty: nobody can follow this node.
  std::string follow;  // HOST:PORT of the leader; empty: this node leads.
  std::string secret;
  std::string http_address;            // URL under which clients reach this node.
  uint32_t replica_acks = 0;           // Durability `replica` when leading; 0: `disk`.
  uint64_t retain_bytes = 1u << 30;    // Of log kept for followers that are behind or away.
  uint64_t sync_bytes_per_second = 0;  // Of a full copy to one follower; 0: no limit.
  uint32_t format_max =
      kFormatVersionMax;  // Less or more only in tests, which so are other programs.
  // A full copy is ready, and takes effect when the engine is opened again. On the service's thread.
  std::function<void()> on_restart_wanted;
};

struct FollowerReport {
  uint64_t node_id = 0;
  std::string replication_address;
  std::string http_address;
  uint64_t durable_index = 0;
  uint64_t applied_index = 0;
  uint64_t lag_entries = 0;
  uint64_t lag_bytes = 0;
  int64_t lag_ms = 0;
};

struct ServiceReport {
  NodeStatus self;
  std::string listen_address;
  std::string leader_address;  // Replication address that a follower talks to.
  std::string leader_http;
  bool connected = false;    // To the leader.
  int64_t staleness_ms = 0;  // Of a follower; 0 when leading.
  bool syncing = false;      // A full copy is under way or waits for the restart.
  SyncProgress sync;
  uint64_t sync_sent_bytes = 0;   // To followers, since the start.
  uint64_t checkpoint_bytes = 0;  // Of what they copy; 0 while nobody does.
  std::vector<FollowerReport> followers;
};

class Service {
 public:
  // The engine was opened as a follower exactly when `options.follow` is set.
  static Result<std::unique_ptr<Service>> Start(Engine& engine, ServiceOptions options,
                                                Waker& waker, Random& random,
                                                std::function<void(const std::string&)> note);
  ~Service();

  // Where it listens, with the port it got.
  const std::string& listen_address() const { return listen_address_; }
  // How old what this node shows may be, in milliseconds; a large number before the first contact. 0 when leading.
  int64_t StalenessMs() const;
  // A follower had everything its leader had, at least once.
  bool CaughtUpOnce() const { return caught_up_ns_.load(std::memory_order_acquire) != 0; }
  // The leader refuses this node for good: another cluster's folder, one that is used twice, or a program that is too old.
  bool Refused() const { return refused_.load(std::memory_order_acquire); }
  // This node holds entries that its leader replaced: what it shows is not the cluster's history.
  bool Diverged() const { return diverged_.load(std::memory_order_acquire); }
  // A full copy is under way, or waits for the restart: nothing here is to be shown, and this node leads nothing.
  bool Syncing() const { return syncing_.load(std::memory_order_acquire); }
  bool RestartWanted() const { return restart_wanted_.load(std::memory_order_acquire); }
  // Where clients reach this node, once it is known.
  void SetHttpAddress(const std::string& url);
  // Newest entry that enough followers have on their disks; 0 without durability `replica`.
  uint64_t ReplicatedIndex() const { return replicated_.load(std::memory_order_acquire); }
  // How many followers stream now.
  size_t FollowerCount() const { return follower_count_.load(std::memory_order_acquire); }

  // Makes this follower the leader of a new epoch. Asks every listed follower and the old leader first: kConflict names those
  // that are ahead, unreachable or still lead, unless `force`, which may lose what only they have. Blocks; `*report` says what
  // was found, one line each. Not from the service's thread.
  Status Promote(bool force, std::string* report);
  // Hands leadership to the follower that listens at `address`, without losing anything. Blocks.
  Status Handoff(const std::string& address, std::string* report);

  // A leader that was replaced while nobody could reach it follows its successor from now on: asks the listed nodes that do not
  // stream from here. Blocks; true when it happened. Called by itself every two seconds.
  bool FollowSuccessor();

  // URL of the leader as far as known; empty when not.
  std::string LeaderHttp() const TNT_EXCLUDES(leader_mutex_);
  // Takes a node that is gone for good off the list that a promotion asks. Blocks; kConflict while it streams, or where this node
  // does not lead; kNotFound when no such address or node id is listed.
  Status RemoveFollower(const std::string& address_or_id);

  // Raises the cluster's format version to the newest that every listed node knows of; kConflict names those that are in the way or
  // cannot be asked. Blocks; `*report` says what was found.
  Status Finalize(std::string* report);

  // Runs on the service's thread; waits for it.
  ServiceReport Report();
  // At most kReportMs old; waits for nobody. For metrics and probes.
  ServiceReport LastReport() const TNT_EXCLUDES(report_mutex_);

 private:
  struct Connection;
  class Host;
  Service(Engine& engine, ServiceOptions options, Waker& waker, Random& random,
          std::function<void(const std::string&)> note);

  void Run();
  void RunOnce();
  void RunPosted();
  void Watch();
  void Post(std::function<void()> task) TNT_EXCLUDES(posted_mutex_);
  void AcceptAll();
  void ConnectIfDue();
  void HandleReadable(Connection& c);
  Status HandleMessage(Connection& c, const Message& message);
  Status HandleInbound(Connection& c, const Message& message);
  Status HandleOutbound(Connection& c, const Message& message);
  Status BeginSync(Connection& c, std::vector<Message>* out);
  Status HandleSync(Connection& c, const Message& message, bool* taken);
  Status HandleSyncRequest(Connection& c, const Message& message, std::vector<Message>* out);
  Status PumpSync(Connection& c, std::vector<Message>* out);
  uint64_t LastThatCounts() const;
  Result<bool> CutUnconfirmed(const Welcome& welcome);
  Status FinishSync(const Welcome& welcome);
  void AskForRestart();
  void DropSync();
  void PumpAll();
  Status Pump(Connection& c);
  void Flush(Connection& c);
  void SendAll(Connection& c, std::vector<Message>* messages);
  void Close(Connection& c, const Status& why);
  void CountReplicas();
  Status ListFollower(const Hello& hello);
  // Whether the node of this hello follows on another connection already, and must not do so twice.
  std::optional<Refusal> RefuseTwin(const Hello& hello);
  Message JudgePromise(const PromiseRequest& request);
  Message JudgeHandoff(const HandoffRequest& request);
  void FollowInstead(const std::string& address);
  Status Lead(uint64_t epoch);
  void RunAndWait(std::function<void()> task);
  void RetainForFollowers();
  NodeStatus SelfStatus() const;
  Identity SelfIdentity() const TNT_EXCLUDES(leader_mutex_);
  std::string OwnHttp() const TNT_EXCLUDES(leader_mutex_);
  ServiceReport MakeReport();
  void KeepReport() TNT_EXCLUDES(report_mutex_);
  int64_t NowMs() const;
  void Note(std::string text);
  void SetLeaderHttp(const std::string& url) TNT_EXCLUDES(leader_mutex_);

  // Constant after construction.
  Engine& engine_;
  const ServiceOptions options_;
  Waker& waker_;
  Random& random_;
  const std::function<void(const std::string&)> note_;
  const std::unique_ptr<Host> host_;
  uint64_t node_id_ = 0;
  std::string listen_address_;
  Socket listener_;

  // Service thread only.
  CheckpointSource source_;
  std::unique_ptr<Staging> staging_;
  uint64_t sync_sent_bytes_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
  Connection* upstream_ = nullptr;
  std::string upstream_address_;
  int64_t connect_at_ms_ = 0;
  int64_t retain_at_ms_ = 0;
  int64_t report_at_ms_ = 0;
  std::map<uint64_t, uint64_t> positions_;  // Of every follower that came: its last durable entry.
  std::string last_note_;

  bool leading_ = false;  // Followers are fed; true a little longer than the engine takes commands.
  // The end of the log was written here and not received: of that, what was not released was not acknowledged. Elsewhere nobody
  // here knows.
  bool wrote_end_ = false;
  bool changing_role_ = false;  // No new connection to a leader meanwhile.

  std::atomic<int64_t> caught_up_ns_{0};
  std::atomic<bool> diverged_{false};
  std::atomic<bool> refused_{false};
  std::atomic<bool> syncing_{false};
  std::atomic<bool> restart_wanted_{false};
  std::atomic<uint64_t> replicated_{0};
  std::atomic<size_t> follower_count_{0};
  mutable Mutex report_mutex_{"replication_report"};
  ServiceReport last_report_ TNT_GUARDED_BY(report_mutex_);
  mutable Mutex leader_mutex_{"leader_http"};
  std::string leader_http_ TNT_GUARDED_BY(leader_mutex_);
  std::string own_http_ TNT_GUARDED_BY(leader_mutex_);
  Mutex posted_mutex_{"replication_posted"};
  std::vector<std::function<void()>> posted_ TNT_GUARDED_BY(posted_mutex_);
  std::atomic<bool> stop_{false};
  std::atomic<bool> stop_watch_{false};
  Thread thread_;
  Thread watch_;  // Ends first: it posts to the other.
};

// Sixteen hexadecimal digits, as the list of followers names a node.
std::string FormatNodeId(uint64_t node_id);
// What people know a node by: where it listens for other nodes, or its id when it does not.
std::string NodeName(const std::string& replication_address, uint64_t node_id);

// Asks a leader which cluster it leads, for a node that has no data yet.
Result<uint64_t> AskClusterId(const std::string& leader_address, const std::string& secret,
                              Random& random);

}  // namespace tenantry::replication
