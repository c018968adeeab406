#pragma once
// SketchRow: the shapes in which a sketch is stored. While it rises it has a row per block, so that an entry writes only the blocks
// that rose; once its bucket is over all of it can be put into one row, so that who reads it afterwards reads one row. Both may be
// there, in any mixture: the sketch is what its rows hold together, the larger of each register.
//
// Shape    a block's row is its 64 registers. The row of a whole sketch, numbered kWholeSketch, is all 4096; or, while at most
//          kSparseMax of them are not 0, three bytes for each of those: its number, u16 little-endian and rising, and its value.
// Errors   kCorruption for a row with another number or length.
// Threads  stateless.
// Source   docs/file-formats.md#counters-and-sketches

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/counters/hll.h"
#include "engine/transaction.h"

namespace tenantry::counters {

// The block number of a row that holds the whole sketch.
inline constexpr uint8_t kWholeSketch = Hll::kBlocks;
// A quarter of the bytes. With more, reading one by one takes longer than reading all by vector instructions.
inline constexpr size_t kSparseMax = Hll::kRegisters / 4 / 3;

Status MergeSketchRow(uint8_t block, std::string_view row, Hll* sketch);
bool IsSketchRow(uint8_t block, std::string_view row);
// A row of this number with what the sketch holds there.
std::string SketchRow(uint8_t block, const Hll& sketch);

struct SealedSketches {
  int64_t until = 0;    // Buckets before this one are done.
  uint32_t rows = 0;    // Looked at.
  bool reached = true;  // `until` is what was asked for.
};
// Puts each sketch of the buckets [from, until) that has several rows into one. Stops between two buckets once it has looked at
// `rows_max` rows.
Result<SealedSketches> SealSketches(SpaceWriter& writer, uint8_t family, std::string_view owner,
                                    int64_t from, int64_t until, uint32_t rows_max);

}  // namespace tenantry::counters
