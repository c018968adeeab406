#pragma once
// Meta rows of spaces: whether a tenant is alive, which space id comes next, which dropped spaces still hold bytes.

#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/space_reader.h"

namespace tenantry {

inline constexpr std::string_view kAliveMeta = "alive";
inline constexpr std::string_view kTenantMeta = "tenant";         // The id, for logs.
inline constexpr std::string_view kNextSpaceMeta = "next_space";  // Big-endian u64, space 0 only.
inline constexpr std::string_view kDroppedPrefix = "dropped:";    // Then the space, big-endian u64.

// The value of an alive space's row: "1", then flags.
inline constexpr std::string_view kAlive = "1";
inline constexpr std::string_view kAliveObserved =
    "1w";  // Its changes are described to the CommandObserver.

inline std::string DroppedMeta(SpaceId space) {
  std::string name(kDroppedPrefix);
  AppendBig64(&name, space.value());
  return name;
}

inline Result<bool> IsAlive(const SpaceReader& space) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, space.Meta(kAliveMeta));
  return alive.has_value();
}

}  // namespace tenantry
