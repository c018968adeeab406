#pragma once
// Tally: one HTTP loop's shard of countable events. Events are only pushed while the loop works
// through a batch of requests; at the end of the tick each touched space gets as few log entries as
// fit, in ascending order of space.
//
//   Add (handler)  ticket for the held reply   ->   Flush (tick end)  one verdict per ticket
//
// Units    costs are upper bounds of what an event adds to a log entry; an entry never exceeds
//          kEntryCostMax.
// Errors   an event that is refused, or whose entry is, gets that status in its verdict; the others
//          are unaffected.
// Threads  its loop only; loops share nothing here and meet in the engine.
// Owns     the events until Flush.

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace tenantry::counters {

struct EntryCost {
  uint32_t effects =
      0;  // Rows written, counting each row that may be shared with another event in full.
  uint32_t bytes = 0;  // Of the raw event.
};

// Half the log's limits (engine/log/write_set.h: 4096 effects, 1 MiB): counters and keys need room
// as well. It also keeps an entry below the rows that one command may read on a loop
// (kInlineRowsMax).
inline constexpr EntryCost kEntryCostMax{.effects = 1800, .bytes = 512 * 1024};

struct Verdict {
  uint64_t ticket = 0;
  Status status;
  uint64_t release_index = 0;
};

template <class Event>
class Tally {
 public:
  struct Item {
    uint64_t ticket = 0;
    EntryCost cost;
    Event event;
    // Set by the commit for an event that no longer has a place, such as a deleted popup's.
    Status refusal;
  };

  // The ticket names the event in its verdict; never 0.
  uint64_t Add(const TenantRef& tenant, Event event, EntryCost cost) {
    ++last_ticket_;
    GroupOf(tenant).items.push_back({last_ticket_, cost, std::move(event), Status::Ok()});
    return last_ticket_;
  }
  bool empty() const { return groups_.empty(); }

  // `commit(tenant, std::span<Item>)` makes one log entry and returns its Outcome.
  template <class Commit>
  void Flush(const Commit& commit, std::vector<Verdict>* verdicts) {
    std::sort(groups_.begin(), groups_.end(),
              [](const Group& a, const Group& b) { return a.tenant.space() < b.tenant.space(); });
    for (Group& group : groups_) {
      std::span<Item> rest(group.items);
      while (!rest.empty()) {
        const std::span<Item> entry = rest.first(EntryLength(rest));
        const Outcome outcome = commit(group.tenant, entry);
        for (Item& item : entry) {
          verdicts->push_back({item.ticket, outcome.status.ok() ? item.refusal : outcome.status,
                               outcome.release_index});
        }
        rest = rest.subspan(entry.size());
      }
    }
    groups_.clear();
  }

 private:
  struct Group {
    TenantRef tenant;
    std::vector<Item> items;
  };

  // A tick touches few spaces, mostly one: looking from the newest is faster than any map.
  Group& GroupOf(const TenantRef& tenant) {
    for (auto at = groups_.rbegin(); at != groups_.rend(); ++at) {
      if (at->tenant.space() == tenant.space()) return *at;
    }
    return groups_.emplace_back(Group{tenant, {}});
  }

  // How many events from the front share an entry; at least one.
  static size_t EntryLength(std::span<const Item> items) {
    EntryCost sum;
    for (size_t i = 0; i < items.size(); ++i) {
      sum.effects += items[i].cost.effects;
      sum.bytes += items[i].cost.bytes;
      if (i > 0 && (sum.effects > kEntryCostMax.effects || sum.bytes > kEntryCostMax.bytes))
        return i;
    }
    return items.size();
  }

  uint64_t last_ticket_ = 0;
  std::vector<Group> groups_;
};

}  // namespace tenantry::counters
