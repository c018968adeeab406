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
  if (room_bytes_.load(std::memory_order_relaxed) >= bytes) return Status::Ok();
  MutexLock lock(mutex_);
  Status status = Allocate(bytes);
  if (status.code() != StatusCode::kNoSpace) return status;
  // A part of the reserve is of no use here, but its blocks may be to others.
  file_.reset();
  SetRoom(0);
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
  TNT_RETURN_IF_ERROR(file_->SyncData());
  SetRoom(bytes);
  return Status::Ok();
}

void SegmentReserve::SetRoom(uint64_t room_bytes) {
  room_bytes_.store(room_bytes, std::memory_order_relaxed);
  zeroed_bytes_.store(0, std::memory_order_relaxed);
  WantZeros(0);
}

Result<std::shared_ptr<File>> SegmentReserve::Activate(SegmentHeader* header,
                                                       std::string_view first_group,
                                                       uint64_t* zeroed_bytes) {
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
  *zeroed_bytes = zeroed_bytes_.load(std::memory_order_relaxed);
  SetRoom(0);
  return std::exchange(file_, nullptr);
}

Status SegmentReserve::ZeroSome() {
  static const std::string zeros(kZeroBytes, '\0');
  std::shared_ptr<File> file;
  {
    MutexLock lock(mutex_);
    const uint64_t from = zeroed_bytes_.load(std::memory_order_relaxed);
    const uint64_t room = room_bytes_.load(std::memory_order_relaxed);
    if (from >= room) {
      WantZeros(0);
      return Status::Ok();
    }
    const std::string_view part =
        std::string_view(zeros).substr(0, std::min(kZeroBytes, room - from));
    TNT_RETURN_IF_ERROR(file_->WriteAt(from, std::span(&part, 1)));
    zeroed_bytes_.store(from + part.size(), std::memory_order_relaxed);
    file = file_;
  }
  // Outside the lock, so that no append waits for it.
  return file->SyncData();
}

}  // namespace tenantry::log
