#pragma once
// File and FileSystem: the operating system's files as the log uses them, behind an interface so that tests can lose,
// tear and reorder what was not synced.
//
// Units    offsets and lengths in bytes.
// Errors   kNotFound for a missing file, kNoSpace for a full disk, kIoError for the rest; messages name the path.
// Threads  a File from one thread at a time, except ReadAt and Size; a FileSystem from any thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace tenantry {

class File {
 public:
  virtual ~File() = default;  // Closes. Nothing is synced by closing.
  // Writes all the parts in order, starting at `offset`, or fails.
  virtual Status WriteAt(uint64_t offset, std::span<const std::string_view> parts) = 0;
  // Reads up to `bytes` and returns how many; fewer only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, char* out, size_t bytes) const = 0;
  // Data, and the metadata needed to read it, are on the device when this returns OK. Never retry a failure.
  virtual Status SyncData() = 0;
  // Reserves blocks for [0, bytes) and makes the file that long, zero-filled.
  virtual Status Allocate(uint64_t bytes) = 0;
  virtual Status Truncate(uint64_t bytes) = 0;
  virtual Result<uint64_t> Size() const = 0;
};

enum class OpenMode {
  kRead,
  kReadWrite,
  kCreate
};  // kCreate fails when the file exists. Mode bits 0600.

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;
  // Creates missing parents too; fine when it exists. Mode bits 0700.
  virtual Status MakeDirectories(const std::string& path) = 0;
  // Names created, renamed and removed in `path` so far survive a power loss once this returns OK.
  virtual Status SyncDirectory(const std::string& path) = 0;
  // Plain names, sorted.
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;
  virtual Result<bool> Exists(const std::string& path) = 0;
};

// The real one. Stateless.
class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
};

// Creates missing folders so that they survive a power loss: each new name is synced in its parent.
Status MakeDurableDirectories(FileSystem& files, const std::string& path);
// Reads a whole file of at most `limit_bytes`.
Result<std::string> ReadFile(FileSystem& files, const std::string& path, uint64_t limit_bytes);
// Writes beside `path`, syncs, renames over it and syncs the folder: readers see the old or the new content.
Status ReplaceFile(FileSystem& files, const std::string& path, std::string_view content);

// Holds an exclusive lock on DIR/LOCK for its lifetime, so that one process uses a data folder.
class FolderLock {
 public:
  // kUnavailable when another process holds it.
  static Result<FolderLock> Acquire(const std::string& directory);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tenantry
