#include "tools/load/fetch.h"

#include <array>
#include <memory>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tools/load/response_reader.h"

namespace tenantry::load {
namespace {

constexpr timeval kReadLimit{.tv_sec = 10, .tv_usec = 0};

class Socket {
 public:
  explicit Socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool SendAll(int fd, http::TlsSession* session, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = session != nullptr ? session->Write(bytes.data(), bytes.size())
                                            : ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

Result<Reply> Fetch(const std::string& url, const RequestParts& request,
                    const http::TlsClient* tls) {
  TNT_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseUrl(url));
  const Socket socket(endpoint.address.ss_family);
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &kReadLimit, sizeof kReadLimit);
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  RequestTemplate message(endpoint, request);
  if (endpoint.encrypted && tls == nullptr) return InvalidArgument("https needs TLS: " + url);
  if (::connect(socket.fd(), address, endpoint.address_bytes) != 0) {
    return Unavailable(fmt::format("cannot connect to {}", url));
  }
  const std::unique_ptr<http::TlsSession> session =
      endpoint.encrypted ? tls->Connect(socket.fd(), endpoint.host) : nullptr;
  if (!SendAll(socket.fd(), session.get(), message.Render(0, 0))) {
    const std::string reason = session ? ": " + session->trouble() : "";
    return Unavailable(fmt::format("cannot send to {}{}", url, reason));
  }
  ResponseReader reader;
  reader.Reset(message.is_head(), true);
  std::array<char, 16 * 1024> buffer;
  auto state = reader.state();
  while (state != ResponseReader::State::kDone && state != ResponseReader::State::kError) {
    const ssize_t got = session ? session->Read(buffer.data(), buffer.size())
                                : ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (got < 0) break;
    state = got == 0 ? reader.FeedEnd() : reader.Feed({buffer.data(), static_cast<size_t>(got)});
  }
  if (state != ResponseReader::State::kDone) {
    return Unavailable(fmt::format("no complete reply from {}", url));
  }
  return Reply{reader.status(), reader.body()};
}

}  // namespace tenantry::load
