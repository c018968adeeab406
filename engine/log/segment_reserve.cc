#include "engine/log/segment_reserve.h"

#include <array>

namespace tenantry::log {

SegmentReserve::SegmentReserve(FileSystem& files, std::string directory)
    : files_(files), directory_(std::move(directory)), path_(directory_ + "/next.tmp") {}

Status SegmentReserve::Fill(uint64_t bytes) {
  if (room_bytes_ >= bytes) return Status::Ok();
  Status status = Allocate(bytes);
  if (status.ok()) {
    room_bytes_ = bytes;
    return status;
  }
  if (status.code() != StatusCode::kNoSpace) return status;
  // A part of the reserve is of no use here, but its blocks may be to others.
  file_.reset();
  room_bytes_ = 0;
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

Result<std::unique_ptr<File>> SegmentReserve::Activate(SegmentHeader* header,
                                                       std::string_view first_group) {
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
  return std::move(file_);
}

}  // namespace tenantry::log
