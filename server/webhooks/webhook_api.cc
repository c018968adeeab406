#include "server/webhooks/webhook_api.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/codec/text_view.h"
#include "engine/webhooks/deliveries.h"
#include "engine/webhooks/endpoints.h"
#include "engine/webhooks/events.h"
#include "server/outbound/caller.h"
#include "server/record_json.h"
#include "server/reply.h"

namespace tenantry::server::webhooks {
namespace {

namespace db = tenantry::webhooks;

constexpr size_t kDeliveriesMax = 100;
constexpr size_t kDeliveriesDefault = 20;

using codec::View;

struct Answer {
  Status status;
  int code = 200;
  std::string json;  // Empty for 204.
  uint64_t release_index = 0;
};

CommandInfo InfoOf(const Caller& caller, const http::Request& request) {
  return {0, caller.actor, request.request_id};
}

Answer Refused(const Status& status, uint64_t release_index = 0) {
  return {status, 0, {}, release_index};
}

Status CheckUrl(capnp::Text::Reader url) {
  const Status status = outbound::TargetOf(View(url)).status();
  return status.ok() ? status : InvalidArgument("url: " + std::string(status.message()));
}

Answer Create(const Caller& caller, const http::Request& request) {
  const auto input = codec::Input<schema::WebhookInput>::Decode(request.body);
  if (!input.ok()) return Refused(input.status());
  if (const Status url = CheckUrl((**input).getUrl()); !url.ok()) return Refused(url);
  const db::EndpointReply made = db::CreateEndpoint(caller.engine, caller.tenant, *input,
                                                    InfoOf(caller, request), TierOf(request));
  if (!made.endpoint) return Refused(made.outcome.status, made.outcome.release_index);
  std::string json = RecordJson(*made.endpoint);
  json.pop_back();
  json.append(",\"secret\":");
  codec::AppendJsonString(&json, View((*made.endpoint)->getSecret()));
  json.push_back('}');
  return {Status::Ok(), 201, std::move(json), made.outcome.release_index};
}

Answer Update(const Caller& caller, const http::Request& request) {
  const auto input = codec::Input<schema::WebhookPatch>::Decode(request.body);
  if (!input.ok()) return Refused(input.status());
  if (input->Sent("url")) {
    if (const Status url = CheckUrl((**input).getUrl()); !url.ok()) return Refused(url);
  }
  const db::EndpointReply changed = db::UpdateEndpoint(
      caller.engine, caller.tenant, caller.id, *input, InfoOf(caller, request), TierOf(request));
  if (!changed.endpoint) return Refused(changed.outcome.status, changed.outcome.release_index);
  return {Status::Ok(), 200, RecordJson(*changed.endpoint), changed.outcome.release_index};
}

Answer Delete(const Caller& caller, const http::Request& request) {
  const Outcome outcome = db::DeleteEndpoint(caller.engine, caller.tenant, caller.id,
                                             InfoOf(caller, request), TierOf(request))
                              .outcome;
  return {outcome.status, 204, {}, outcome.release_index};
}

Answer Events() {
  std::string json;
  {
    codec::ObjectWriter object(&json);
    std::string* types = object.Key("types");
    for (const std::string& type : db::EventTypes()) {
      types->push_back(types->back() == ':' ? '[' : ',');
      codec::AppendJsonString(types, type);
    }
    types->push_back(']');
  }
  return {Status::Ok(), 200, std::move(json), 0};
}

Result<size_t> LimitOf(const http::Request& request) {
  const std::optional<std::string> text = request.FindQuery("limit");
  if (!text) return kDeliveriesDefault;
  size_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, limit);
  if (error != std::errc() || stop != end || limit == 0) {
    return InvalidArgument("limit must be a number from 1 to 100");
  }
  return std::min(limit, kDeliveriesMax);
}

Result<std::string> Read(Operation operation, const Caller& caller, const http::Request& request) {
  const SpaceReader space = caller.view.Space(caller.tenant, TierOf(request));
  if (operation == Operation::kList) {
    TNT_ASSIGN_OR_RETURN(const std::vector<db::Endpoint> endpoints, db::ListEndpoints(space));
    return RecordArray(endpoints);
  }
  TNT_ASSIGN_OR_RETURN(const db::Endpoint endpoint, db::GetEndpoint(space, caller.id));
  if (operation == Operation::kGet) return RecordJson(endpoint);
  TNT_ASSIGN_OR_RETURN(const size_t limit, LimitOf(request));
  TNT_ASSIGN_OR_RETURN(const std::vector<db::Delivery> deliveries,
                       db::ListDeliveries(space, caller.id, limit));
  return RecordArray(deliveries);
}

Answer Replay(const Caller& caller, const http::Request& request) {
  const db::ReplayReply reply =
      db::Replay(caller.engine, caller.tenant, caller.id, caller.delivery_id,
                 InfoOf(caller, request), TierOf(request));
  if (!reply.delivery) return Refused(reply.outcome.status, reply.outcome.release_index);
  return {Status::Ok(), 202, RecordJson(*reply.delivery), reply.outcome.release_index};
}

Answer Decide(Operation operation, const Caller& caller, const http::Request& request) {
  switch (operation) {
    case Operation::kCreate:
      return Create(caller, request);
    case Operation::kUpdate:
      return Update(caller, request);
    case Operation::kDelete:
      return Delete(caller, request);
    case Operation::kReplay:
      return Replay(caller, request);
    case Operation::kEvents:
      return Events();
    case Operation::kList:
    case Operation::kGet:
    case Operation::kDeliveries:
      break;
  }
  Result<std::string> json = Read(operation, caller, request);
  if (!json.ok()) return Refused(json.status());
  return {Status::Ok(), 200, *std::move(json), 0};
}

}  // namespace

http::Response Run(Operation operation, const Caller& caller, const http::Request& request) {
  Answer answer = Decide(operation, caller, request);
  http::Response response = !answer.status.ok() ? caller.refused(answer.status)
                            : answer.json.empty()
                                ? http::Response::Empty(answer.code)
                                : http::Response::Json(answer.code, std::move(answer.json));
  response.release_index = answer.release_index;
  return response;
}

}  // namespace tenantry::server::webhooks
