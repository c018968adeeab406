#include "engine/log/segment_index.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace tenantry::log {

void SegmentIndex::Add(SegmentRef segment) {
  MutexLock lock(mutex_);
  if (!segments_.empty() && segments_.back().first_index == segment.first_index) {
    segments_.pop_back();
  }
  TNT_CHECK(segments_.empty() || segments_.back().first_index < segment.first_index);
  segments_.push_back(std::move(segment));
}

void SegmentIndex::Publish(Position end, const Hash128& chain) {
  MutexLock lock(mutex_);
  end_ = end;
  end_chain_ = chain;
}

Position SegmentIndex::end() const {
  MutexLock lock(mutex_);
  return end_;
}

Hash128 SegmentIndex::end_chain() const {
  MutexLock lock(mutex_);
  return end_chain_;
}

uint64_t SegmentIndex::first_index() const {
  MutexLock lock(mutex_);
  return segments_.front().first_index;
}

size_t SegmentIndex::segments() const {
  MutexLock lock(mutex_);
  return segments_.size();
}

std::optional<SegmentIndex::Place> SegmentIndex::Find(uint64_t index) const {
  MutexLock lock(mutex_);
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), index,
      [](uint64_t wanted, const SegmentRef& segment) { return wanted < segment.first_index; });
  if (after == segments_.begin()) return std::nullopt;
  const uint64_t last = after == segments_.end() ? end_.index : after->first_index - 1;
  return Place{*std::prev(after), std::min(last, end_.index)};
}

uint64_t SegmentIndex::FirstIndexOfNewest(size_t count) const {
  MutexLock lock(mutex_);
  if (count == 0) return end_.index + 1;
  return segments_[segments_.size() - std::min(count, segments_.size())].first_index;
}

std::optional<SegmentRef> SegmentIndex::TakeOldestBelow(uint64_t index) {
  MutexLock lock(mutex_);
  if (segments_.size() < 2 || segments_[1].first_index > index) return std::nullopt;
  SegmentRef oldest = std::move(segments_.front());
  segments_.erase(segments_.begin());
  return oldest;
}

}  // namespace tenantry::log
