#include "server/admin/admin_socket.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tenantry::server {
namespace {

constexpr size_t kRequestBytesMax = 64u << 10;
constexpr size_t kReplyBytesMax = 256u << 20;  // A list of a million tenants.
constexpr int kClientMs = 10'000;              // A client that takes longer to ask is cut off.
constexpr size_t kClientsMax = 16;             // Each has a thread.
constexpr char kSocketName[] = "admin.sock";

Status ErrnoStatus(std::string_view doing) {
  return Unavailable("admin socket: " + std::string(doing) + ": " + std::strerror(errno));
}

// An open folder, so that the address stays short however long the folder's path is: sun_path holds 107 bytes.
class Folder {
 public:
  explicit Folder(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  ~Folder() {
    if (fd_ >= 0) close(fd_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  bool ok() const { return fd_ >= 0; }
  sockaddr_un Address() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = "/proc/self/fd/" + std::to_string(fd_) + "/" + kSocketName;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
  }

 private:
  const int fd_;
};

void SetTimeouts(int fd) {
  const timeval limit{kClientMs / 1000, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// Lines of a connection, and the file that may come with them.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}
  ~LineReader() {
    if (file_ >= 0) close(file_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end; false when the connection ended, or after too many bytes.
  bool Next(size_t bytes_max, std::string* line) {
    for (size_t searched = 0;;) {
      const size_t end = buffer_.find('\n', searched);
      if (end != std::string::npos) {
        line->assign(buffer_, 0, end);
        buffer_.erase(0, end + 1);
        return true;
      }
      searched = buffer_.size();
      if (searched >= bytes_max || !Receive()) return false;
    }
  }
  int file() const { return file_; }

 private:
  bool Receive() {
    char chunk[16384];
    iovec part{chunk, sizeof chunk};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t got;
    do got = recvmsg(fd_, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const cmsghdr* const sent = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (sent != nullptr && sent->cmsg_level == SOL_SOCKET && sent->cmsg_type == SCM_RIGHTS) {
      if (file_ >= 0) close(file_);
      std::memcpy(&file_, CMSG_DATA(sent), sizeof file_);
    }
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<size_t>(got));
    return true;
  }

  const int fd_;
  int file_ = -1;
  std::string buffer_;
};

// One byte carries the file, because ancillary data needs some.
bool SendFile(int fd, int file) {
  char byte = ' ';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &file, sizeof file);
  return sendmsg(fd, &message, MSG_NOSIGNAL) == 1;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

bool IsTrusted(int client) {
  ucred peer{};
  socklen_t bytes = sizeof peer;
  if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

// Names of damaged data may hold any bytes.
std::string Line(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string EncodeReply(const AdminReply& reply) {
  return Line({{"exit", reply.exit_code}, {"output", reply.output}, {"error", reply.error}});
}

std::string EncodeProgress(const AdminProgress& progress) {
  return Line({{"phase", progress.phase},
               {"unit", progress.unit},
               {"done", progress.done},
               {"total", progress.total}});
}

void HearProgress(const nlohmann::json& line, const ReportProgress& report) {
  if (!report) return;
  const std::string phase = line.value("phase", ""), unit = line.value("unit", "");
  report({phase, unit, line.value("done", uint64_t{0}), line.value("total", uint64_t{0})});
}

bool ParseRequest(const std::string& line, AdminRequest* request) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("command") || !json["command"].is_string()) return false;
  request->command = json["command"].get<std::string>();
  const nlohmann::json arguments = json.value("arguments", nlohmann::json::object());
  for (const auto& [name, value] : arguments.items()) {
    if (!value.is_string()) return false;
    request->arguments[name] = value.get<std::string>();
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<AdminSocket>> AdminSocket::Open(const std::string& data_directory,
                                                       Engine& engine, AdminExtension extension) {
  const Folder folder(data_directory);
  if (!folder.ok()) return ErrnoStatus("open the data folder");
  const std::string path = data_directory + "/" + kSocketName;
  // The folder's lock is ours, so a socket that is there was left by a process that is gone.
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus("create");
  const sockaddr_un address = folder.Address();
  const mode_t before = umask(0177);
  const int bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(before);
  if (bound != 0 || listen(fd, 16) != 0) {
    const Status failed = ErrnoStatus("bind " + path);
    close(fd);
    return failed;
  }
  const int stop_fd = eventfd(0, EFD_CLOEXEC);
  if (stop_fd < 0) {
    close(fd);
    return ErrnoStatus("eventfd");
  }
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(fd, stop_fd, path, engine, std::move(extension)));
}

AdminSocket::AdminSocket(int listen_fd, int stop_fd, std::string path, Engine& engine,
                         AdminExtension extension)
    : listen_fd_(listen_fd),
      stop_fd_(stop_fd),
      path_(std::move(path)),
      engine_(engine),
      extension_(std::move(extension)) {
  thread_ = Thread("tnt-admin", [this] { Run(); });
}

AdminSocket::~AdminSocket() {
  stopping_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  static_cast<void>(write(stop_fd_, &one, sizeof one) == sizeof one);
  thread_.Join();
  unlink(path_.c_str());
  close(listen_fd_);
  close(stop_fd_);
}

void AdminSocket::Run() {
  for (;;) {
    pollfd waits[] = {{listen_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) break;
    if (waits[1].revents != 0) break;
    if (waits[0].revents == 0) continue;
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) Admit(fd);
  }
  Reap(true);
}

void AdminSocket::Admit(int fd) {
  Reap(false);
  SetTimeouts(fd);
  if (!IsTrusted(fd) || clients_.size() >= kClientsMax) {
    if (clients_.size() >= kClientsMax) {
      WriteAll(fd, EncodeReply({kExitFailed, "", "too many admin commands are under way"}));
    }
    close(fd);
    return;
  }
  clients_.push_back(std::make_unique<Client>());
  Client* const client = clients_.back().get();
  client->fd = fd;
  client->thread = Thread("tnt-admin-cmd", [this, client] {
    Thread::PreferCallingThread(kAdminNice);
    Serve(client->fd);
    // The asker sees the end at once; the number is free for others only when it is reaped.
    shutdown(client->fd, SHUT_RDWR);
    client->done.store(true, std::memory_order_release);
  });
}

void AdminSocket::Reap(bool all) {
  // Who has not finished asking is not waited for.
  if (all) {
    for (const std::unique_ptr<Client>& client : clients_) shutdown(client->fd, SHUT_RD);
  }
  std::erase_if(clients_, [all](const std::unique_ptr<Client>& client) {
    if (!all && !client->done.load(std::memory_order_acquire)) return false;
    client->thread.Join();
    close(client->fd);
    return true;
  });
}

void AdminSocket::Serve(int client) {
  LineReader lines(client);
  std::string line;
  if (!lines.Next(kRequestBytesMax, &line)) return;
  AdminRequest request;
  AdminReply reply{kExitUsage, "", "the request is not one this server understands"};
  if (ParseRequest(line, &request)) {
    request.file = lines.file();
    request.report = [this, client](const AdminProgress& progress) {
      return !stopping_.load(std::memory_order_relaxed) &&
             WriteAll(client, EncodeProgress(progress));
    };
    reply = Answer(request);
  }
  WriteAll(client, EncodeReply(reply));
}

AdminReply AdminSocket::Answer(const AdminRequest& request) {
  if (extension_) {
    const MutexLock lock(extension_mutex_);
    if (std::optional<AdminReply> theirs = extension_(request)) return *std::move(theirs);
  }
  return RunAdminCommand(engine_, request);
}

namespace {

AdminReply ReadReply(int fd, const std::string& data_directory, const ReportProgress& report) {
  LineReader lines(fd);
  for (std::string line; lines.Next(kReplyBytesMax, &line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return {kExitFailed, "", "the server's answer is not JSON"};
    if (!json.contains("phase")) {
      return {json.value("exit", kExitFailed), json.value("output", ""), json.value("error", "")};
    }
    HearProgress(json, report);
  }
  return {kExitUnreachable, "",
          "the server on " + data_directory + " did not answer; it may have stopped"};
}

}  // namespace

Result<AdminReply> AskServer(const std::string& data_directory, const AdminRequest& request) {
  const Folder folder(data_directory);
  if (!folder.ok()) return Unavailable("no data folder " + data_directory);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus("create");
  const sockaddr_un address = folder.Address();
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return Unavailable("no server runs on " + data_directory);
  }
  const std::string line = Line({{"command", request.command}, {"arguments", request.arguments}});
  AdminReply reply{kExitUnreachable, "", "the server on " + data_directory + " takes no commands"};
  if ((request.file < 0 || SendFile(fd, request.file)) && WriteAll(fd, line)) {
    reply = ReadReply(fd, data_directory, request.report);
  }
  close(fd);
  return reply;
}

}  // namespace tenantry::server
