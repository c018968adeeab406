#pragma once
// Listeners: turning HOST:PORT into bound sockets, one per loop with SO_REUSEPORT.
//
// Errors   kInvalidArgument for a bad address; kUnavailable when the port is taken, also by a
// process that would
//          share it: SO_REUSEPORT would otherwise split the clients between the two without a word.

#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace tenantry::http {

// Closes its descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    Reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~FileDescriptor() { Reset(); }
  int get() const { return fd_; }
  void Reset();

 private:
  int fd_ = -1;
};

struct ListenGroup {
  std::string address;                  // With the port that was bound.
  std::vector<FileDescriptor> sockets;  // One per loop.
};

// HOST is an IPv4 address, an IPv6 address in brackets, or a name that resolves to one.
Result<ListenGroup> Listen(const std::string& address, uint32_t sockets);

}  // namespace tenantry::http
