#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "engine/gym/location_search.h"
#include "engine/gym/names.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"
#include "server/gym/session_filter.h"

namespace tenantry::server::gym {
namespace {

template <class T>
std::string Object(const codec::Stored<T>& record) {
  std::string out;
  codec::AppendObject<T>(&out, *record);
  return out;
}

// Active ones: the gym's, or everybody's.
Result<std::vector<domain::Location>> Listed(const Access& access) {
  if (access.gym) return domain::ListLocations(access.Space(), domain::kDiscoveryRowsMax);
  return domain::DiscoverLocations(access.view, access.tier);
}

Result<std::string> RenderLocations(const Access& access) {
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Location> found, Listed(access));
  return RenderArray(found);
}

// The items of a comma list, trimmed, without empty ones.
std::vector<std::string> ListParam(const http::Request& request, std::string_view name) {
  const std::string text = request.FindQuery(name).value_or("");
  std::vector<std::string> items;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view item = domain::TrimName(std::string_view(text).substr(at, comma - at));
    if (!item.empty()) items.emplace_back(item);
    at = comma + 1;
  }
  return items;
}

Result<std::string> RenderFacilities(const Access& access, const http::Request& request) {
  domain::FacilityFilter filter;
  filter.text = request.FindQuery("q").value_or("");
  filter.amenities = ListParam(request, "amenities");
  filter.equipment = ListParam(request, "equipment");
  filter.services = ListParam(request, "services");
  filter.country = request.FindQuery("country").value_or("");
  filter.province = request.FindQuery("province").value_or("");
  filter.city = request.FindQuery("city").value_or("");
  const std::string type = request.FindQuery("locationType").value_or("");
  if (!type.empty()) {
    const std::optional<uint16_t> value =
        EnumValue(schema::InfoOf<schema::GymLocation>(), "locationType", type);
    if (!value) return std::string("[]");
    filter.type = static_cast<schema::GymLocationType>(*value);
  }
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Location> all, Listed(access));
  std::string out = "[";
  for (const domain::Location& location : all) {
    if (!domain::Matches(location, filter)) continue;
    if (out.size() > 1) out.push_back(',');
    AppendOpenedLocation(&out, location, std::nullopt);
  }
  out.push_back(']');
  return out;
}

// A number within bounds; `value` keeps its default when the parameter is optional and absent.
struct NumberParam {
  std::string_view name;
  double minimum, maximum;
  bool required = true;
};
void ParseNumber(const http::Request& request, const NumberParam& param, double* value,
                 std::vector<std::string>* errors) {
  const std::string text = request.FindQuery(param.name).value_or("");
  if (text.empty() && !param.required) return;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), *value);
  const std::string name(param.name);
  if (failed != std::errc() || stop != text.data() + text.size() || !std::isfinite(*value)) {
    errors->push_back(name + " must be a number");
  } else if (*value < param.minimum || *value > param.maximum) {
    errors->push_back(
        fmt::format("{} must be between {} and {}", name, param.minimum, param.maximum));
  }
}

Result<std::string> RenderNearby(const Access& access, const http::Request& request) {
  constexpr double kHalfEarthKm = 20'100;
  domain::Point here;
  double radius_km = 10;
  std::vector<std::string> errors;
  ParseNumber(request, {"latitude", -90, 90}, &here.latitude, &errors);
  ParseNumber(request, {"longitude", -180, 180}, &here.longitude, &errors);
  ParseNumber(request, {"radiusKm", 0, kHalfEarthKm, false}, &radius_km, &errors);
  if (!errors.empty()) return InvalidFields(std::move(errors));
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Location> all, Listed(access));
  std::string out = "[";
  for (const domain::NearbyLocation& near : domain::Nearby(all, here, radius_km)) {
    if (out.size() > 1) out.push_back(',');
    AppendOpenedLocation(&out, near.location, near.distance_km);
  }
  out.push_back(']');
  return out;
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

http::Response ChangeLocation(const Context& context, const Access& access,
                              const http::Request& request) {
  const auto input =
      codec::Input<schema::GymLocationInput>::Decode(request.body, codec::Extent::kPatch);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(
      context, request,
      domain::UpdateLocation(access.Scope(context, request), request.params.values[0], *input), 200,
      Object<schema::GymLocation>);
}

http::Response ShutLocation(const Context& context, const Access& access,
                            const http::Request& request) {
  return Replied(context, request,
                 domain::CloseLocation(access.Scope(context, request), request.params.values[0]),
                 200, Object<schema::GymLocation>);
}

http::Response FacilitySearch(const Context& context, const Access& access,
                              const http::Request& request) {
  return Answered(context, request, RenderFacilities(access, request));
}

http::Response NearbySearch(const Context& context, const Access& access,
                            const http::Request& request) {
  return Answered(context, request, RenderNearby(access, request));
}

}  // namespace tenantry::server::gym
