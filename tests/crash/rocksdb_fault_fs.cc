#include "tests/crash/rocksdb_fault_fs.h"

#include <cstdarg>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"

namespace tenantry::crash {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus ToIOStatus(const Status& status) {
  if (status.ok()) return IOStatus::OK();
  const std::string message(status.message());
  if (status.code() == StatusCode::kNotFound) return IOStatus::PathNotFound(message);
  if (status.code() == StatusCode::kNoSpace) return IOStatus::NoSpace(message);
  return IOStatus::IOError(message);
}

IOStatus ReadInto(const File& file, uint64_t offset, size_t bytes, Slice* result, char* scratch) {
  const Result<size_t> got = file.ReadAt(offset, scratch, bytes);
  if (!got.ok()) return ToIOStatus(got.status());
  *result = Slice(scratch, *got);
  return IOStatus::OK();
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  IOStatus Read(size_t bytes, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    IOStatus status = ReadInto(*file_, offset_, bytes, result, scratch);
    if (status.ok()) offset_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t bytes) override {
    offset_ += bytes;
    return IOStatus::OK();
  }

 private:
  const std::unique_ptr<File> file_;
  uint64_t offset_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  IOStatus Read(uint64_t offset, size_t bytes, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return ReadInto(*file_, offset, bytes, result, scratch);
  }

 private:
  const std::unique_ptr<File> file_;
};

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  WritableFile(std::unique_ptr<File> file, uint64_t size) : file_(std::move(file)), size_(size) {}
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    const std::string_view part(data.data(), data.size());
    const Status status = file_->WriteAt(size_, std::span(&part, 1));
    if (status.ok()) size_ += data.size();
    return ToIOStatus(status);
  }
  IOStatus Truncate(uint64_t bytes, const IOOptions&, IODebugContext*) override {
    const Status status = file_->Truncate(bytes);
    if (status.ok()) size_ = bytes;
    return ToIOStatus(status);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    return ToIOStatus(file_->SyncData());
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

 private:
  const std::unique_ptr<File> file_;
  uint64_t size_;
};

