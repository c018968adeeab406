#include "engine/counters/sketch_row.h"

#include <memory>
#include <vector>

#include "engine/base/bytes.h"

namespace tenantry::counters {
namespace {

constexpr size_t kSparseBytes = sizeof(uint16_t) + 1;

Status Malformed() {
  return Corruption("sketch row: wrong number or length");
}

Status MergeSparse(std::string_view row, Hll* sketch) {
  if (row.size() % kSparseBytes != 0 || row.size() > kSparseMax * kSparseBytes) return Malformed();
  for (; !row.empty(); row.remove_prefix(kSparseBytes)) {
    const auto index = LoadLittle<uint16_t>(row.data());
    if (index >= Hll::kRegisters) return Malformed();
    sketch->Raise(index, static_cast<uint8_t>(row[sizeof(uint16_t)]));
  }
  return Status::Ok();
}

// One sketch on its way into one row.
struct Rows {
  int64_t bucket = 0;
  std::vector<uint8_t> blocks;
  Hll sketch;
};

Status WriteWhole(SpaceWriter& writer, uint8_t family, std::string_view owner, const Rows& rows) {
  if (rows.blocks.size() < 2) return Status::Ok();
  for (const uint8_t block : rows.blocks) {
    if (block == kWholeSketch) continue;
    TNT_RETURN_IF_ERROR(writer.EraseSketchBlock(family, owner, rows.bucket, block));
  }
  return writer.SetSketchBlock(family, owner, rows.bucket, kWholeSketch,
                               SketchRow(kWholeSketch, rows.sketch));
}

}  // namespace

Status MergeSketchRow(uint8_t block, std::string_view row, Hll* sketch) {
  if (block < Hll::kBlocks) {
    if (row.size() != Hll::kBlockRegisters) return Malformed();
    sketch->MergeBlocks(block, row);
    return Status::Ok();
  }
  if (block != kWholeSketch) return Malformed();
  if (row.size() != Hll::kRegisters) return MergeSparse(row, sketch);
  sketch->MergeBlocks(0, row);
  return Status::Ok();
}

bool IsSketchRow(uint8_t block, std::string_view row) {
  Hll sketch;
  return MergeSketchRow(block, row, &sketch).ok();
}

std::string SketchRow(uint8_t block, const Hll& sketch) {
  if (block != kWholeSketch) return std::string(sketch.Block(block));
  std::string all;
  std::string sparse;
  for (size_t i = 0; i < Hll::kBlocks; ++i) all.append(sketch.Block(i));
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] == 0) continue;
    if (sparse.size() == kSparseMax * kSparseBytes) return all;
    AppendLittle(&sparse, static_cast<uint16_t>(i));
    sparse.push_back(all[i]);
  }
  return sparse;
}

Result<SealedSketches> SealSketches(SpaceWriter& writer, uint8_t family, std::string_view owner,
                                    int64_t from, int64_t until, uint32_t rows_max) {
  SealedSketches sealed{.until = until};
  std::vector<std::unique_ptr<Rows>> found;
  Status sound;
  TNT_RETURN_IF_ERROR(writer.ScanSketches(
      family, owner, from, until, [&](int64_t bucket, uint8_t block, std::string_view row) {
        if (found.empty() || found.back()->bucket != bucket) {
          if (sealed.rows >= rows_max) {
            sealed.until = bucket;
            sealed.reached = false;
            return false;
          }
          found.push_back(std::make_unique<Rows>());
          found.back()->bucket = bucket;
        }
        ++sealed.rows;
        found.back()->blocks.push_back(block);
        sound = MergeSketchRow(block, row, &found.back()->sketch);
        return sound.ok();
      }));
  TNT_RETURN_IF_ERROR(sound);
  for (const auto& rows : found) TNT_RETURN_IF_ERROR(WriteWhole(writer, family, owner, *rows));
  return sealed;
}

}  // namespace tenantry::counters
