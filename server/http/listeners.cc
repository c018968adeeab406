#include "server/http/listeners.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/host_port.h"

namespace tenantry::http {
namespace {

// Connections the kernel completes before we accept them; it caps this at net.core.somaxconn.
constexpr int kBacklog = 4096;

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<Endpoint> Resolve(const std::string& address) {
  TNT_ASSIGN_OR_RETURN(HostPort at, SplitHostPort(address));
  // Loopback by definition (RFC 6761), also on a system without /etc/hosts.
  if (at.host == "localhost") at.host = "127.0.0.1";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(at.host.c_str(), at.port.c_str(), &hints, &found); code != 0) {
    return InvalidArgument("listen address " + address + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, found->ai_addr, found->ai_addrlen);
  endpoint.length = found->ai_addrlen;
  return endpoint;
}

Status SystemError(const std::string& address, const char* what) {
  const int error = errno;
  if (error == EADDRINUSE) return Unavailable("listen address " + address + ": address in use");
  return IoError("listen address " + address + ": " + what + ": " + std::strerror(error));
}

Result<FileDescriptor> Bind(const std::string& address, const Endpoint& endpoint, bool share) {
  FileDescriptor socket(
      ::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return SystemError(address, "socket");
  const int on = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (endpoint.storage.ss_family == AF_INET6) {
    (void)::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (share && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return SystemError(address, "SO_REUSEPORT");
  }
  if (::bind(socket.get(), endpoint.get(), endpoint.length) != 0)
    return SystemError(address, "bind");
  return socket;
}

in_port_t Port(const Endpoint& endpoint) {
  return endpoint.storage.ss_family == AF_INET6
             ? reinterpret_cast<const sockaddr_in6*>(&endpoint.storage)->sin6_port
             : reinterpret_cast<const sockaddr_in*>(&endpoint.storage)->sin_port;
}

std::string Format(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "";
  if (endpoint.storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&endpoint.storage);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(Port(endpoint)));
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&endpoint.storage);
  ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  return fmt::format("{}:{}", text, ntohs(Port(endpoint)));
}

}  // namespace

void FileDescriptor::Reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<ListenGroup> Listen(const std::string& address, uint32_t sockets) {
  TNT_ASSIGN_OR_RETURN(Endpoint endpoint, Resolve(address));
  // The probe. With port 0 the kernel picks a port nobody uses, so there is nothing to find out.
  if (Port(endpoint) != 0) TNT_RETURN_IF_ERROR(Bind(address, endpoint, false).status());
  ListenGroup group;
  for (uint32_t i = 0; i < sockets; ++i) {
    TNT_ASSIGN_OR_RETURN(FileDescriptor socket, Bind(address, endpoint, true));
    if (i == 0 && ::getsockname(socket.get(), endpoint.get(), &endpoint.length) != 0) {
      return SystemError(address, "getsockname");
    }
    group.sockets.push_back(std::move(socket));
  }
  // All are bound before one listens: the kernel spreads clients over those that listen.
  for (const FileDescriptor& socket : group.sockets) {
    if (::listen(socket.get(), kBacklog) != 0) return SystemError(address, "listen");
  }
  group.address = Format(endpoint);
  return group;
}

}  // namespace tenantry::http
