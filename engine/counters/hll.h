#pragma once
// Hll: a HyperLogLog sketch: how many different things were seen, in 4 KiB whatever the number.
//
// Shape    4096 registers of one byte in 64 blocks of 64. A 64-bit hash names a register with its
//          first 12 bits; the register keeps the longest run of leading zeros, plus one, seen in
//          the other 52.
// Units    the standard error of an estimate is 1.04/sqrt(4096) = 1.63 %.
// Threads  a value; one thread at a time.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenantry::counters {

class Hll {
 public:
  static constexpr int kIndexBits = 12;
  static constexpr size_t kRegisters = size_t{1} << kIndexBits;
  static constexpr size_t kBlockRegisters = 64;
  static constexpr size_t kBlocks = kRegisters / kBlockRegisters;
  static constexpr double kStandardError = 0.01625;
  static constexpr uint8_t kRankMax = 64 - kIndexBits + 1;

  // Where a hash belongs, and what its register is at least.
  struct Place {
    uint16_t index = 0;
    uint8_t rank = 0;  // 1 to 53.
    uint8_t block() const { return static_cast<uint8_t>(index / kBlockRegisters); }
    uint8_t offset() const { return static_cast<uint8_t>(index % kBlockRegisters); }
  };
  static Place PlaceOf(uint64_t hash);

  void Add(uint64_t hash);
  // Takes the larger of each register, which makes the sketch of a union. Bytes above 53 count as
  // 53.
  void Merge(const Hll& other);
  // `registers` holds those of one block or of several, beginning with `block`.
  void MergeBlocks(size_t block, std::string_view registers);
  void Raise(uint16_t index, uint8_t rank) {
    uint8_t& own = registers_[index % kRegisters];
    own = std::max(own, std::min(rank, kRankMax));
  }
  std::string_view Block(size_t block) const;

  double Estimate() const;

 private:
  std::array<uint8_t, kRegisters> registers_{};
};

}  // namespace tenantry::counters