class RandomRwFile final : public rocksdb::FSRandomRWFile {
 public:
  explicit RandomRwFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  IOStatus Write(uint64_t offset, const Slice& data, const IOOptions&, IODebugContext*) override {
    const std::string_view part(data.data(), data.size());
    return ToIOStatus(file_->WriteAt(offset, std::span(&part, 1)));
  }
  IOStatus Read(uint64_t offset, size_t bytes, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return ReadInto(*file_, offset, bytes, result, scratch);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    return ToIOStatus(file_->SyncData());
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  const std::unique_ptr<File> file_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(FaultFileSystem& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return ToIOStatus(disk_.SyncDirectory(path_));
  }

 private:
  FaultFileSystem& disk_;
  const std::string path_;
};

class Lock final : public rocksdb::FileLock {
 public:
  explicit Lock(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

class RocksDbFaultFileSystem final : public rocksdb::FileSystem {
 public:
  explicit RocksDbFaultFileSystem(FaultFileSystem& disk) : disk_(disk) {}
  const char* Name() const override { return "TenantryFaultFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext*) override {
    return OpenAs<SequentialFile>(path, OpenMode::kRead, result);
  }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override {
    return OpenAs<RandomAccessFile>(path, OpenMode::kRead, result);
  }

  IOStatus NewRandomRWFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                           IODebugContext*) override {
    return OpenAs<RandomRwFile>(path, OpenMode::kReadWrite, result);
  }

  // Replaces an existing file, as the real one does by truncating it.
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext*) override {
    Result<std::unique_ptr<File>> file = disk_.Open(path, OpenMode::kCreate);
    if (file.status().code() == StatusCode::kAlreadyExists) {
      file = disk_.Open(path, OpenMode::kReadWrite);
      if (file.ok()) {
        const Status cut = (*file)->Truncate(0);
        if (!cut.ok()) return ToIOStatus(cut);
      }
    }
    if (!file.ok()) return ToIOStatus(file.status());
    *result = std::make_unique<WritableFile>(std::move(file).value(), 0);
    return IOStatus::OK();
  }

  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext*) override {
    Result<std::unique_ptr<File>> file = disk_.Open(path, OpenMode::kReadWrite);
    if (file.status().code() == StatusCode::kNotFound) file = disk_.Open(path, OpenMode::kCreate);
    if (!file.ok()) return ToIOStatus(file.status());
    const Result<uint64_t> size = (*file)->Size();
    if (!size.ok()) return ToIOStatus(size.status());
    *result = std::make_unique<WritableFile>(std::move(file).value(), *size);
    return IOStatus::OK();
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
    *result = std::make_unique<Directory>(disk_, path);
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    const Result<bool> exists = disk_.Exists(path);
    if (!exists.ok()) return ToIOStatus(exists.status());
    return *exists ? IOStatus::OK() : IOStatus::NotFound(path);
  }

  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    Result<std::vector<std::string>> names = disk_.List(path);
    if (!names.ok()) return ToIOStatus(names.status());
    *result = std::move(names).value();
    return IOStatus::OK();
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToIOStatus(disk_.Remove(path));
  }

  IOStatus Truncate(const std::string& path, size_t bytes, const IOOptions&,
                    IODebugContext*) override {
    Result<std::unique_ptr<File>> file = disk_.Open(path, OpenMode::kReadWrite);
    return ToIOStatus(file.ok() ? (*file)->Truncate(bytes) : file.status());
  }

  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    const Result<bool> exists = disk_.Exists(path);
    if (!exists.ok()) return ToIOStatus(exists.status());
    if (*exists) return IOStatus::IOError(path, "exists");
    return ToIOStatus(disk_.MakeDirectories(path));
  }

  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToIOStatus(disk_.MakeDirectories(path));
  }

  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToIOStatus(disk_.RemoveDirectory(path));
  }

  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* bytes,
                       IODebugContext*) override {
    const Result<std::unique_ptr<File>> file = disk_.Open(path, OpenMode::kRead);
    if (!file.ok()) return ToIOStatus(file.status());
    const Result<uint64_t> size = (*file)->Size();
    if (size.ok()) *bytes = *size;
    return ToIOStatus(size.status());
  }

  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* seconds,
                                   IODebugContext*) override {
    *seconds = 0;
    return IOStatus::OK();
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return ToIOStatus(disk_.Rename(from, to));
  }

  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&,
                    IODebugContext*) override {
    return ToIOStatus(disk_.Link(from, to));
  }

  // A lock file is a file; who holds it is remembered here and lost with the process.
  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    MutexLock guard(mutex_);
    if (!locked_.insert(path).second) return IOStatus::IOError(path, "locked");
    const Status created = disk_.Open(path, OpenMode::kCreate).status();
    if (!created.ok() && created.code() != StatusCode::kAlreadyExists) return ToIOStatus(created);
    *lock = new Lock(path);
    return IOStatus::OK();
  }

  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    MutexLock guard(mutex_);
    const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
    locked_.erase(owned->path());
    return IOStatus::OK();
  }

  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/test";
    return IOStatus::OK();
  }

  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result,
                           IODebugContext*) override {
    *result = path.starts_with("/") ? path : "/" + path;
    return IOStatus::OK();
  }

  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* result,
                       IODebugContext*) override {
    const Result<bool> directory = disk_.IsDirectory(path);
    if (directory.ok()) *result = *directory;
    return ToIOStatus(directory.status());
  }

  // RocksDB's own log would be thousands of operations that prove nothing.
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }

 private:
  template <class Kind, class Base>
  IOStatus OpenAs(const std::string& path, OpenMode mode, std::unique_ptr<Base>* result) {
    Result<std::unique_ptr<File>> file = disk_.Open(path, mode);
    if (!file.ok()) return ToIOStatus(file.status());
    *result = std::make_unique<Kind>(std::move(file).value());
    return IOStatus::OK();
  }

  FaultFileSystem& disk_;
  Mutex mutex_{"rocksdb_fault_locks"};
  std::set<std::string> locked_ TNT_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> NewRocksDbFaultFileSystem(FaultFileSystem& disk) {
  return std::make_shared<RocksDbFaultFileSystem>(disk);
}

std::unique_ptr<rocksdb::Env> NewRocksDbFaultEnv(FaultFileSystem& disk) {
  return rocksdb::NewCompositeEnv(NewRocksDbFaultFileSystem(disk));
}

}  // namespace tenantry::crash
