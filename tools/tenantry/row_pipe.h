#pragma once
// RowPipe: rows on their way from this process to whoever imports them, in the shape of server/admin/import_command.h.
//
// Errors   kIoError when the reader went away.
// Threads  one writes while another reads.
// Owns     both ends of a pipe.

#include <array>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "engine/base/result.h"
#include "server/admin/admin_commands.h"

namespace tenantry::tools {

class RowPipe {
 public:
  RowPipe() = default;
  ~RowPipe() {
    CloseRead();
    CloseWrite();
  }
  RowPipe(const RowPipe&) = delete;
  RowPipe& operator=(const RowPipe&) = delete;

  Status Open();
  int read_end() const { return ends_[0]; }
  void CloseRead() { Close(&ends_[0]); }
  void CloseWrite() { Close(&ends_[1]); }

  Status Write(const nlohmann::json& value);
  Status Flush();

 private:
  static constexpr size_t kBufferBytes = 256 * 1024;
  static void Close(int* end);
  std::array<int, 2> ends_{-1, -1};
  std::string buffer_;
};

// Runs `import` while a thread writes the rows, and shows how many went by (progress.h). Why the rows ended early is in the
// reply.
server::AdminReply SendRows(RowPipe* pipe, server::AdminRequest* request,
                            const std::function<Status(RowPipe*)>& write,
                            const std::function<server::AdminReply()>& import);

}  // namespace tenantry::tools
