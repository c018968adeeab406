#include "engine/epoch_table.h"

#include <algorithm>

namespace tenantry {

Status EpochTable::Append(EpochRow row) {
  const bool rises = rows_.empty() || (row.epoch > rows_.back().epoch &&
                                       row.first_index >= rows_.back().first_index);
  if (row.epoch == 0 || row.first_index == 0 || !rises) {
    return InvalidArgument("epoch " + std::to_string(row.epoch) + " from entry " +
                           std::to_string(row.first_index) + " does not follow epoch " +
                           std::to_string(newest_epoch()));
  }
  rows_.push_back(row);
  return Status::Ok();
}

void EpochTable::CutBehind(uint64_t index) {
  while (!rows_.empty() && rows_.back().first_index > index) rows_.pop_back();
}

uint64_t EpochTable::EpochOf(uint64_t index) const {
  uint64_t epoch = 0;
  for (const EpochRow& row : rows_) {
    if (row.first_index <= index) epoch = row.epoch;
  }
  return epoch;
}

EpochTable::Standing EpochTable::Judge(Position position) const {
  if (position.epoch > newest_epoch()) return Standing::kAhead;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].epoch != position.epoch) continue;
    const bool began = position.index >= rows_[i].first_index;
    const bool ended = i + 1 < rows_.size() && position.index >= rows_[i + 1].first_index;
    return began && !ended ? Standing::kKnown : Standing::kReplaced;
  }
  return Standing::kReplaced;
}

uint64_t EpochTable::CommonIndex(const EpochTable& one, uint64_t one_end, const EpochTable& other,
                                 uint64_t other_end) {
  uint64_t common = std::min(one_end, other_end);
  const size_t longest = std::max(one.rows_.size(), other.rows_.size());
  for (size_t i = 0; i < longest; ++i) {
    const bool both = i < one.rows_.size() && i < other.rows_.size();
    if (both && one.rows_[i] == other.rows_[i]) continue;
    for (const EpochTable* table : {&one, &other}) {
      if (i < table->rows_.size()) common = std::min(common, table->rows_[i].first_index - 1);
    }
    break;
  }
  return common;
}

}  // namespace tenantry
