#include "engine/gym/location_search.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/codec/words.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr double kEarthRadiusKm = 6371.0;

bool Contains(std::string_view text, const std::string& folded) {
  return codec::FoldText(text).find(folded) != std::string::npos;
}

// Whether a stored JSON array of texts holds every one of `wanted`, whatever the case.
bool OffersAll(capnp::Text::Reader stored, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return true;
  std::vector<std::string> offered = codec::TextItems(View(stored));
  for (std::string& item : offered) item = codec::FoldText(item);
  return std::all_of(wanted.begin(), wanted.end(), [&offered](const std::string& item) {
    return std::find(offered.begin(), offered.end(), codec::FoldText(item)) != offered.end();
  });
}

bool IsOrAny(capnp::Text::Reader value, const std::string& wanted) {
  return wanted.empty() || View(value) == wanted;
}

}  // namespace

bool Matches(const Location& location, const FacilityFilter& filter) {
  if (filter.type && location->getLocationType() != *filter.type) return false;
  if (!IsOrAny(location->getCountry(), filter.country) ||
      !IsOrAny(location->getProvince(), filter.province) ||
      !IsOrAny(location->getCity(), filter.city)) {
    return false;
  }
  if (!filter.text.empty()) {
    const std::string folded = codec::FoldText(filter.text);
    if (!Contains(View(location->getName()), folded) &&
        !Contains(View(location->getAddress()), folded)) {
      return false;
    }
  }
  return OffersAll(location->getAmenities(), filter.amenities) &&
         OffersAll(location->getEquipment(), filter.equipment) &&
         OffersAll(location->getServices(), filter.services);
}

double DistanceKm(const Point& a, const Point& b) {
  constexpr double kRadians = std::numbers::pi / 180;
  const double half_lat = std::sin((b.latitude - a.latitude) * kRadians / 2);
  const double half_lon = std::sin((b.longitude - a.longitude) * kRadians / 2);
  const double h = half_lat * half_lat + std::cos(a.latitude * kRadians) *
                                             std::cos(b.latitude * kRadians) * half_lon * half_lon;
  return 2 * kEarthRadiusKm * std::asin(std::min(1.0, std::sqrt(h)));
}

std::vector<NearbyLocation> Nearby(const std::vector<Location>& locations, const Point& here,
                                   double radius_km) {
  std::vector<NearbyLocation> found;
  for (const Location& location : locations) {
    const Point there{location->getLatitude(), location->getLongitude()};
    if (std::isnan(there.latitude) || std::isnan(there.longitude)) continue;
    const double distance_km = DistanceKm(here, there);
    if (distance_km <= radius_km) found.push_back({location, distance_km});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const NearbyLocation& a, const NearbyLocation& b) {
                     return a.distance_km < b.distance_km;
                   });
  return found;
}

}  // namespace tenantry::gym
