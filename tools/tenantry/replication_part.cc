#include "tools/tenantry/replication_part.h"

#include <utility>

#include "engine/tenant/directory.h"
#include "replication/socket.h"

namespace tenantry::tools {
namespace {

Status CheckSecret(const config::ReplicationSettings& options) {
  for (const std::string& address : {options.listen, options.follow}) {
    if (address.empty() || replication::IsLoopbackAddress(address)) continue;
    if (!options.secret_file.empty()) continue;
    return InvalidArgument(address +
                           " is not a loopback address: replication beyond this machine "
                           "needs --replication-secret-file, the same file on every node");
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<ReplicationPart>> ReplicationPart::Prepare(
    const config::ReplicationSettings& options, bool replica_durability, const std::string& data,
    FileSystem& files, Random& random) {
  std::unique_ptr<ReplicationPart> part(new ReplicationPart(options));
  TNT_RETURN_IF_ERROR(CheckSecret(options));
  part->replica_durability = replica_durability;
  if (part->replica_durability_on() && options.listen.empty()) {
    return InvalidArgument("--durability replica needs --replication-listen for the followers");
  }
  part->max_staleness_ms = options.max_staleness_ms;
  part->proxy_writes = options.follower_writes == "proxy";
  if (!options.secret_file.empty()) {
    TNT_ASSIGN_OR_RETURN(part->secret_, replication::ReadSecretFile(options.secret_file));
  }
  if (!part->follows()) return part;
  TNT_ASSIGN_OR_RETURN(const bool known, files.Exists(data + "/IDENTITY"));
  if (known) return part;
  TNT_ASSIGN_OR_RETURN(part->new_cluster_id_,
                       replication::AskClusterId(options.follow, part->secret_, random));
  return part;
}

void ReplicationPart::Configure(EngineOptions* engine_options) const {
  engine_options->follower = follows();
  engine_options->new_cluster_id = new_cluster_id_;
  engine_options->hold_unconfirmed = follows() || replica_durability_on();
}

Status ReplicationPart::Start(Engine& engine, Random& random,
                              std::function<void(const std::string&)> note,
                              std::function<void()> restart) {
  if (!enabled()) return Status::Ok();
  engine.SetDurableListener([this] { waker_.Wake(); });
  replication::ServiceOptions service;
  service.listen = options_.listen;
  service.follow = options_.follow;
  service.secret = secret_;
  service.http_address = options_.advertise_url;
  service.replica_acks = replica_durability_on() ? options_.replica_acks : 0;
  end_at_start_ = engine.position().index;
  service.retain_bytes = options_.retain_mib << 20;
  service.sync_bytes_per_second = options_.sync_rate_mib << 20;
  service.on_restart_wanted = std::move(restart);
  TNT_ASSIGN_OR_RETURN(service_, replication::Service::Start(engine, std::move(service), waker_,
                                                             random, std::move(note)));
  return Status::Ok();
}

bool ReplicationPart::MayServe(Engine& engine, std::string* note) {
  if (!enabled()) return true;
  if (follows()) {
    *note = "waiting for what the leader has";
    // A new folder answers nobody before it was complete once; an older one answers from what it has.
    if (new_cluster_id_ != 0 && !service_->CaughtUpOnce()) return false;
    if (service_->Syncing() && !tenant::HasTokenSecret(engine.View())) return false;
    return engine.position().index > 0 && tenant::HasTokenSecret(engine.View());
  }
  if (!replica_durability_on()) return true;
  *note = "waiting for " + std::to_string(options_.replica_acks) + " followers (--replica-acks)";
  return service_->FollowerCount() >= options_.replica_acks &&
         service_->ReplicatedIndex() >= end_at_start_;
}

void ReplicationPart::SetDefaultUrl(const std::string& url) {
  if (service_ && options_.advertise_url.empty()) service_->SetHttpAddress(url);
}

std::string ReplicationPart::LeaderUrl() const {
  return service_ ? service_->LeaderHttp() : "";
}

int64_t ReplicationPart::StalenessMs() const {
  return service_ ? service_->StalenessMs() : 0;
}

bool ReplicationPart::ServesReads() const {
  return !service_ || !(service_->Diverged() || service_->Syncing());
}

namespace {

server::AdminReply ShowReport(const replication::ServiceReport& report) {
  server::AdminReply reply;
  const replication::NodeStatus& self = report.self;
  reply.output = "role\t" + std::string(replication::RoleName(self.role)) + "\nepoch\t" +
                 std::to_string(self.epoch) + "\npromised\t" + std::to_string(self.promised) +
                 "\nposition\t" + FormatPosition(self.end.position) + "\napplied\t" +
                 std::to_string(self.applied_index) + "\nlisten\t" + report.listen_address + "\n";
  if (!report.leader_address.empty()) {
    reply.output += "leader\t" + report.leader_address + "\t" + report.leader_http + "\t" +
                    (report.connected ? "connected" : "not connected") + "\n";
  }
  if (report.syncing) {
    reply.output += "copying\t" + std::to_string(report.sync.here_bytes) + " of " +
                    std::to_string(report.sync.total_bytes) + " bytes\treceived " +
                    std::to_string(report.sync.received_bytes) + "\n";
  }
  for (const replication::FollowerReport& follower : report.followers) {
    reply.output +=
        "follower\t" + replication::NodeName(follower.replication_address, follower.node_id) +
        "\t" + follower.http_address + "\tdurable " + std::to_string(follower.durable_index) +
        "\tapplied " + std::to_string(follower.applied_index) + "\tlag " +
        std::to_string(follower.lag_entries) + " entries, " + std::to_string(follower.lag_bytes) +
        " bytes, " + std::to_string(follower.lag_ms) + " ms\n";
  }
  return reply;
}

}  // namespace

std::optional<server::AdminReply> ReplicationPart::RunAdmin(const server::AdminRequest& request) {
  const bool ours = request.command == "admin replication" || request.command == "admin promote" ||
                    request.command == "admin handoff" || request.command == "replication remove" ||
                    request.command == "admin finalize";
  if (!ours) return std::nullopt;
  if (!service_) {
    return server::AdminReply{server::kExitReplication, "",
                              "this server runs without --replication-listen and --follow"};
  }
  if (request.command == "admin replication") return ShowReport(service_->Report());
  server::AdminReply reply;
  Status done;
  if (request.command == "admin promote") {
    const auto force = request.arguments.find("force-data-loss");
    const bool forced = force != request.arguments.end() && !force->second.empty();
    done = service_->Promote(forced, &reply.output);
  } else if (request.command == "admin finalize") {
    done = service_->Finalize(&reply.output);
  } else if (request.command == "replication remove") {
    done = service_->RemoveFollower(request.arguments.at("follower"));
    if (done.ok()) reply.output = "removed\n";
  } else {
    done = service_->Handoff(request.arguments.at("to"), &reply.output);
  }
  if (!done.ok()) {
    const bool missing = done.code() == StatusCode::kNotFound;
    reply = {missing ? server::kExitNotFound : server::kExitReplication, reply.output,
             std::string(done.message())};
  }
  return reply;
}

}  // namespace tenantry::tools
