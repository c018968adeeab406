#pragma once
// Endpoints: where a tenant wants its events sent.
//
// Rules    at most kEndpointsMax per tenant. The first endpoint turns the tenant's events on, the last one off. A secret is
//          handed out when its endpoint is created and never again.
// Errors   kNotFound "Webhook with ID <id> not found"; kConflict at the limit; kInvalidArgument for unknown events.
// Threads  any.

#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/engine.h"
#include "engine/schema/webhooks.capnp.h"

namespace tenantry::webhooks {

using Endpoint = codec::Stored<schema::WebhookEndpoint>;

inline constexpr size_t kEndpointsMax = 20;
inline constexpr std::string_view kSecretPrefix = "whsec_";

struct EndpointReply {
  Outcome outcome;
  std::optional<Endpoint> endpoint;  // Set when the outcome is OK, but not by DeleteEndpoint.
};
// `info` says who asks; its command is filled in. URLs are judged by the caller.
EndpointReply CreateEndpoint(Engine& engine, const TenantRef& tenant,
                             const codec::Input<schema::WebhookInput>& input, CommandInfo info,
                             ReadTier tier);
EndpointReply UpdateEndpoint(Engine& engine, const TenantRef& tenant, std::string_view id,
                             const codec::Input<schema::WebhookPatch>& input, CommandInfo info,
                             ReadTier tier);
EndpointReply DeleteEndpoint(Engine& engine, const TenantRef& tenant, std::string_view id,
                             CommandInfo info, ReadTier tier);

Result<Endpoint> GetEndpoint(const SpaceReader& space, std::string_view id);
// Oldest first.
Result<std::vector<Endpoint>> ListEndpoints(const SpaceReader& space);

// Base64 of an HMAC-SHA256 with the endpoint's secret, as in "v1,<this>" of Standard Webhooks.
std::string Sign(std::string_view secret, std::string_view id, int64_t timestamp_s,
                 std::string_view body);

}  // namespace tenantry::webhooks
