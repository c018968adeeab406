#include "engine/gym/locations.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

template <class T>
std::string Object(const codec::Stored<T>& record) {
  std::string out;
  codec::AppendObject<T>(&out, *record);
  return out;
}

Result<std::string> RenderLocations(const Access& access) {
  Result<std::vector<domain::Location>> found =
      access.gym ? domain::ListLocations(access.Space(), domain::kDiscoveryRowsMax)
                 : domain::DiscoverLocations(access.view, access.tier);
  if (!found.ok()) return found.status();
  return RenderArray(*found);
}

Result<std::string> RenderLocation(const Access& access, std::string_view id) {
  std::optional<TenantRef> gym;
  if (access.gym) {
    gym = access.tenant();
  } else {
    Result<TenantRef> owner = tenant::Directory::FindByReference(
        access.view, schema::ReferenceKind::LOCATION, id, access.tier);
    if (!owner.ok()) {
      if (owner.status().code() != StatusCode::kNotFound) return owner.status();
      return NotFound("Location with ID " + std::string(id) + " not found");
    }
    gym = *owner;
  }
  TNT_ASSIGN_OR_RETURN(const domain::Location location,
                       domain::GetLocation(access.view.Space(*gym, access.tier), id));
  return Object(location);
}

}  // namespace

http::Response AddLocation(const Context& context, const Access& access,
                           const http::Request& request) {
  const auto input = codec::Input<schema::GymLocationInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request, domain::CreateLocation(access.Scope(context, request), *input),
                 201, Object<schema::GymLocation>);
}

http::Response Locations(const Context& context, const Access& access,
                         const http::Request& request) {
  return Answered(context, request, RenderLocations(access));
}

http::Response LocationById(const Context& context, const Access& access,
                            const http::Request& request) {
  return Answered(context, request, RenderLocation(access, request.params.values[0]));
}

}  // namespace tenantry::server::gym
