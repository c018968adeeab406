#pragma once
// Sealing: the visitor sketches of hours that are over, each put into one row (engine/counters/sketch_row.h). A busy hour leaves 64
// rows behind and a series over a month read them all: 46,080 instead of 720, so that it cost the more the more was counted. (What was
// removed still costs a scan a little, until the store has compacted it away.)
//
// Shape    a cursor per sketch owner says which hours are done. An event that comes in behind it finds no block there and writes a
//          fresh one beside the sealed row, which reads the same; it moves the cursor back, so that the next step takes it in. Only
//          what a rescue replay raises in a sealed hour stays beside it.
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
// An event of this hour was counted: it is to be sealed again if it was.
Status ReopenHour(Transaction& tx, const SketchOwner& owner, int64_t hour);
// Forgets how far a deleted popup was sealed.
Status EraseSealCursor(Transaction& tx, const SketchOwner& owner);

}  // namespace tenantry::popups
