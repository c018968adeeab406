#include "engine/log/reader.h"

#include "engine/log/segment_scan.h"

namespace tenantry::log {

Result<bool> Reader::Next(EntryView* entry) {
  if (next_index_ > readable_index_) {
    TNT_ASSIGN_OR_RETURN(const bool more, FindMore());
    if (!more) return false;
  }
  for (;;) {
    if (rest_.empty()) TNT_RETURN_IF_ERROR(LoadGroup());
    const uint64_t entry_offset = entries_offset_ + (group_.size() - rest_.size());
    const EntryFault fault = TakeEntry(&rest_, &chain_, entry);
    if (fault != EntryFault::kNone || entry->header.index != rest_index_) {
      std::string what(fault == EntryFault::kNone ? "entry index" : EntryFaultName(fault));
      if (fault == EntryFault::kPayload) what += " of space " + std::to_string(entry->header.space);
      return Damaged(what, entry_offset, rest_index_);
    }
    if (rest_index_++ < next_index_) continue;
    ++next_index_;
    return true;
  }
}

// Moves on to the segment that holds the next entry, once that entry is durable.
Result<bool> Reader::FindMore() {
  const std::optional<SegmentIndex::Place> place = index_.Find(next_index_);
  if (!place.has_value()) {
    return NotFound("log entry " + std::to_string(next_index_) + " was trimmed");
  }
  if (place->durable_index < next_index_) return false;
  if (!file_ || header_.segment_id != place->segment.segment_id) {
    TNT_RETURN_IF_ERROR(OpenSegment(place->segment));
  }
  readable_index_ = place->durable_index;
  return true;
}

Status Reader::OpenSegment(const SegmentRef& segment) {
  TNT_ASSIGN_OR_RETURN(file_, files_.Open(segment.path, OpenMode::kRead));
  path_ = segment.path;
  TNT_ASSIGN_OR_RETURN(header_, ReadSegmentHeader(*file_, path_));
  if (header_.segment_id != segment.segment_id || header_.first_index() != segment.first_index) {
    return Damaged("segment header", 0, segment.first_index);
  }
  if (chained_ && header_.previous_chain != chain_) {
    return Damaged("chain from the segment before", 0, segment.first_index);
  }
  chain_ = header_.previous_chain;
  rest_index_ = segment.first_index;
  offset_ = kSegmentHeaderBytes;
  rest_ = {};
  return Status::Ok();
}

// Loads the next group; skips whole groups below the entry wanted. Group headers carry the chain
// before them, so the skipped entries need not be read.
Status Reader::LoadGroup() {
  for (;;) {
    char bytes[kGroupHeaderBytes];
    TNT_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset_, bytes, sizeof bytes));
    GroupHeader group;
    if (got < sizeof bytes || !LoadGroupHeader(bytes, header_.segment_id, &group)) {
      return Damaged("group header", offset_, rest_index_);
    }
    const bool follows =
        group.first_index == rest_index_ && (!chained_ || group.previous_chain == chain_);
    if (!follows) return Damaged("group order", offset_, rest_index_);
    if (group.first_index + group.entry_count <= next_index_) {
      rest_index_ += group.entry_count;
      offset_ += group.total_bytes;
      continue;
    }
    group_.resize(group.entry_bytes);
    TNT_ASSIGN_OR_RETURN(const size_t body,
                         file_->ReadAt(offset_ + sizeof bytes, group_.data(), group_.size()));
    if (body < group_.size()) return Damaged("group length", offset_, rest_index_);
    rest_ = group_;
    entries_offset_ = offset_ + sizeof bytes;
    chain_ = group.previous_chain;
    chained_ = true;
    offset_ += group.total_bytes;
    return Status::Ok();
  }
}

Status Reader::Damaged(std::string_view what, uint64_t offset, uint64_t index) const {
  return Corruption(path_ + ": damaged at offset " + std::to_string(offset) + ", entry " +
                    std::to_string(index) + ": " + std::string(what));
}

}  // namespace tenantry::log
