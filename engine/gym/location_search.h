#pragma once
// Location search: places by what they offer and by how far away they are.
//
// Units    degrees, kilometres on a sphere of radius 6,371 km.
// Threads  stateless.

#include <optional>
#include <string>
#include <vector>

#include "engine/gym/locations.h"

namespace tenantry::gym {

// Empty members ask for nothing.
struct FacilityFilter {
  std::string text;  // In name or address, whatever the case and accents.
  std::vector<std::string> amenities, equipment, services;  // All must be there.
  std::optional<schema::GymLocationType> type;
  std::string country, province, city;
};
bool Matches(const Location& location, const FacilityFilter& filter);

struct Point {
  double latitude = 0;
  double longitude = 0;
};
double DistanceKm(const Point& a, const Point& b);

struct NearbyLocation {
  Location location;
  double distance_km = 0;
};
// Those within the radius that say where they are, nearest first, then by name.
std::vector<NearbyLocation> Nearby(const std::vector<Location>& locations, const Point& here,
                                   double radius_km);

}  // namespace tenantry::gym
