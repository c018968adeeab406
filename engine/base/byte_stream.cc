#include "engine/base/byte_stream.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace tenantry {
namespace {

Status Failed(const char* doing) {
  const std::string text = std::string(doing) + ": " + std::strerror(errno);
  if (errno == ENOSPC || errno == EDQUOT) return NoSpace(text);
  return errno == EPIPE ? Unavailable(text) : IoError(text);
}

}  // namespace

Status FdSink::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Failed("write");
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return Status::Ok();
}

Result<size_t> FdSource::Read(char* out, size_t bytes) {
  for (;;) {
    const ssize_t got = read(fd_, out, bytes);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return Failed("read");
  }
}

}  // namespace tenantry
