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
// Then the space, big-endian u64: its rows are still to be deleted. The value says whether rows of space 0 lead there.
inline constexpr std::string_view kDroppedPrefix = "dropped:";
inline constexpr std::string_view kDropped = "1";
// Nothing in space 0 names it any more. Behind it, once rows were deleted, the key of the last one without the space.
inline constexpr std::string_view kDroppedUnnamed = "2";

// The whole key of the row that says so.
std::string AliveKey(SpaceId space);

// The value of an alive space's row: "1", then flags in this order.
inline constexpr std::string_view kAlive = "1";
inline constexpr char kObservedFlag = 'w';   // Its changes are described to the CommandObserver.
inline constexpr char kSuspendedFlag = 's';  // Requests for it are refused.

inline bool HasFlag(std::string_view alive, char flag) {
  return alive.find(flag) != std::string_view::npos;
}
inline std::string AliveValue(bool observed, bool suspended) {
  std::string value(kAlive);
  if (observed) value.push_back(kObservedFlag);
  if (suspended) value.push_back(kSuspendedFlag);
  return value;
}

// The rest are rows of space 0, too: a prefix, then the space, big-endian u64.
inline constexpr std::string_view kMovedPrefix = "moved:";  // Its tenant's space now, big-endian.
inline constexpr std::string_view kLoadingPrefix = "loading:";  // Being restored; no tenant's yet.
// Replaced by a restore and kept for undoing it (engine/dump/restore.h): until when, Unix ms, big-endian u64, then the tenant's
// id, its record and its `alive` row, each with its length as varint.
inline constexpr std::string_view kReplacedPrefix = "replaced:";

inline std::string SpaceMeta(std::string_view prefix, SpaceId space) {
  std::string name(prefix);
  AppendBig64(&name, space.value());
  return name;
}
inline std::string DroppedMeta(SpaceId space) {
  return SpaceMeta(kDroppedPrefix, space);
}

inline Result<bool> IsAlive(const SpaceReader& space) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, space.Meta(kAliveMeta));
  return alive.has_value();
}

}  // namespace tenantry
