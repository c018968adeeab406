#pragma once
// Sealing: the visitor sketches of hours that are over, each put into one row (engine/counters/sketch_row.h). A busy hour leaves 64
// rows behind and a series over a month read them all: 46,080 instead of 720, so that it cost the more the more was counted.
//
// Shape    a cursor per sketch owner says which hours are done. An event that comes in behind it finds no block there and writes a
//          fresh one beside the sealed row, which is right and stays.
// Units    hours of UTC since 1970.
// Errors   those of the engine.
// Threads  steps on a background thread, one at a time per shop; the rest anywhere.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "engine/popups/reclaim.h"

namespace tenantry::popups {

// An hour is left open for this long: events are on their way through a loop for milliseconds.
inline constexpr int64_t kSealLagMs = 60'000;

struct SketchOwner {
  uint8_t family = 0;  // kPopupVisitors or kShopVisitors.
  std::string_view id;
};

// Whether a step would find something.
Result<bool> HasHoursToSeal(const SpaceReader& shop, const SketchOwner& owner, int64_t now_unix_ms);
// Seals some hours; `more` when the same owner has more that are over.
Result<ReclaimProgress> SealStep(Engine& engine, const TenantRef& shop, const SketchOwner& owner);
// Forgets how far a deleted popup was sealed.
Status EraseSealCursor(Transaction& tx, const SketchOwner& owner);

}  // namespace tenantry::popups
