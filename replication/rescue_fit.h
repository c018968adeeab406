#pragma once
// RescueFit: whether what an entry of a replaced history did can be done on this one, and how.
//
// Rules    an entry fits when no row that it writes was changed, and no tenant or record that its keys name was deleted, since
//          the histories parted: neither by the new history nor by an entry of the file that was left out. Counters and sketches
//          are shared by writers that know nothing of each other, so they do not stand in the way: what the entry added to a
//          counter is added, and of each register of a sketch the larger one stays.
// Units    what an entry added to a counter is the difference to the value before it in the replaced history. Before the file
//          begins that is this node's value, if nobody changed it since, or what its log says; an entry does not fit when the log
//          no longer reaches back to it.
// Errors   kConflict when this node's history does not hold the place where the file begins, or its log no longer reaches it.
// Threads  one at a time.
// Source   docs/replication.md#the-old-leader-returns

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/commands.h"
#include "engine/engine.h"
#include "engine/log/entry.h"
#include "engine/log/write_set.h"
#include "replication/rescue_file.h"

namespace tenantry::replication {

struct RescueEffects {
  std::vector<log::Effect> all;  // Borrowed from the entry.
  std::set<SpaceId> spaces;
};
Result<RescueEffects> ReadRescueEffects(const log::EntryView& entry);

// The value of a counter's row, or of what writes one; 0 for a deleted one.
int64_t CounterOf(std::string_view row);

// An effect as this history takes it.
struct RescueChange {
  enum class How : uint8_t { kWrite, kAdd, kRaise } how = How::kWrite;
  log::Effect effect;
  int64_t added = 0;  // kAdd.
};

class RescueFit {
 public:
  // Borrows the engine.
  explicit RescueFit(Engine& engine) : engine_(engine) {}

  // Learns what this history changed since the file begins, and what its counters held there. First.
  Status Read(const std::string& path, const RescueHead& head);
  // Entries that this node wrote since it looked last.
  Status ReadOn();

  // How to do it here; nothing when it does not fit. Of a sealed sketch only what it holds is taken: this history seals its own, and
  // what the replaced one removed may hold more here.
  std::optional<std::vector<RescueChange>> Changes(const RescueEffects& effects,
                                                   CommandKind command) const;
  // The replaced history went on behind this entry; what builds on one that was left out does not fit either.
  Status Pass(const RescueEffects& effects, bool left_out);

 private:
  Status FindWantedCounters(const std::string& path);
  // Calls `visit` with what this node holds under each key, in commands that change nothing.
  using VisitRow = std::function<void(const std::string& key, const std::optional<std::string>&)>;
  Status ReadRows(std::vector<std::string> row_keys, const VisitRow& visit);
  // The log up to where the histories parted, for counters that were changed since.
  Status ReadCountersBefore(uint64_t last_index);
  void Note(const RescueEffects& effects, bool by_replay);
  void NoteMissing(std::string_view key);
  bool NamesMissing(std::string_view key) const;

  Engine& engine_;
  uint64_t read_to_ = 0;  // Index of the last entry of this history that was looked at.
  // Keys by hash: two that collide cost a replay, never a wrong one.
  std::unordered_set<uint64_t> touched_;
  std::unordered_set<uint64_t> replayed_counters_;
  // Primary keys that are one text, as they stand in other rows' keys, of records that are not here; and their lengths.
  std::unordered_set<uint64_t> missing_;
  std::set<size_t> missing_lengths_;
  // Value of each counter of the file where the replaced history stands; none when nobody knows.
  std::unordered_map<std::string, std::optional<int64_t>> counters_;
};

}  // namespace tenantry::replication
