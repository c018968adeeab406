// /ab-testing: split tests of a shop, and the arm of one visitor.

#include <algorithm>

#include "engine/popups/ab_groups.h"
#include "engine/popups/text.h"
#include "server/conditional.h"
#include "server/paging.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/popups/render.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

constexpr size_t kVisitorIdBytesMax = 200;

void AppendGroup(std::string* out, const db::AbGroupState& group) {
  out->push_back('{');
  codec::AppendMembers<schema::AbGroup>(out, *group.record);
  out->append(",\"totalVisitors\":");
  codec::AppendJsonInt(out, group.visitors);
  out->push_back('}');
}

http::Response GroupReply(int status, const db::AbGroupReply& reply) {
  if (!reply.outcome.status.ok()) return Refused(reply.outcome);
  std::string json;
  AppendGroup(&json, *reply.group);
  return Parked(http::Response::Json(status, std::move(json)), reply.outcome);
}

// For routes that name one group: an unknown shop has none.
Result<TenantRef> ShopOfGroup(const ReadView& view, const http::Request& request,
                              std::string_view shop_id) {
  Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (!shop.ok() && shop.status().code() == StatusCode::kNotFound) {
    return db::AbGroupNotFound(request.params.values[0]);
  }
  return shop;
}

Result<http::Response> Create(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_RETURN_IF_ERROR(module.gate().AdmitUnnamed(view, request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::CreateAbGroupInput>(request));
  const std::string_view shop_id = db::View((*input).getShopId());
  TNT_ASSIGN_OR_RETURN(const std::string actor, module.gate().Admit(view, request, shop_id));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, module.ShopForWrite(request, shop_id, actor));
  return GroupReply(201, db::CreateAbGroup(module.engine(), shop, input, InfoOf(request, actor),
                                           TierOf(request)));
}

Result<http::Response> List(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  TNT_ASSIGN_OR_RETURN(const auto space, Module::FindSpace(view, request, admitted.shop_id));
  db::AbGroupList list;
  if (space.has_value()) {
    TNT_ASSIGN_OR_RETURN(list, db::ListAbGroups(*space, SliceOf(paging)));
  }
  std::string json = "[";
  for (const db::AbGroupState& group : list.groups) {
    if (json.size() > 1) json.push_back(',');
    AppendGroup(&json, group);
  }
  json.push_back(']');
  http::Response response = http::Response::Json(200, std::move(json));
  AddPagingHeaders(request, paging, list.total, &response);
  return response;
}

Result<http::Response> Get(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfGroup(view, request, admitted.shop_id));
  TNT_ASSIGN_OR_RETURN(const db::AbGroupState group,
                       db::GetAbGroup(view.Space(shop, TierOf(request)), request.params.values[0]));
  std::string json;
  AppendGroup(&json, group);
  return http::Response::Json(200, std::move(json));
}

void AppendResult(std::string* out, const db::AbResult& result) {
  codec::ObjectWriter object(out);
  AppendPopupStats(&object, result.popup_id, result.stats);
  object.Number("trafficPercentage", result.percent);
}

Result<http::Response> Results(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfGroup(view, request, admitted.shop_id));
  const SpaceReader space = view.Space(shop, TierOf(request));
  TNT_ASSIGN_OR_RETURN(const db::AbGroupState group,
                       db::GetAbGroup(space, request.params.values[0]));
  TNT_ASSIGN_OR_RETURN(const auto results, db::ReadAbResults(space, *group.record));
  std::string json;
  {
    codec::ObjectWriter object(&json);
    AppendGroup(object.Key("group"), group);
    std::string* const out = object.Key("results");
    out->push_back('[');
    for (const db::AbResult& result : results) {
      if (&result != &results.front()) out->push_back(',');
      AppendResult(out, result);
    }
    out->push_back(']');
    const std::string_view winner = db::View(group.record->getWinnerPopupId());
    const auto won =
        std::find_if(results.begin(), results.end(),
                     [winner](const db::AbResult& result) { return result.popup_id == winner; });
    if (winner.empty() || won == results.end()) {
      object.Null("winner");
    } else {
      AppendResult(object.Key("winner"), *won);
    }
  }
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> Update(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::UpdateAbGroupInput>(request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfGroup(view, request, admitted.shop_id));
  return GroupReply(200, db::UpdateAbGroup(module.engine(), shop, request.params.values[0], input,
                                           InfoOf(request, admitted.actor), TierOf(request)));
}

Result<http::Response> Winner(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::SelectWinnerInput>(request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfGroup(view, request, admitted.shop_id));
  return GroupReply(201, db::SelectWinner(module.engine(), shop, request.params.values[0],
                                          db::View((*input).getPopupId()),
                                          InfoOf(request, admitted.actor), TierOf(request)));
}

// Asked by storefronts: which popup of the group this visitor sees; null while the test does not run.
Result<http::Response> Assign(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  const std::optional<std::string> visitor = request.FindQuery("visitorId");
  if (!visitor.has_value() || visitor->empty()) return InvalidArgument("visitorId is required");
  if (visitor->size() > kVisitorIdBytesMax) {
    return InvalidFields({"visitorId must be shorter than or equal to 200 characters"});
  }
  const std::string& id = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfGroup(module.engine().View(), request, shop_id));
  const db::AssignReply reply = db::AssignVisitor(module.engine(), shop, id, *visitor,
                                                  InfoOf(request, kStorefront), TierOf(request));
  if (!reply.outcome.status.ok()) return Refused(reply.outcome);
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.String("groupId", id);
    object.String("visitorId", *visitor);
    object.OptionalString("popupId", !reply.popup_id.empty(), reply.popup_id);
  }
  http::Response response = http::Response::Json(200, std::move(json));
  response.headers.emplace_back("Cache-Control", kNeverStored);
  return Parked(std::move(response), reply.outcome);
}

}  // namespace

void AddAbRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions managed;
  const RowOptions storefront{.permission = http::Permission::kStorefront};
  AddRow(routes, module, Method::kPost, "/ab-testing", "createAbGroup", Create, managed);
  AddRow(routes, module, Method::kGet, "/ab-testing", "listAbGroups", List, managed);
  AddRow(routes, module, Method::kGet, "/ab-testing/:id", "getAbGroup", Get, managed);
  AddRow(routes, module, Method::kPatch, "/ab-testing/:id", "updateAbGroup", Update, managed);
  AddRow(routes, module, Method::kGet, "/ab-testing/:id/results", "abGroupResults", Results,
         managed);
  AddRow(routes, module, Method::kPost, "/ab-testing/:id/winner", "selectAbWinner", Winner,
         managed);
  AddRow(routes, module, Method::kGet, "/ab-testing/:id/assign", "assignAbVisitor", Assign,
         storefront);
}

}  // namespace tenantry::server::popups
