#pragma once
// TestClient: a blocking HTTP client on a raw socket, for tests that care about exact bytes.
//
// Errors   a receive that takes longer than kReceiveSeconds ends the read: nothing here waits for
// ever.

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tenantry::http {

struct ClientReply {
  int status = 0;  // 0: the connection ended before a whole reply.
  std::string head;
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

class TestClient {
 public:
  static constexpr int kReceiveSeconds = 10;

  // `address` is 127.0.0.1:PORT.
  explicit TestClient(const std::string& address) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval limit{.tv_sec = kReceiveSeconds, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~TestClient() { Close(); }
  TestClient(TestClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void CloseWriteSide() { ::shutdown(fd_, SHUT_WR); }

  // False when the server stopped listening to us.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // Bytes that have arrived and were not read, without waiting.
  bool HasInput() {
    char c;
    return !buffer_.empty() || ::recv(fd_, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

  ClientReply Read(bool is_head = false) {
    ClientReply reply;
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return reply;
    }
    reply.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    for (size_t at = reply.head.find("\r\n") + 2; at < reply.head.size();) {
      const size_t stop = reply.head.find("\r\n", at);
      const std::string line = reply.head.substr(at, stop - at);
      const size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(::tolower(c));
      reply.headers[name] = line.substr(colon + 2);
      at = stop + 2;
    }
    const auto given = reply.headers.find("content-length");
    const size_t length = is_head || given == reply.headers.end() ? 0 : std::stoul(given->second);
    while (buffer_.size() < length) {
      if (!Receive()) return reply;
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    reply.status = std::atoi(reply.head.c_str() + 9);
    return reply;
  }

  // The next chunk of a chunked body; empty is the last one. False when the connection ended before.
  bool ReadChunk(std::string* chunk) {
    size_t line;
    while ((line = buffer_.find("\r\n")) == std::string::npos) {
      if (!Receive()) return false;
    }
    const size_t length = std::stoul(buffer_.substr(0, line), nullptr, 16);
    while (buffer_.size() < line + 2 + length + 2) {
      if (!Receive()) return false;
    }
    *chunk = buffer_.substr(line + 2, length);
    buffer_.erase(0, line + 2 + length + 2);
    return true;
  }

  // Everything until the server closes; sets `*closed` to false when that did not happen in time or
  // was a reset.
  std::string ReadToEnd(bool* closed = nullptr) {
    while (Receive()) {
    }
    if (closed) *closed = ended_;
    return std::exchange(buffer_, {});
  }

  ClientReply Call(std::string_view request) {
    Send(request);
    return Read();
  }

  // True when the server closes the connection, in order or by a reset, before the time limit.
  bool WaitForClose() {
    while (Receive()) {
    }
    return ended_ || errno == ECONNRESET || errno == EPIPE;
  }

 private:
  bool Receive() {
    char bytes[16 * 1024];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    ended_ = n == 0;
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

inline std::string GetText(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) +
         "\r\n";
}

inline std::string PostText(std::string_view target, std::string_view body,
                            std::string_view headers = "") {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace tenantry::http
