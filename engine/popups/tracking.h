#pragma once
// Tracking: views and conversions on their way into the log.
//
//   NewView / NewConversion   the raw event as the 201 answer shows it
//   PopupFinder               popup id -> shop, from a cache of the loop
//   Tracker::Add              into the loop's tally; the reply is held
//   Tracker::Flush            at tick end: per shop one entry with raw events and absolute
//                             counters, and one verdict per event
//   TrackNow                  the same for a single event, where no tick exists (blocking lane)
//
// An entry holds, besides the events: popup totals, quarter-hour buckets, shop totals and months,
// register changes of the visitor sketches, a limit mark when a view limit is reached, and the
// usage of discount codes. So counters equal events at any point a crash may leave.
//
// Errors   verdicts: kNotFound for an event whose popup was deleted before its entry; kUnavailable
//          and kNoSpace from the engine.
// Threads  Tracker and PopupFinder belong to one loop; the functions are stateless.
// Owns     events until Flush. Borrows the engine.
// Source   popups.md §3; docs/invariants.md (counters equal events).

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/base/text_hash.h"
#include "engine/codec/json_in.h"
#include "engine/counters/sketch_floor.h"
#include "engine/counters/tally.h"
#include "engine/engine.h"
#include "engine/keyed_call.h"
#include "engine/popups/bots.h"
#include "engine/popups/view_limits.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::popups {

using ViewEvent = codec::Draft<schema::PopupView>;
using ConversionEvent = codec::Draft<schema::PopupConversion>;
// An event that a bot rule kept out: only the rule is counted.
struct FilteredEvent {
  std::string popup_id;
  BotRule rule = BotRule::kNone;
};
using Event = std::variant<ViewEvent, ConversionEvent, FilteredEvent>;
std::string_view PopupIdOf(const Event& event);
// For plans, which may run twice.
Event CopyOf(const Event& event);

// Fresh id, the given time, and what was sent: the JSON of a TrackViewInput or TrackConversionInput. kInvalidArgument when it breaks
// their rules.
Result<ViewEvent> NewView(std::string_view json, int64_t now_unix_ms, Random& random);
Result<ConversionEvent> NewConversion(std::string_view json, int64_t now_unix_ms, Random& random);

// The same for an event of a batch; a conversion has a type.
ViewEvent NewView(const schema::BatchEventInput::Reader& input, int64_t now_unix_ms,
                  Random& random);
ConversionEvent NewConversion(const schema::BatchEventInput::Reader& input, int64_t now_unix_ms,
                              Random& random);

// The shop a popup lives in, as of the newest view. kNotFound "Popup with ID <id> not found".
Result<TenantRef> FindPopupShop(const Engine& engine, std::string_view popup_id, ReadTier tier);

// Remembers where popups live. Ids are never reused and popups never move, so an entry only becomes
// useless, not wrong: the entry that writes an event looks for its popup again.
class PopupFinder {
 public:
  explicit PopupFinder(const Engine& engine) : engine_(engine) {}
  Result<TenantRef> Find(std::string_view popup_id, ReadTier tier);
  void Forget(std::string_view popup_id);

 private:
  static constexpr size_t kPopupsMax = 65'536;  // About 8 MiB a loop; then it starts over.
  const Engine& engine_;
  std::unordered_map<std::string, TenantRef, TextHash, std::equal_to<>> shops_;
};

// An event that came with an Idempotency-Key. Its answer is stored in the entry of the event, or an earlier one found.
struct KeyedEvent {
  AnswerDraft answer;
  std::optional<StoredAnswer> found;  // Set when the event was counted before: it is dropped.
};

// What waits for the end of a tick.
struct Tracked {
  Event event;
  std::shared_ptr<KeyedEvent> keyed;  // Null for most.
};

// What a loop remembers from one tick to the next, so that most ticks read and decode less.
struct TrackingMemory {
  counters::SketchFloor floor;
  ViewLimits limits;
};

class Tracker {
 public:
  using Tally = counters::Tally<Tracked>;

  explicit Tracker(Engine& engine) : engine_(engine), finder_(engine) {}

  PopupFinder& finder() { return finder_; }
  // Takes the event; its ticket comes back in a verdict of the next Flush.
  uint64_t Add(const TenantRef& shop, Event event, std::shared_ptr<KeyedEvent> keyed = nullptr);
  bool empty() const { return tally_.empty(); }
  void Flush(std::vector<counters::Verdict>* verdicts);

 private:
  Engine& engine_;
  PopupFinder finder_;
  TrackingMemory memory_;
  Tally tally_;
};

// Writes one event now.
Outcome TrackNow(Engine& engine, const TenantRef& shop, Event event, ReadTier tier);

// Writes events of one shop in bounded entries, as Flush does; for demo data and imports, whose
// events have their own times. Stops at the first entry that fails. Events of missing popups are
// dropped.
Outcome TrackAll(Engine& engine, const TenantRef& shop, std::vector<Event> events);

// The same in one entry, for events that may have been written before: those are left out, and so are events of missing
// popups. `fates` gets one per event, in their order.
enum class OnceFate : uint8_t { kCounted, kThere, kNoPopup };
Outcome TrackOnce(Engine& engine, const TenantRef& shop, const CommandInfo& info,
                  std::span<const Event> events, std::vector<OnceFate>* fates);

}  // namespace tenantry::popups
