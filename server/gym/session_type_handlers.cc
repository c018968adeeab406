#include "engine/gym/session_types.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

std::string Object(const domain::SessionType& type) {
  std::string out;
  codec::AppendObject<schema::GymSessionType>(&out, *type);
  return out;
}

http::Response Listed(const Context& context, const Access& access, const http::Request& request,
                      const domain::SessionTypeFilter& filter) {
  const auto types = domain::ListSessionTypes(access.Space(), filter);
  if (!types.ok()) return Refused(context, types.status(), request);
  return http::Response::Json(200, RenderArray(*types));
}

}  // namespace

http::Response AddSessionType(const Context& context, const Access& access,
                              const http::Request& request) {
  const auto input = codec::Input<schema::GymSessionTypeInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request,
                 domain::CreateSessionType(access.Scope(context, request), *input), 201, Object);
}

http::Response SessionTypes(const Context& context, const Access& access,
                            const http::Request& request) {
  const std::string category = request.FindQuery("category").value_or("");
  const std::string active = request.FindQuery("active").value_or("true");
  if (active != "true" && active != "false") {
    return Refused(context, InvalidFields({"active must be a boolean value"}), request);
  }
  return Listed(context, access, request, {active == "true", category});
}

http::Response ActiveSessionTypes(const Context& context, const Access& access,
                                  const http::Request& request) {
  return Listed(context, access, request, {});
}

http::Response SessionTypesOfCategory(const Context& context, const Access& access,
                                      const http::Request& request) {
  return Listed(context, access, request, {true, request.params.values[0]});
}

http::Response SessionTypeById(const Context& context, const Access& access,
                               const http::Request& request) {
  const auto type = domain::GetSessionType(access.Space(), request.params.values[0]);
  if (!type.ok()) return Refused(context, type.status(), request);
  return http::Response::Json(200, Object(*type));
}

http::Response ChangeSessionType(const Context& context, const Access& access,
                                 const http::Request& request) {
  const auto input =
      codec::Input<schema::GymSessionTypeInput>::Decode(request.body, codec::Extent::kPatch);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(
      context, request,
      domain::UpdateSessionType(access.Scope(context, request), request.params.values[0], *input),
      200, Object);
}

http::Response DropSessionType(const Context& context, const Access& access,
                               const http::Request& request) {
  return Replied(
      context, request,
      domain::RetireSessionType(access.Scope(context, request), request.params.values[0]), 200,
      Object);
}

}  // namespace tenantry::server::gym
