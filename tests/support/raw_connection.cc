#include "tests/support/raw_connection.h"

#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/check.h"

namespace tenantry {

RawConnection::RawConnection(int port, int read_limit_seconds)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  TNT_CHECK(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval limit{read_limit_seconds, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

RawConnection::~RawConnection() {
  close(fd_);
}

bool RawConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

void RawConnection::FinishWriting() {
  shutdown(fd_, SHUT_WR);
}

bool RawConnection::ReadMore() {
  char chunk[16384];
  const ssize_t got = recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(got));
  return true;
}

RawConnection::Answer RawConnection::ReadAnswer() {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  for (;;) {
    const size_t head = buffer_.find("\r\n\r\n");
    if (head != std::string::npos) {
      const size_t length = buffer_.find(kLength);
      const size_t body =
          length < head ? std::strtoul(buffer_.c_str() + length + kLength.size(), nullptr, 10) : 0;
      if (buffer_.size() >= head + 4 + body) {
        Answer answer{std::atoi(buffer_.c_str() + 9), buffer_.substr(0, head + 2),
                      buffer_.substr(head + 4, body)};
        buffer_.erase(0, head + 4 + body);
        // An interim answer is followed by the real one.
        if (answer.status != 100) return answer;
        continue;
      }
    }
    if (!ReadMore()) return {};
  }
}

bool RawConnection::IsClosed() {
  char byte = 0;
  return buffer_.empty() && recv(fd_, &byte, 1, 0) == 0;
}

}  // namespace tenantry
