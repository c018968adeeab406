#pragma once
// AdminSocket: the door for `tenantry admin` into a running server: a Unix socket in the data folder.
//
// Shape    one line of JSON {"command","arguments"} in, with at most one open file of the asker as ancillary data; out any
//          number of lines {"phase","unit","done","total"}, then one {"exit","output","error"}, then close.
// Errors   Open: kUnavailable with the reason; the server runs on without it only if the caller decides so.
// Threads  one that accepts, and one per client, kClientsMax at most; a client has kClientMs to ask. Extension commands run
//          one at a time.
// Owns     the socket file (mode 0600), its threads and the files it was sent. Only the same user and root are let in.

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/base/thread.h"
#include "server/admin/admin_commands.h"

namespace tenantry::server {

// Commands leave the processors to requests: a dump or a restore of one tenant is not to be noticed by the others.
inline constexpr int kAdminNice = 5;

// Commands of parts that this folder does not know; nothing for one that is not theirs.
using AdminExtension = std::function<std::optional<AdminReply>(const AdminRequest&)>;

class AdminSocket {
 public:
  static Result<std::unique_ptr<AdminSocket>> Open(const std::string& data_directory,
                                                   Engine& engine, AdminExtension extension = {});
  // Asks commands that are under way to end, and waits for them.
  ~AdminSocket();

 private:
  struct Client {
    int fd;
    std::atomic<bool> done{false};  // Release and acquire: the thread has nothing left to do.
    Thread thread;
  };
  AdminSocket(int listen_fd, int stop_fd, std::string path, Engine& engine,
              AdminExtension extension);
  void Run();
  void Admit(int fd);
  void Reap(bool all);
  void Serve(int client);
  AdminReply Answer(const AdminRequest& request);

  const int listen_fd_;
  const int stop_fd_;
  const std::string path_;
  Engine& engine_;
  const AdminExtension extension_;
  std::atomic<bool> stopping_{false};  // Relaxed: a hint for reports.
  Mutex extension_mutex_{"admin_extension", LockRank::kAdminCommand};
  std::list<std::unique_ptr<Client>> clients_;  // Accepting thread only.
  Thread thread_;
};

// Asks the server of a data folder, however long it takes; `request.report` hears how far it is. kUnavailable when none
// runs there.
Result<AdminReply> AskServer(const std::string& data_directory, const AdminRequest& request);

}  // namespace tenantry::server
