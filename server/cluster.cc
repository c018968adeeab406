#include "server/cluster.h"

#include <charconv>
#include <limits>

#include "server/outbound/forwarder.h"

namespace tenantry::server {
namespace {

constexpr std::string_view kMinPosition = "Tenantry-Min-Position";

bool IsRead(const http::Request& request) {
  return request.method == http::Method::kGet || request.method == http::Method::kHead;
}

// "epoch.index", nothing else.
std::optional<Position> ParsePosition(std::string_view text) {
  Position position;
  const char* const end = text.data() + text.size();
  const auto epoch = std::from_chars(text.data(), end, position.epoch);
  if (epoch.ec != std::errc() || epoch.ptr == end || *epoch.ptr != '.') return std::nullopt;
  const auto index = std::from_chars(epoch.ptr + 1, end, position.index);
  if (index.ec != std::errc() || index.ptr != end) return std::nullopt;
  return position;
}

NodeRefusal ToLeader(const Cluster* cluster, const http::Request& request, int status_without,
                     std::string message) {
  const std::string leader = cluster == nullptr ? "" : cluster->LeaderUrl();
  if (leader.empty()) return {status_without, std::move(message), ""};
  return {307, std::move(message), leader + std::string(request.target)};
}

std::optional<NodeRefusal> CheckPosition(Engine& engine, const Cluster* cluster,
                                         const http::Request& request) {
  const std::optional<std::string_view> sent = request.FindHeader(kMinPosition);
  if (!sent) return std::nullopt;
  const std::optional<Position> wanted = ParsePosition(*sent);
  if (!wanted)
    return NodeRefusal{400, "Tenantry-Min-Position must be epoch.index, such as 1.42", ""};
  const EpochTable::Standing standing = engine.node().epochs().Judge(*wanted);
  if (standing == EpochTable::Standing::kReplaced) {
    return NodeRefusal{409,
                       "Tenantry-Min-Position names a history that was replaced; read again "
                       "without it",
                       ""};
  }
  const bool here =
      standing == EpochTable::Standing::kKnown && wanted->index <= engine.View().applied_index();
  if (here) return std::nullopt;
  return ToLeader(engine.writable() ? nullptr : cluster, request, 409,
                  "This node has not reached Tenantry-Min-Position");
}

}  // namespace

uint64_t IndexToWaitFor(Engine& engine, const http::Request& request) {
  if (!IsRead(request)) return 0;
  const std::optional<std::string_view> sent = request.FindHeader(kMinPosition);
  if (!sent) return 0;
  const std::optional<Position> wanted = ParsePosition(*sent);
  if (!wanted) return 0;
  switch (engine.node().epochs().Judge(*wanted)) {
    case EpochTable::Standing::kKnown:
      return wanted->index;
    case EpochTable::Standing::kAhead:
      // Which index that will be here is known once the epoch is: the time limit ends this wait.
      return std::numeric_limits<uint64_t>::max() - 1;
    case EpochTable::Standing::kReplaced:
      break;
  }
  return 0;
}

std::optional<NodeRefusal> CheckNode(Engine& engine, const Cluster* cluster,
                                     const http::Route& route, const http::Request& request) {
  if (route.module == http::Module::kShared) return std::nullopt;
  if (!IsRead(request)) {
    if (engine.writable()) return std::nullopt;
    NodeRefusal refusal =
        ToLeader(cluster, request, 503, "This node does not lead, and knows no leader now");
    if (!refusal.location.empty()) refusal.message = "This node does not lead; the leader does";
    const bool passed_on = request.FindHeader(outbound::kForwardedHeader).has_value();
    refusal.pass_on = !refusal.location.empty() && cluster->proxy_writes && !passed_on;
    return refusal;
  }
  if (cluster != nullptr && !engine.writable() && !cluster->ServesReads()) {
    return ToLeader(cluster, request, 503, "This node holds entries that its leader replaced");
  }
  if (auto refusal = CheckPosition(engine, cluster, request)) return refusal;
  if (cluster == nullptr || cluster->max_staleness_ms == 0) return std::nullopt;
  if (cluster->StalenessMs() <= cluster->max_staleness_ms) return std::nullopt;
  return ToLeader(cluster, request, 503, "This node is further behind its leader than allowed");
}

}  // namespace tenantry::server
