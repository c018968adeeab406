#include "engine/base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace tenantry {
namespace {

Status ErrnoStatus(std::string_view doing, const std::string& path, int error) {
  std::string message(doing);
  message.append(" ").append(path).append(": ").append(std::strerror(error));
  if (error == ENOENT) return NotFound(std::move(message));
  if (error == ENOSPC || error == EDQUOT) return NoSpace(std::move(message));
  if (error == EEXIST) return AlreadyExists(std::move(message));
  return IoError(std::move(message));
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { close(fd_); }

  Status WriteAt(uint64_t offset, std::span<const std::string_view> parts) override {
    std::vector<iovec> vectors;
    vectors.reserve(parts.size());
    for (const std::string_view part : parts) {
      if (part.empty()) continue;
      vectors.push_back({const_cast<char*>(part.data()), part.size()});
    }
    size_t first = 0;
    while (first < vectors.size()) {
      const int count = static_cast<int>(std::min<size_t>(vectors.size() - first, IOV_MAX));
      const ssize_t wrote = pwritev(fd_, &vectors[first], count, static_cast<off_t>(offset));
      if (wrote < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus("write", path_, errno);
      }
      offset += static_cast<uint64_t>(wrote);
      first = SkipWritten(&vectors, first, static_cast<size_t>(wrote));
    }
    return Status::Ok();
  }

  Result<size_t> ReadAt(uint64_t offset, char* out, size_t bytes) const override {
    size_t done = 0;
    while (done < bytes) {
      const ssize_t got = pread(fd_, out + done, bytes - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus("read", path_, errno);
      }
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Status SyncData() override {
    return fdatasync(fd_) == 0 ? Status::Ok() : ErrnoStatus("sync", path_, errno);
  }

  Status Allocate(uint64_t bytes) override {
    const int error = posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
    return error == 0 ? Status::Ok() : ErrnoStatus("allocate", path_, error);
  }

  Status Truncate(uint64_t bytes) override {
    return ftruncate(fd_, static_cast<off_t>(bytes)) == 0 ? Status::Ok()
                                                          : ErrnoStatus("truncate", path_, errno);
  }

  Result<uint64_t> Size() const override {
    struct stat info {};
    if (fstat(fd_, &info) != 0) return ErrnoStatus("stat", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  // Advances past `wrote` bytes; returns the first vector that still has some.
  static size_t SkipWritten(std::vector<iovec>* vectors, size_t first, size_t wrote) {
    while (first < vectors->size() && wrote >= (*vectors)[first].iov_len) {
      wrote -= (*vectors)[first].iov_len;
      ++first;
    }
    if (wrote > 0) {
      iovec& part = (*vectors)[first];
      part.iov_base = static_cast<char*>(part.iov_base) + wrote;
      part.iov_len -= wrote;
    }
    return first;
  }

  const int fd_;
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  flags |= mode == OpenMode::kRead ? O_RDONLY : O_RDWR;
  if (mode == OpenMode::kCreate) flags |= O_CREAT | O_EXCL;
  const int fd = open(path.c_str(), flags, 0600);
  if (fd < 0) return ErrnoStatus("open", path, errno);
  return std::unique_ptr<File>(new PosixFile(fd, path));
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  return rename(from.c_str(), to.c_str()) == 0 ? Status::Ok() : ErrnoStatus("rename", from, errno);
}

Status PosixFileSystem::Remove(const std::string& path) {
  return unlink(path.c_str()) == 0 ? Status::Ok() : ErrnoStatus("remove", path, errno);
}

Status PosixFileSystem::MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    if (mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST) {
      return ErrnoStatus("create folder", prefix, errno);
    }
    if (slash == std::string::npos) return Status::Ok();
  }
}

Status PosixFileSystem::SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("open folder", path, errno);
  const int outcome = fsync(fd);
  const int error = errno;
  close(fd);
  return outcome == 0 ? Status::Ok() : ErrnoStatus("sync folder", path, error);
}

Result<std::vector<std::string>> PosixFileSystem::List(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return ErrnoStatus("list folder", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Result<bool> PosixFileSystem::Exists(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoStatus("stat", path, errno);
}

Result<std::string> ReadFile(FileSystem& files, const std::string& path, uint64_t limit_bytes) {
  TNT_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.Open(path, OpenMode::kRead));
  TNT_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  if (bytes > limit_bytes) {
    return InvalidArgument(path + " is larger than " + std::to_string(limit_bytes) + " bytes");
  }
  std::string content(bytes, '\0');
  TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, content.data(), bytes));
  content.resize(got);
  return content;
}

namespace {

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status MakeDurableDirectories(FileSystem& files, const std::string& path) {
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  if (exists) return Status::Ok();
  const std::string parent = ParentOf(path);
  TNT_RETURN_IF_ERROR(MakeDurableDirectories(files, parent));
  TNT_RETURN_IF_ERROR(files.MakeDirectories(path));
  return files.SyncDirectory(parent);
}

Status ReplaceFile(FileSystem& files, const std::string& path, std::string_view content) {
  const std::string fresh = path + ".new";
  TNT_ASSIGN_OR_RETURN(const bool leftover, files.Exists(fresh));
  if (leftover) TNT_RETURN_IF_ERROR(files.Remove(fresh));
  {
    TNT_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files.Open(fresh, OpenMode::kCreate));
    TNT_RETURN_IF_ERROR(file->WriteAt(0, std::span<const std::string_view>(&content, 1)));
    TNT_RETURN_IF_ERROR(file->SyncData());
  }
  TNT_RETURN_IF_ERROR(files.Rename(fresh, path));
  return files.SyncDirectory(ParentOf(path));
}

Result<FolderLock> FolderLock::Acquire(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus("open", path, errno);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return Unavailable("data folder " + directory + " is in use by another process");
  }
  return FolderLock(fd);
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace tenantry
