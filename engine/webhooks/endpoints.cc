#include "engine/webhooks/endpoints.h"

#include <sodium.h>

#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/webhooks/events.h"

namespace tenantry::webhooks {
namespace {

constexpr uint8_t kByCreation = 1;
constexpr size_t kSecretBytes = 24;
constexpr size_t kEventsMax = 50;

using codec::View;

std::string Base64(std::string_view bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // The terminating zero.
  return text;
}

Status NotFoundEndpoint(std::string_view id) {
  return NotFound("Webhook with ID " + std::string(id) + " not found");
}

Status CheckEvents(capnp::List<capnp::Text>::Reader events) {
  if (events.size() > kEventsMax) return InvalidArgument("events must hold at most 50 entries");
  for (const auto event : events) {
    if (IsEventPattern(View(event))) continue;
    return InvalidArgument("events: there is no event type \"" + std::string(View(event)) +
                           "\"; use \"*\", a type such as \"booking.created\", or \"booking.*\"");
  }
  return Status::Ok();
}

// No list means every event.
void DefaultEvents(codec::Draft<schema::WebhookEndpoint>* draft) {
  if (draft->reader().getEvents().size() == 0) (*draft)->initEvents(1).set(0, "*");
}

// Runs a plan that hands out an endpoint.
EndpointReply RunPlan(Engine& engine, const TenantRef& tenant, CommandKind kind, CommandInfo info,
                      ReadTier tier,
                      const std::function<Result<std::optional<Endpoint>>(Transaction&)>& plan) {
  EndpointReply reply;
  info.command = static_cast<uint16_t>(kind);
  reply.outcome = engine.Execute(tenant, info, tier, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(reply.endpoint, plan(tx));
    return Status::Ok();
  });
  if (!reply.outcome.status.ok()) reply.endpoint.reset();
  return reply;
}

Result<std::optional<Endpoint>> Frozen(const codec::Draft<schema::WebhookEndpoint>& draft) {
  TNT_ASSIGN_OR_RETURN(Endpoint endpoint, Endpoint::Decode(draft.Encode()));
  return std::optional<Endpoint>(std::move(endpoint));
}

}  // namespace

EndpointReply CreateEndpoint(Engine& engine, const TenantRef& tenant,
                             const codec::Input<schema::WebhookInput>& input, CommandInfo info,
                             ReadTier tier) {
  return RunPlan(
      engine, tenant, CommandKind::kWebhookCreate, info, tier,
      [&](Transaction& tx) -> Result<std::optional<Endpoint>> {
        TNT_RETURN_IF_ERROR(CheckEvents((*input).getEvents()));
        TNT_ASSIGN_OR_RETURN(const std::vector<Endpoint> others, ListEndpoints(tx));
        const int64_t have = static_cast<int64_t>(others.size());
        if (!tx.trace().Check("webhook.limit", others.size() < kEndpointsMax,
                              {{"webhooks", have}})) {
          return Conflict("A tenant has at most 20 webhooks");
        }
        codec::Draft<schema::WebhookEndpoint> draft;
        codec::CopySent(input, &draft);
        DefaultEvents(&draft);
        draft->setId(NewUuid(tx.random()));
        draft->setSecret(std::string(kSecretPrefix) + Base64(tx.random().Bytes(kSecretBytes)));
        draft->setCreatedAt(tx.now_unix_ms());
        draft->setUpdatedAt(tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(tx.Insert(draft));
        TNT_RETURN_IF_ERROR(tx.SetObserved(true));
        return Frozen(draft);
      });
}

EndpointReply UpdateEndpoint(Engine& engine, const TenantRef& tenant, std::string_view id,
                             const codec::Input<schema::WebhookPatch>& input, CommandInfo info,
                             ReadTier tier) {
  return RunPlan(engine, tenant, CommandKind::kWebhookUpdate, info, tier,
                 [&](Transaction& tx) -> Result<std::optional<Endpoint>> {
                   TNT_RETURN_IF_ERROR(CheckEvents((*input).getEvents()));
                   TNT_ASSIGN_OR_RETURN(const Endpoint before, GetEndpoint(tx, id));
                   codec::Draft<schema::WebhookEndpoint> draft(before);
                   codec::CopySent(input, &draft);
                   DefaultEvents(&draft);
                   draft->setUpdatedAt(tx.now_unix_ms());
                   TNT_RETURN_IF_ERROR(tx.Update(before, draft));
                   return Frozen(draft);
                 });
}

EndpointReply DeleteEndpoint(Engine& engine, const TenantRef& tenant, std::string_view id,
                             CommandInfo info, ReadTier tier) {
  info.frees_space = true;
  return RunPlan(engine, tenant, CommandKind::kWebhookDelete, info, tier,
                 [&](Transaction& tx) -> Result<std::optional<Endpoint>> {
                   TNT_ASSIGN_OR_RETURN(const Endpoint before, GetEndpoint(tx, id));
                   TNT_ASSIGN_OR_RETURN(const std::vector<Endpoint> all, ListEndpoints(tx));
                   TNT_RETURN_IF_ERROR(tx.Erase(before));
                   if (all.size() == 1) TNT_RETURN_IF_ERROR(tx.SetObserved(false));
                   return std::optional<Endpoint>();
                 });
}

Result<Endpoint> GetEndpoint(const SpaceReader& space, std::string_view id) {
  Result<Endpoint> endpoint = space.Get<schema::WebhookEndpoint>({id});
  if (!endpoint.ok() && endpoint.status().code() == StatusCode::kNotFound) {
    return NotFoundEndpoint(id);
  }
  return endpoint;
}

Result<std::vector<Endpoint>> ListEndpoints(const SpaceReader& space) {
  std::vector<Endpoint> endpoints;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::WebhookEndpoint>({.index = kByCreation},
                                                               [&](const Endpoint& endpoint) {
                                                                 endpoints.push_back(endpoint);
                                                                 return true;
                                                               }));
  return endpoints;
}

std::string Sign(std::string_view secret, std::string_view id, int64_t timestamp_s,
                 std::string_view body) {
  if (secret.starts_with(kSecretPrefix)) secret.remove_prefix(kSecretPrefix.size());
  std::string key(secret.size(), '\0');
  size_t key_bytes = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), secret.data(),
                        secret.size(), nullptr, &key_bytes, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    key_bytes = 0;
  }
  std::string content(id);
  content.append(".").append(std::to_string(timestamp_s)).append(".").append(body);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key_bytes);
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(content.data()),
                                content.size());
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(mac.data()));
  return Base64(mac);
}

}  // namespace tenantry::webhooks
