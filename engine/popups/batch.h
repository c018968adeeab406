#pragma once
// Batch: several tracked events of one shop in one log entry, each counted once per client id.
//
// Shape    an id is remembered for kEventIdWindowMs with the entry that counted its event, so that a
//          retry, a second tab or a replayed beacon finds it; housekeeping forgets it afterwards.
//          An event without an id is counted every time.
// Errors   those of the engine; nothing was counted then.
// Threads  any; stateless.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/popups/tracking.h"

namespace tenantry::popups {

inline constexpr int64_t kEventIdWindowMs = 24 * 60 * 60 * 1000;
inline constexpr size_t kBatchEventsMax = 100;
inline constexpr size_t kEventIdBytesMax = 64;

enum class EventFate : uint8_t { kCounted, kDuplicate, kUnknownPopup, kFiltered };
std::string_view EventFateName(EventFate fate);

struct BatchEvent {
  std::string id;  // The client's; may be empty.
  Event event;     // A filtered one takes no id.
};

// `fates` gets one entry per event, in their order.
Outcome TrackBatch(Engine& engine, const TenantRef& shop, std::span<const BatchEvent> events,
                   ReadTier tier, std::vector<EventFate>* fates);

}  // namespace tenantry::popups
