#include "engine/partition/shown_mark.h"

#include <cstdio>
#include <cstdlib>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"

namespace tenantry::partition {
namespace {

constexpr size_t kMarkBytes = 16;  // Index and its hash, little-endian.

std::string Encode(uint64_t index) {
  std::string bytes;
  AppendLittle(&bytes, index);
  AppendLittle(&bytes, Hash64(bytes));
  return bytes;
}

}  // namespace

Result<std::unique_ptr<ShownMark>> ShownMark::Open(FileSystem& files,
                                                   const std::string& directory) {
  const std::string path = directory + "/SHOWN";
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  if (!exists) TNT_RETURN_IF_ERROR(ReplaceFile(files, path, Encode(kUnbounded)));
  TNT_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.Open(path, OpenMode::kReadWrite));
  std::string bytes(kMarkBytes, '\0');
  TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, bytes.data(), bytes.size()));
  std::unique_ptr<ShownMark> mark(new ShownMark(std::move(file)));
  const uint64_t index = LoadLittle<uint64_t>(bytes.data());
  mark->at_open_ = got == kMarkBytes && bytes == Encode(index) ? index : 0;
  MutexLock lock(mark->mutex_);
  mark->written_ = mark->at_open_;
  return mark;
}

void ShownMark::Bound(uint64_t shown) {
  MutexLock lock(mutex_);
  if (bound_) return;
  bound_ = true;
  WriteLocked(shown);
}

void ShownMark::Unbound() {
  MutexLock lock(mutex_);
  bound_ = false;
  WriteLocked(kUnbounded);
}

void ShownMark::Note(uint64_t index) {
  MutexLock lock(mutex_);
  if (bound_) WriteLocked(index);
}

void ShownMark::WriteLocked(uint64_t index) {
  if (index == written_) return;
  const std::string bytes = Encode(index);
  const std::string_view part = bytes;
  const Status written = file_->WriteAt(0, std::span(&part, 1));
  if (!written.ok()) {
    std::fprintf(stderr, "tenantry: writing SHOWN failed, stopping: %s\n",
                 written.ToString().c_str());
    std::fflush(stderr);
    std::_Exit(1);
  }
  written_ = index;
}

}  // namespace tenantry::partition
