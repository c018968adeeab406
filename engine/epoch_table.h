#pragma once
// EpochTable: which leader wrote which part of the log, so that two nodes find the last entry they share, and a position of
// a history that was given up is told from one that is still to come.
//
// Shape    rows (epoch, index of its first entry), epochs rising, indexes not falling. A row whose first index lies behind the
//          end of the log has no entry yet.
// Errors   Append refuses rows out of order.
// Threads  a value.
// Source   docs/replication.md#epochs.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/status.h"

namespace tenantry {

struct EpochRow {
  uint64_t epoch = 0;
  uint64_t first_index = 0;
  friend bool operator==(const EpochRow&, const EpochRow&) = default;
};

class EpochTable {
 public:
  const std::vector<EpochRow>& rows() const { return rows_; }
  uint64_t newest_epoch() const { return rows_.empty() ? 0 : rows_.back().epoch; }
  // kInvalidArgument unless the epoch is higher and the index not lower than those before.
  Status Append(EpochRow row);
  // Forgets rows that begin behind `index`: what a node knows only from hearsay.
  void CutBehind(uint64_t index);

  // Epoch of an entry that exists; 0 for index 0.
  uint64_t EpochOf(uint64_t index) const;

  enum class Standing : uint8_t {
    kKnown,     // This history holds the entry, or may come to hold it.
    kReplaced,  // Another history had it; this one went another way.
    kAhead,     // Of an epoch not heard of here yet.
  };
  Standing Judge(Position position) const;

  // Last index up to which two histories have the same epochs, at most both ends.
  static uint64_t CommonIndex(const EpochTable& one, uint64_t one_end, const EpochTable& other,
                              uint64_t other_end);

  friend bool operator==(const EpochTable&, const EpochTable&) = default;

 private:
  std::vector<EpochRow> rows_;
};

}  // namespace tenantry
