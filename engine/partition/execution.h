#pragma once
// Execution: one running command: the partitions it holds, its read-your-writes view, and the effects it collects.
//
// Rules    a read or write goes to a space whose partition is held, except blind directory puts. A dry execution holds
//          nothing, sees the published view only, and its effects are thrown away; it warms the block cache.
// Errors   Put and Delete: kInvalidArgument beyond the limits of one entry.
// Threads  the thread that runs the plan.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/mutex.h"
#include "engine/base/random.h"
#include "engine/key_reader.h"
#include "engine/partition/hot_rows.h"
#include "engine/partition/overlay.h"
#include "engine/rule_trace.h"
#include "engine/store/store.h"

namespace tenantry {
class CommandObserver;
}

namespace tenantry::partition {

// Commands of the tenants hashed here run one at a time. Partition 0 is the directory.
struct Partition {
  explicit Partition(uint32_t id) : mutex("partition", LockRank::kPartition, id) {}
  Mutex mutex;
  HotRows hot TNT_GUARDED_BY(mutex);
  std::vector<Layer> layers TNT_GUARDED_BY(mutex);  // Oldest first.
  uint64_t newest_index TNT_GUARDED_BY(mutex) = 0;  // Of the last entry that wrote here.
};

class Partitions {
 public:
  explicit Partitions(uint32_t tenant_partitions);
  Partition& Of(SpaceId space);
  // Takes and leaves each partition once.
  void Pass() TNT_NO_THREAD_SAFETY_ANALYSIS;
  // Forgets what commands left behind, one partition after the other: whoever wrote since did not come through here. All of
  // it must be in the published view, whose index is `applied`.
  void Reset(uint64_t applied) TNT_NO_THREAD_SAFETY_ANALYSIS;

 private:
  std::vector<std::unique_ptr<Partition>> partitions_;
};

class Execution final : public KeyReader {
 public:
  struct Options {
    Partitions& partitions;
    std::function<std::shared_ptr<const store::Snapshot>()>
        load_view;  // The newest published view.
    store::Tier tier;
    const Clock& clock;
    Random& random;
    bool dry = false;
    const CommandObserver* observer = nullptr;
  };
  explicit Execution(const Options& options);
  ~Execution() override;  // Lets go of the partitions.

  // Takes the partition of a space, in rising order of partitions, and moves to the newest view: it must be at least as
  // new as the one by which this partition last dropped layers. Partitions already held do not notice, because all
  // their newer writes are in their layers. Fine when already held.
  void Hold(SpaceId space) TNT_NO_THREAD_SAFETY_ANALYSIS;

  // Whether reads of this key are allowed and see the commands that are not applied yet.
  bool Holds(std::string_view key) const;
  const store::Snapshot& newest_view() const { return *views_.back(); }

  Status Get(std::string_view key, std::string* value) const override;
  std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const override;
  Status Put(std::string key, std::string value);
  Status Delete(std::string key);
  // Whether so many more rows and bytes stay within the limits of one entry.
  bool HasRoomFor(size_t rows, size_t bytes) const;
  // Forgets all effects: what remains of a refused plan.
  void DropEffects();

  // From now on changes of this space's records are described to the observer.
  void Observe(SpaceId space);
  // Where descriptions of a space's changes go; nullptr when nobody wants them.
  std::string* NotesOf(SpaceId space) {
    for (auto& [observed, notes] : notes_) {
      if (observed == space) return &notes;
    }
    return nullptr;
  }
  const std::vector<std::pair<SpaceId, std::string>>& notes() const { return notes_; }
  const CommandObserver* observer() const { return observer_; }

  bool dry() const { return dry_; }
  bool has_effects() const { return !own_.rows.empty(); }
  std::string EncodeEffects() const;
  // Newest index the held partitions could have shown this command.
  uint64_t newest_index() const;
  // Moves the effects into the held partitions' layers under their log index.
  void Commit(uint64_t index, uint64_t group);

  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }
  RuleTrace& trace() { return trace_; }

 private:
  struct Held {
    Partition* partition;
    HotRows* hot;  // Null where other partitions write too, and in a dry run.
    std::vector<const Layer*>
        layers;  // This command's own writes, then the partition's, newest first.
  };
  const Held& HeldFor(std::string_view key) const;
  Status Charge(size_t bytes);

  Partitions& partitions_;
  const std::function<std::shared_ptr<const store::Snapshot>()> load_view_;
  std::vector<std::shared_ptr<const store::Snapshot>>
      views_;  // Newest last; cursors may still use older ones.
  const store::Tier tier_;
  const Clock& clock_;
  Random& random_;
  const bool dry_;
  const CommandObserver* const observer_;
  std::vector<std::pair<SpaceId, std::string>> notes_;  // Empty for most commands.
  std::vector<Held> held_;
  Layer own_;
  size_t effect_bytes_ = 0;
  RuleTrace trace_;
};

}  // namespace tenantry::partition
