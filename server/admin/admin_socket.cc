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

bool ReadLine(int fd, size_t bytes_max, std::string* line) {
  char chunk[16384];
  while (line->size() < bytes_max) {
    const ssize_t got = recv(fd, chunk, sizeof chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    line->append(chunk, static_cast<size_t>(got));
    if (line->back() == '\n') return true;
  }
  return false;
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

std::string EncodeReply(const AdminReply& reply) {
  const nlohmann::json json = {
      {"exit", reply.exit_code}, {"output", reply.output}, {"error", reply.error}};
  return json.dump() + "\n";
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
    if (poll(waits, 2, -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    if (waits[0].revents == 0) continue;
    const int client = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    SetTimeouts(client);
    if (IsTrusted(client)) Serve(client);
    close(client);
  }
}

void AdminSocket::Serve(int client) const {
  std::string line;
  if (!ReadLine(client, kRequestBytesMax, &line)) return;
  AdminRequest request;
  AdminReply reply{kExitUsage, "", "the request is not one this server understands"};
  if (ParseRequest(line, &request)) {
    std::optional<AdminReply> theirs = extension_ ? extension_(request) : std::nullopt;
    reply = theirs ? *std::move(theirs) : RunAdminCommand(engine_, request);
  }
  WriteAll(client, EncodeReply(reply));
}

Result<AdminReply> AskServer(const std::string& data_directory, const AdminRequest& request) {
  const Folder folder(data_directory);
  if (!folder.ok()) return Unavailable("no data folder " + data_directory);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus("create");
  SetTimeouts(fd);
  const sockaddr_un address = folder.Address();
  std::string line;
  const nlohmann::json json = {{"command", request.command}, {"arguments", request.arguments}};
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool answered =
      connected && WriteAll(fd, json.dump() + "\n") && ReadLine(fd, kReplyBytesMax, &line);
  close(fd);
  if (!connected) return Unavailable("no server runs on " + data_directory);
  if (!answered) {
    return AdminReply{kExitUnreachable, "",
                      "the server on " + data_directory + " did not answer; it may have stopped"};
  }
  const nlohmann::json reply = nlohmann::json::parse(line, nullptr, false);
  if (!reply.is_object()) return Corruption("the server's answer is not JSON");
  return AdminReply{reply.value("exit", kExitFailed), reply.value("output", ""),
                    reply.value("error", "")};
}

}  // namespace tenantry::server
