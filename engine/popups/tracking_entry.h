#pragma once
// TrackingEntry: one log entry of a shop's events, planned inside the shop's partition.
//
// Errors   kNotFound when no event is left because all their popups are gone; otherwise those of
//          reads and writes.
// Threads  one at a time; lives as long as one plan.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/counters/counter_deltas.h"
#include "engine/counters/sketch_deltas.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/tracking.h"
#include "engine/transaction.h"

namespace tenantry::popups {

class TrackingEntry {
 public:
  // `memory` may be null.
  TrackingEntry(Transaction& tx, TrackingMemory* memory)
      : tx_(tx),
        limits_(memory != nullptr ? &memory->limits : nullptr),
        sketches_(tx.space(), memory != nullptr ? &memory->floor : nullptr) {}
  // Sets the refusal of each event that has no popup any more; counts and writes the others.
  Status Plan(std::span<Tracker::Tally::Item> items);

 private:
  struct PopupFacts {
    bool exists = false;
    int64_t view_limit = 0;
    std::map<int64_t, int64_t> quarter_views;  // Added by this entry.
    std::string rolled_up;                     // Cursor of the breakdowns, and its time.
    int64_t rolled_up_ms = INT64_MIN;
    BreakdownCounts late;             // Of views behind the cursor.
    int64_t oldest_hour = INT64_MAX;  // Of its views' visitors.
  };

  Result<bool> IsRepeat(KeyedEvent* keyed);
  Result<PopupFacts*> FactsOf(std::string_view popup_id);
  Status PlanView(const ViewEvent& view, PopupFacts* popup);
  Status PlanConversion(const ConversionEvent& conversion);
  void CountVisitor(std::string_view popup_id, std::string_view visitor, int64_t at_unix_ms);
  void CountViews();
  Status Mark(std::string_view name, int64_t views);
  Status MarkReachedLimits();
  Status CountDiscountUses();
  Status CountLateViews();
  Status ReopenHours();

  Transaction& tx_;
  ViewLimits* const limits_;  // May be null.
  uint64_t visitor_seed_ = 0;
  // Keys are borrowed from the events.
  std::map<std::string_view, PopupFacts> popups_;
  std::map<std::string_view, int64_t> discount_uses_;
  counters::CounterDeltas counters_;
  counters::SketchDeltas sketches_;
};

}  // namespace tenantry::popups
