#include "engine/log/segment_reserve.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tenantry::log {
namespace {

// Large enough that a segment takes few syncs, small enough that none of them keeps the disk busy.
constexpr uint64_t kZeroBytes = 1u << 20;

}  // namespace

SegmentReserve::SegmentReserve(FileSystem& files, std::string directory)
    : files_(files), directory_(std::move(directory)), path_(directory_ + "/next.tmp") {}

Status SegmentReserve::Fill(uint64_t bytes) {
  MutexLock lock(mutex_);
  if (room_bytes_ >= bytes) return Status::Ok();
  Status status = Allocate(bytes);
  if (status.ok()) {
    room_bytes_ = bytes;
    zeroed_bytes_ = 0;
    wants_zeros_.store(true, std::memory_order_relaxed);
    return status;
  }
  if (status.code() != StatusCode::kNoSpace) return status;
  // A part of the reserve is of no use here, but its blocks may be to others.
  file_.reset();
  room_bytes_ = 0;
  wants_zeros_.store(false, std::memory_order_relaxed);
  TNT_ASSIGN_OR_RETURN(const bool left, files_.Exists(path_));
  if (left) TNT_RETURN_IF_ERROR(files_.Remove(path_));
  return status;
}

Status SegmentReserve::Allocate(uint64_t bytes) {
  if (!file_) {
    TNT_ASSIGN_OR_RETURN(const bool left, files_.Exists(path_));
    TNT_ASSIGN_OR_RETURN(file_,
                         files_.Open(path_, left ? OpenMode::kReadWrite : OpenMode::kCreate));
  }
  TNT_RETURN_IF_ERROR(file_->Allocate(bytes));
  return file_->SyncData();
}

Result<std::shared_ptr<File>> SegmentReserve::Activate(SegmentHeader* header,
                                                       std::string_view first_group) {
  MutexLock lock(mutex_);
  TNT_CHECK(file_ != nullptr);
  TNT_ASSIGN_OR_RETURN(header->room_bytes, file_->Size());
  TNT_CHECK(header->room_bytes >= kSegmentHeaderBytes + first_group.size() + kSegmentFooterBytes);
  const std::string page = EncodeSegmentHeader(*header);
  const std::array<std::string_view, 2> parts = {page, first_group};
  TNT_RETURN_IF_ERROR(file_->WriteAt(0, parts));
  TNT_RETURN_IF_ERROR(file_->SyncData());
  TNT_RETURN_IF_ERROR(
      files_.Rename(path_, directory_ + "/" + SegmentFileName(header->first_index())));
  TNT_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  room_bytes_ = 0;
  wants_zeros_.store(false, std::memory_order_relaxed);
  return std::exchange(file_, nullptr);
}

Status SegmentReserve::ZeroSome() {
  static const std::string zeros(kZeroBytes, '\0');
  std::shared_ptr<File> file;
  {
    MutexLock lock(mutex_);
    if (file_ == nullptr || zeroed_bytes_ >= room_bytes_) {
      wants_zeros_.store(false, std::memory_order_relaxed);
      return Status::Ok();
    }
    const std::string_view part =
        std::string_view(zeros).substr(0, std::min(kZeroBytes, room_bytes_ - zeroed_bytes_));
    TNT_RETURN_IF_ERROR(file_->WriteAt(zeroed_bytes_, std::span(&part, 1)));
    zeroed_bytes_ += part.size();
    file = file_;
  }
  // Outside the lock, so that no append waits for it.
  return file->SyncData();
}

}  // namespace tenantry::log
