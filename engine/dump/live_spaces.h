#pragma once
// LiveSpaces: which spaces of a chain of dumps belong to a tenant when the chain ends, and from which dump on each is loaded.
// A tenant that was deleted or replaced between two dumps still has its rows in the older one; nobody may find them again.
//
// Rules    Look sees every block of every dump, in order; then the questions.
// Errors   kCorruption for records that do not decode.
// Threads  one at a time.

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/ids.h"
#include "engine/dump/reader.h"

namespace tenantry::dump {

class LiveSpaces {
 public:
  Status Look(size_t dump, const Block& block);

  bool IsLive(SpaceId space) const { return live_.contains(space); }
  // The newest dump that has the space whole; what older ones say of it is out of date.
  size_t FirstDump(SpaceId space) const;
  // Spaces with rows of which no dump had the tenant's record: only a salvaged one lacks it.
  struct Orphan {
    std::string tenant;
    uint64_t rows = 0;
  };
  std::map<SpaceId, Orphan> Orphans() const;
  bool any_live() const { return !live_.empty(); }
  // Whether a restore of everything loads what this dump says of the space.
  bool Wants(size_t dump, SpaceId space) const;

 private:
  Status LookAtDirectory(const Block& block);
  void Forget(std::string_view key);

  std::map<std::string, SpaceId, std::less<>> tenants_;  // By the key of the tenant's record.
  std::set<SpaceId> live_;                               // Theirs: one is asked about per block.
  std::set<SpaceId> owned_;                              // At any time.
  std::map<SpaceId, Orphan> seen_;                       // Of every space but the directory.
  std::map<SpaceId, size_t> first_dumps_;
};

// "tenant demo-shop (space 3, 12 rows)".
std::string DescribeOrphan(SpaceId space, const LiveSpaces::Orphan& orphan);
// The same, why it cannot be brought back and what to do.
std::string DescribeLoss(SpaceId space, const LiveSpaces::Orphan& orphan);

}  // namespace tenantry::dump
