#pragma once
// ByteSink and ByteSource: bytes to and from a file, a pipe or memory, in order.
//
// Errors   kIoError from the operating system; kNoSpace for a full disk; kUnavailable when a pipe's other end is gone.
// Threads  one at a time each.

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tenantry {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status Write(std::string_view bytes) = 0;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `bytes`, at least one; 0 at the end.
  virtual Result<size_t> Read(char* out, size_t bytes) = 0;
};

// An open file or pipe, which stays its owner's to close.
class FdSink final : public ByteSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  Status Write(std::string_view bytes) override;

 private:
  const int fd_;
};

class FdSource final : public ByteSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  Result<size_t> Read(char* out, size_t bytes) override;

 private:
  const int fd_;
};

class StringSink final : public ByteSink {
 public:
  explicit StringSink(std::string* out) : out_(out) {}
  Status Write(std::string_view bytes) override {
    out_->append(bytes);
    return Status::Ok();
  }

 private:
  std::string* const out_;
};

class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : rest_(bytes) {}
  Result<size_t> Read(char* out, size_t bytes) override {
    const size_t count = rest_.copy(out, bytes);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

}  // namespace tenantry
