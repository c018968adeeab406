#pragma once
// Ids: the identifiers that must not be mixed up, and the text ids both APIs hand out.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/random.h"

namespace tenantry {

// Which tenant owns a key. Allocated by the directory, never reused. Space 0 is the directory itself.
class SpaceId {
 public:
  constexpr SpaceId() = default;
  constexpr explicit SpaceId(uint64_t value) : value_(value) {}
  constexpr uint64_t value() const { return value_; }
  friend constexpr auto operator<=>(SpaceId, SpaceId) = default;

 private:
  uint64_t value_ = 0;
};

inline constexpr SpaceId kDirectorySpace{0};

// A place in the log: a higher epoch is a later leader; indexes count entries from 1 and never repeat in an epoch.
struct Position {
  uint64_t epoch = 0;
  uint64_t index = 0;
  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

// "epoch.index", as replies carry it.
std::string FormatPosition(Position position);

// 'c' and 24 characters of [0-9a-z], the shape of the gym's ids.
std::string NewGymId(Random& random);
// Upper or lower case letters and digits after the 'c': what clients may send.
bool IsGymId(std::string_view text);
// UUID version 4, lower case, the shape of the popup API's ids.
std::string NewUuid(Random& random);
// Eight-four-four-four-twelve hexadecimal digits of either case.
bool IsUuid(std::string_view text);

}  // namespace tenantry
