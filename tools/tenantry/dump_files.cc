#include "tools/tenantry/dump_files.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "tools/tenantry/data_folder.h"

namespace tenantry::tools {
namespace {

constexpr size_t kCopyBytes = 256u << 10;
constexpr char kPartial[] = ".partial";

Status Failed(const std::string& what) {
  const std::string text = what + ": " + std::strerror(errno);
  if (errno == ENOENT) return NotFound(text);
  if (errno == EEXIST) return AlreadyExists(text);
  return errno == ENOSPC ? NoSpace(text) : IoError(text);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

int OpenFd::Release() {
  return std::exchange(fd_, -1);
}

void OpenFd::Reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

Result<OutputFile> OutputFile::Open(const std::string& path, bool replace) {
  if (path == "-") {
    if (isatty(STDOUT_FILENO) == 1) {
      return InvalidArgument("a dump is not for a terminal: name a file with -o, or pipe it");
    }
    return OutputFile(OpenFd(dup(STDOUT_FILENO)), path);
  }
  if (!replace && access(path.c_str(), F_OK) == 0) {
    return AlreadyExists(path + " exists; --force writes over it");
  }
  const std::string partial = path + kPartial;
  // What an interrupted run left.
  unlink(partial.c_str());
  OpenFd fd(open(partial.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) return Failed(partial);
  return OutputFile(std::move(fd), path);
}

OutputFile::~OutputFile() {
  if (fd_.get() >= 0 && !path_.empty() && !is_stdout()) unlink((path_ + kPartial).c_str());
}

Status OutputFile::Commit() {
  if (is_stdout()) return Status::Ok();
  if (fdatasync(fd_.get()) != 0) return Failed("sync " + path_);
  if (rename((path_ + kPartial).c_str(), path_.c_str()) != 0) return Failed("rename to " + path_);
  const std::string folder = FolderOf(std::exchange(path_, ""));
  return PosixFileSystem().SyncDirectory(folder);
}

Result<OpenFd> OpenInput(const std::string& path, bool seekable) {
  OpenFd in(path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0) return Failed(path);
  if (!seekable || lseek(in.get(), 0, SEEK_CUR) >= 0) return in;
  // No name: gone with the process, however it ends.
  OpenFd copy(open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (copy.get() < 0) return Failed("a temporary file in this folder");
  FdSource source(in.get());
  FdSink sink(copy.get());
  std::string chunk(kCopyBytes, '\0');
  for (;;) {
    TNT_ASSIGN_OR_RETURN(const size_t got, source.Read(chunk.data(), chunk.size()));
    if (got == 0) break;
    TNT_RETURN_IF_ERROR(sink.Write(std::string_view(chunk).substr(0, got)));
  }
  if (lseek(copy.get(), 0, SEEK_SET) != 0) return Failed("seek");
  return copy;
}

Result<std::unique_ptr<FolderDump>> FolderDump::Start(const std::string& data,
                                                      server::AdminRequest request) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("pipe");
  return std::unique_ptr<FolderDump>(
      new FolderDump(data, std::move(request), OpenFd(ends[0]), OpenFd(ends[1])));
}

FolderDump::FolderDump(const std::string& data, server::AdminRequest request, OpenFd out, OpenFd in)
    : out_(std::move(out)), source_(out_.get()) {
  request.command = "dump";
  request.file = in.get();
  thread_ = Thread("tnt-dump", [this, data, request = std::move(request),
                                end = std::make_shared<OpenFd>(std::move(in))] {
    reply_ = RunOnFolder(data, request);
    end->Reset(-1);
  });
}

FolderDump::~FolderDump() {
  // The writer stops at a pipe that nobody reads.
  out_.Reset(-1);
}

Status FolderDump::Finish() {
  thread_.Join();
  return StatusOf(reply_);
}

bool IsFolder(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

Status StatusOf(const server::AdminReply& reply) {
  switch (reply.exit_code) {
    case server::kExitOk:
      return Status::Ok();
    case server::kExitUsage:
      return InvalidArgument(reply.error);
    case server::kExitLocked:
    case server::kExitUnreachable:
      return Unavailable(reply.error);
    case server::kExitNotFound:
      return NotFound(reply.error);
    case server::kExitCorrupt:
      return Corruption(reply.error);
    default:
      return Internal(reply.error);
  }
}

}  // namespace tenantry::tools
