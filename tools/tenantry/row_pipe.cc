#include "tools/tenantry/row_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "engine/base/thread.h"
#include "tools/tenantry/progress.h"

namespace tenantry::tools {

using nlohmann::json;
using server::AdminReply;
using server::AdminRequest;

Status RowPipe::Open() {
  if (::pipe2(ends_.data(), O_CLOEXEC) != 0) return IoError("pipe2");
  // Whoever reads may end first; that is told by write.
  ::signal(SIGPIPE, SIG_IGN);
  return Status::Ok();
}

void RowPipe::Close(int* end) {
  if (*end >= 0) ::close(*end);
  *end = -1;
}

Status RowPipe::Write(const json& value) {
  buffer_ += value.dump(-1, ' ', false, json::error_handler_t::replace);
  buffer_ += '\n';
  return buffer_.size() < kBufferBytes ? Status::Ok() : Flush();
}

Status RowPipe::Flush() {
  for (std::string_view rest = buffer_; !rest.empty();) {
    const ssize_t wrote = ::write(ends_[1], rest.data(), rest.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return IoError("whoever imports the rows went away");
    rest.remove_prefix(static_cast<size_t>(wrote));
  }
  buffer_.clear();
  return Status::Ok();
}

AdminReply SendRows(RowPipe* pipe, AdminRequest* request,
                    const std::function<Status(RowPipe*)>& write,
                    const std::function<AdminReply()>& import) {
  Progress progress(false);
  request->report = progress.Reporter();
  Status sent;
  Thread sender("import-read", [&] {
    sent = write(pipe);
    const Status flushed = pipe->Flush();
    if (sent.ok()) sent = flushed;
    pipe->CloseWrite();
  });
  AdminReply reply = import();
  pipe->CloseRead();
  sender.Join();
  if (!sent.ok() && reply.exit_code == server::kExitFailed) {
    reply.error = std::string(sent.message()) + "; " + reply.error;
  }
  return reply;
}

}  // namespace tenantry::tools
