#pragma once
// Files of the dump commands: where a dump goes, and dumps that come from files or folders.
//
// Errors   kAlreadyExists for an output that exists; kNotFound for an input that does not; those of the operating system.
// Threads  one at a time, except that FolderDump has one of its own.

#include <memory>
#include <string>

#include "engine/base/byte_stream.h"
#include "engine/base/result.h"
#include "engine/base/thread.h"
#include "server/admin/admin_commands.h"

namespace tenantry::tools {

// Closes what it holds.
class OpenFd {
 public:
  explicit OpenFd(int fd = -1) : fd_(fd) {}
  ~OpenFd() { Reset(-1); }
  OpenFd(OpenFd&& other) noexcept : fd_(other.Release()) {}
  OpenFd& operator=(OpenFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  int get() const { return fd_; }
  int Release();
  void Reset(int fd);

 private:
  int fd_;
};

// A file that appears under its name only once it is complete and on the disk; mode 0600. "-" is stdout.
class OutputFile {
 public:
  static Result<OutputFile> Open(const std::string& path, bool replace);
  ~OutputFile();
  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = delete;
  int fd() const { return fd_.get(); }
  bool is_stdout() const { return path_ == "-"; }
  Status Commit();

 private:
  OutputFile(OpenFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  OpenFd fd_;
  std::string path_;  // Empty once committed or moved from.
};

// Opens a dump for reading; "-" is stdin. Made seekable by a copy without a name when it is not and must be.
Result<OpenFd> OpenInput(const std::string& path, bool seekable);

// A dump that a server, or the opened folder, writes into a pipe while it is read.
class FolderDump {
 public:
  static Result<std::unique_ptr<FolderDump>> Start(const std::string& data,
                                                   server::AdminRequest request);
  ~FolderDump();
  ByteSource& source() { return source_; }
  // Once the source is at its end: what the server answered.
  Status Finish();

 private:
  FolderDump(const std::string& data, server::AdminRequest request, OpenFd out, OpenFd in);

  OpenFd out_;  // The pipe's end that is read.
  FdSource source_;
  server::AdminReply reply_;  // The thread's, until it is joined.
  Thread thread_;
};

bool IsFolder(const std::string& path);
// Of an exit code: kNotFound for 4, kCorruption for 5, and so on.
Status StatusOf(const server::AdminReply& reply);

}  // namespace tenantry::tools
