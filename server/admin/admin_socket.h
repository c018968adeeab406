#pragma once
// AdminSocket: the door for `tenantry admin` into a running server: a Unix socket in the data folder.
//
// Shape    one line of JSON {"command","arguments"} in, one line {"exit","output","error"} out, then close.
// Errors   Open: kUnavailable with the reason; the server runs on without it only if the caller decides so.
// Threads  its own; one client at a time, each for at most kClientMs.
// Owns     the socket file (mode 0600) and its thread. Only the same user and root are let in.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/base/thread.h"
#include "server/admin/admin_commands.h"

namespace tenantry::server {

// Commands of parts that this folder does not know; nothing for one that is not theirs.
using AdminExtension = std::function<std::optional<AdminReply>(const AdminRequest&)>;

class AdminSocket {
 public:
  static Result<std::unique_ptr<AdminSocket>> Open(const std::string& data_directory,
                                                   Engine& engine, AdminExtension extension = {});
  ~AdminSocket();

 private:
  AdminSocket(int listen_fd, int stop_fd, std::string path, Engine& engine,
              AdminExtension extension);
  void Run();
  void Serve(int client) const;

  const int listen_fd_;
  const int stop_fd_;
  const std::string path_;
  Engine& engine_;
  const AdminExtension extension_;
  Thread thread_;
};

// Asks the server of a data folder. kUnavailable when none runs there.
Result<AdminReply> AskServer(const std::string& data_directory, const AdminRequest& request);

}  // namespace tenantry::server
