#pragma once
// Socket: the few calls on TCP sockets that nodes need, and one blocking question to another node.
//
// Errors   kInvalidArgument for an address that is none, kUnavailable for the rest, naming the address.
// Threads  functions without state; a Socket from one thread at a time.
// Owns     its descriptor.

#include <string>
#include <string_view>
#include <utility>

#include "engine/base/random.h"
#include "engine/base/result.h"
#include "replication/messages.h"

namespace tenantry::replication {

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int fd() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// HOST:PORT; IPv6 hosts in brackets.
bool IsLoopbackAddress(std::string_view address);
// Port 0 picks one; `*bound` is what others connect to.
Result<Socket> ListenOn(const std::string& address, std::string* bound);
// The connection is under way when this returns: wait for it to be writable, then ask ConnectFailed.
Result<Socket> BeginConnect(const std::string& address);
bool ConnectFailed(const Socket& socket);
// Nothing was waiting: a socket that is not ok().
Socket Accept(const Socket& listener);

// Bytes read, 0 when there are none now, -1 when the connection is gone.
int64_t ReadSome(const Socket& socket, char* out, size_t bytes);
int64_t WriteSome(const Socket& socket, std::string_view bytes);

// Connects, sends one message and waits for one.
Result<Message> Ask(const std::string& address, std::string_view secret, const Message& question,
                    int64_t limit_ms, Random& random);

// The content of a secret file, without the line end.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace tenantry::replication
