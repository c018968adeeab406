#include "engine/counters/hll.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

#include "engine/base/check.h"

namespace tenantry::counters {
namespace {

constexpr int kRankBits = 64 - Hll::kIndexBits;
static_assert(Hll::kRankMax == kRankBits + 1);

// Corrections for registers that are still empty (Sigma) and for those that are full (Tau). Both
// are infinite series that stop changing after a few dozen terms; with them one formula holds from
// one element up, where the classic one needs linear counting below and a table of measured bias in
// between (Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017).
double Sigma(double empty_share) {
  if (empty_share == 1.0) return INFINITY;
  double weight = 1.0;
  double sum = empty_share;
  for (double before = -1.0; sum != before;) {
    empty_share *= empty_share;
    before = sum;
    sum += empty_share * weight;
    weight += weight;
  }
  return sum;
}

double Tau(double not_full_share) {
  if (not_full_share == 0.0 || not_full_share == 1.0) return 0.0;
  double weight = 1.0;
  double sum = 1.0 - not_full_share;
  for (double before = -1.0; sum != before;) {
    not_full_share = std::sqrt(not_full_share);
    before = sum;
    weight *= 0.5;
    sum -= (1.0 - not_full_share) * (1.0 - not_full_share) * weight;
  }
  return sum / 3.0;
}

}  // namespace

Hll::Place Hll::PlaceOf(uint64_t hash) {
  const uint64_t rest = hash << kIndexBits;
  const int rank = rest == 0 ? kRankMax : std::countl_zero(rest) + 1;
  return {.index = static_cast<uint16_t>(hash >> kRankBits), .rank = static_cast<uint8_t>(rank)};
}

void Hll::Add(uint64_t hash) {
  const Place place = PlaceOf(hash);
  registers_[place.index] = std::max(registers_[place.index], place.rank);
}

void Hll::Merge(const Hll& other) {
  for (size_t i = 0; i < kRegisters; ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

void Hll::MergeBlocks(size_t block, std::string_view registers) {
  TNT_CHECK(registers.size() % kBlockRegisters == 0);
  TNT_CHECK(block * kBlockRegisters + registers.size() <= kRegisters);
  uint8_t* own = registers_.data() + block * kBlockRegisters;
  for (; !registers.empty(); registers.remove_prefix(kBlockRegisters), own += kBlockRegisters) {
    // A copy that nothing else can name, and values instead of references: so the compiler makes vector instructions of it.
    std::array<uint8_t, kBlockRegisters> other;
    std::memcpy(other.data(), registers.data(), kBlockRegisters);
    for (size_t i = 0; i < kBlockRegisters; ++i) {
      const uint8_t theirs = std::min(other[i], kRankMax);
      const uint8_t ours = own[i];
      own[i] = std::max(ours, theirs);
    }
  }
}

std::string_view Hll::Block(size_t block) const {
  TNT_CHECK(block < kBlocks);
  return {reinterpret_cast<const char*>(registers_.data()) + block * kBlockRegisters,
          kBlockRegisters};
}

double Hll::Estimate() const {
  std::array<uint32_t, kRankMax + 1> with_rank{};
  for (const uint8_t rank : registers_) ++with_rank[rank];
  constexpr double kCount = kRegisters;
  double sum = kCount * Tau(1.0 - with_rank[kRankMax] / kCount);
  for (int rank = kRankBits; rank >= 1; --rank) sum = 0.5 * (sum + with_rank[rank]);
  sum += kCount * Sigma(with_rank[0] / kCount);
  return kCount * kCount / (2.0 * std::numbers::ln2) / sum;
}

}  // namespace tenantry::counters
