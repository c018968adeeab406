#include "replication/socket.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/host_port.h"
#include "replication/secure_channel.h"

namespace tenantry::replication {
namespace {

constexpr int kBacklog = 64;
constexpr size_t kSecretBytesMin = 16;
constexpr uint64_t kSecretBytesMax = 4096;

Status Failed(std::string_view doing, const std::string& address, const char* why) {
  return Unavailable(std::string(doing) + " " + address + ": " + why);
}

// What follows with the first address that works; `use` answers whether it did, and leaves errno.
template <class Use>
Result<Socket> FirstThatWorks(const std::string& address, std::string_view doing, int flags,
                              const Use& use) {
  TNT_ASSIGN_OR_RETURN(const HostPort endpoint, SplitHostPort(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
  if (failed != 0) return Failed(doing, address, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Socket socket(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.ok() && use(socket, *one)) return socket;
    error = errno;
  }
  return Failed(doing, address, std::strerror(error));
}

void SetNoDelay(const Socket& socket) {
  const int on = 1;
  (void)::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string PortOf(const Socket& socket) {
  sockaddr_storage name{};
  socklen_t bytes = sizeof name;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&name), &bytes) != 0) return "0";
  const bool six = name.ss_family == AF_INET6;
  const in_port_t port = six ? reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&name)->sin_port;
  return std::to_string(ntohs(port));
}

bool WaitFor(const Socket& socket, short events, int64_t until_ns, const Clock& clock) {
  const int64_t left_ms = (until_ns - clock.NowBootNs()) / 1'000'000;
  pollfd wait{socket.fd(), events, 0};
  return left_ms > 0 && ::poll(&wait, 1, static_cast<int>(left_ms)) > 0;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

bool IsLoopbackAddress(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("localhost:");
}

Result<Socket> ListenOn(const std::string& address, std::string* bound) {
  TNT_ASSIGN_OR_RETURN(
      Socket listener,
      FirstThatWorks(address, "listen on", AI_PASSIVE, [](const Socket& s, const addrinfo& where) {
        const int on = 1;
        (void)::setsockopt(s.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        return ::bind(s.fd(), where.ai_addr, where.ai_addrlen) == 0 &&
               ::listen(s.fd(), kBacklog) == 0;
      }));
  *bound = address.substr(0, address.rfind(':') + 1) + PortOf(listener);
  return listener;
}

Result<Socket> BeginConnect(const std::string& address) {
  TNT_ASSIGN_OR_RETURN(
      Socket socket,
      FirstThatWorks(address, "connect to", 0, [](const Socket& s, const addrinfo& where) {
        return ::connect(s.fd(), where.ai_addr, where.ai_addrlen) == 0 || errno == EINPROGRESS;
      }));
  SetNoDelay(socket);
  return socket;
}

bool ConnectFailed(const Socket& socket) {
  int error = 0;
  socklen_t bytes = sizeof error;
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 || error != 0;
}

Socket Accept(const Socket& listener) {
  Socket socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.ok()) SetNoDelay(socket);
  return socket;
}

int64_t ReadSome(const Socket& socket, char* out, size_t bytes) {
  const ssize_t got = ::recv(socket.fd(), out, bytes, 0);
  if (got > 0) return got;
  const bool later = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return later ? 0 : -1;
}

int64_t WriteSome(const Socket& socket, std::string_view bytes) {
  const ssize_t wrote = ::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (wrote >= 0) return wrote;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

Result<Message> Ask(const std::string& address, std::string_view secret, const Message& question,
                    int64_t limit_ms, Random& random) {
  const SystemClock clock;
  const int64_t until_ns = clock.NowBootNs() + limit_ms * 1'000'000;
  TNT_ASSIGN_OR_RETURN(const Socket socket, BeginConnect(address));
  if (!WaitFor(socket, POLLOUT, until_ns, clock) || ConnectFailed(socket)) {
    return Unavailable("no tenantry node answers at " + address);
  }
  SecureChannel channel(secret, SecureChannel::Side::kConnects, random);
  channel.Send(Encode(question));
  std::string buffer(64u << 10, '\0');
  for (;;) {
    while (!channel.output().empty()) {
      const int64_t wrote = WriteSome(socket, channel.output());
      if (wrote < 0) return Unavailable("the node at " + address + " closed the connection");
      channel.output().erase(0, static_cast<size_t>(wrote));
      if (wrote == 0 && !WaitFor(socket, POLLOUT, until_ns, clock)) break;
    }
    if (!WaitFor(socket, POLLIN, until_ns, clock)) {
      return Unavailable("the node at " + address + " did not answer in time");
    }
    const int64_t got = ReadSome(socket, buffer.data(), buffer.size());
    if (got < 0) {
      return Unavailable("the node at " + address +
                         " closed the connection; is the secret the same?");
    }
    TNT_RETURN_IF_ERROR(channel.Receive({buffer.data(), static_cast<size_t>(got)}));
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> answer, channel.Next());
    if (answer) return Decode(*answer);
  }
}

Result<std::string> ReadSecretFile(const std::string& path) {
  PosixFileSystem files;
  TNT_ASSIGN_OR_RETURN(std::string secret, ReadFile(files, path, kSecretBytesMax));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.size() >= kSecretBytesMin) return secret;
  return InvalidArgument(path + " holds fewer than " + std::to_string(kSecretBytesMin) +
                         " bytes; make one with: head -c 32 /dev/urandom | base64 > FILE");
}

}  // namespace tenantry::replication
