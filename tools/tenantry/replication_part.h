#pragma once
// ReplicationPart: the options of `serve` that make a node a leader with followers, or a follower, and the service they start.
//
// Errors   Prepare: kInvalidArgument for options that do not fit together, kUnavailable when the leader of a new follower does
//          not answer.
// Threads  the main thread; Waker() from any.
// Owns     the service. Must be made before the engine and stopped before it.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "replication/service.h"
#include "server/admin/admin_commands.h"
#include "server/cluster.h"
#include "tools/config/settings.h"

namespace tenantry::tools {

class ReplicationPart final : public server::Cluster {
 public:
  // A folder without data that follows takes over the cluster of its leader.
  static Result<std::unique_ptr<ReplicationPart>> Prepare(
      const config::ReplicationSettings& settings, bool replica_durability, const std::string& data,
      FileSystem& files, Random& random);

  // Neither follows nor is followed: everything below does nothing.
  bool enabled() const { return !options_.listen.empty() || !options_.follow.empty(); }
  bool follows() const { return !options_.follow.empty(); }
  void Configure(EngineOptions* engine_options) const;
  // Sets the engine's durable listener. The release listener must call waker().Wake() too.
  // `restart` is called, on another thread, when a full copy of the leader's data wants the engine opened again.
  Status Start(Engine& engine, Random& random, std::function<void(const std::string&)> note,
               std::function<void()> restart);
  bool RestartWanted() const { return service_ && service_->RestartWanted(); }
  void Stop() { service_.reset(); }

  // Nothing to lead or follow any more that this node would have to wait for: it may answer requests. `*note` says what it
  // waits for.
  bool MayServe(Engine& engine, std::string* note);
  // The commands of `admin` that are about other nodes.
  std::optional<server::AdminReply> RunAdmin(const server::AdminRequest& request);
  bool replica_durability_on() const { return replica_durability; }
  int64_t replica_timeout_ms() const { return options_.replica_timeout_ms; }
  // The first address of clients, when none was advertised.
  void SetDefaultUrl(const std::string& url);

  std::string LeaderUrl() const override;
  int64_t StalenessMs() const override;
  bool ServesReads() const override;

  replication::Waker& waker() { return waker_; }
  replication::Service* service() const { return service_.get(); }

 private:
  explicit ReplicationPart(const config::ReplicationSettings& settings) : options_(settings) {}

  const config::ReplicationSettings options_;
  std::string secret_;
  uint64_t new_cluster_id_ = 0;
  uint64_t end_at_start_ = 0;  // Of the log: replicas must have it before anybody is shown it.
  replication::Waker waker_;
  std::unique_ptr<replication::Service> service_;
};

}  // namespace tenantry::tools
