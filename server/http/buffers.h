#pragma once
// Buffers: the bytes a connection has received and not used, and those it still has to send. Both
// take their memory from pools of their loop and give it back when empty, so an idle connection
// owns none.
//
// Threads  all of one loop belong to that loop's thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace tenantry::http {

class TlsSession;

// Spare blocks and strings of one loop.
class BufferPool {
 public:
  static constexpr size_t kBlockBytes = 4 * 1024;

  std::unique_ptr<char[]> TakeBlock();
  void GiveBlock(std::unique_ptr<char[]> block);
  std::string TakeString();
  void GiveString(std::string text);

 private:
  static constexpr size_t kKept = 256;
  static constexpr size_t kStringBytesKept = 16 * 1024;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::string> strings_;
};

class InputBuffer {
 public:
  char* data() { return bytes_.get() + begin_; }
  const char* data() const { return bytes_.get() + begin_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Where to receive, and how much fits.
  char* tail() { return bytes_.get() + begin_ + size_; }
  size_t room() const { return capacity_ - begin_ - size_; }

  // Makes room for at least one more byte and, if it is known to be needed, for `expected` bytes in
  // all.
  void Reserve(size_t expected, BufferPool* pool);
  void Commit(size_t bytes) { size_ += bytes; }
  // After the framer removed bytes from the end.
  void SetSize(size_t size) { size_ = size; }
  void Consume(size_t bytes);
  // Gives the memory back; only when empty.
  void ReleaseIfEmpty(BufferPool* pool);
  void Discard(BufferPool* pool);

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t size_ = 0;
};

class OutputQueue {
 public:
  enum class Flushed { kAll, kSome, kNone, kBroken };

  bool empty() const { return bytes_ == 0; }
  size_t bytes() const { return bytes_; }
  void Append(std::string_view text, BufferPool* pool);
  // Copies a small body behind its head, keeps a large one as it is.
  void AppendBody(std::string body, BufferPool* pool);
  void AppendShared(std::shared_ptr<const std::string> body);
  // Writes what the socket takes, through `tls` unless it is null.
  Flushed Flush(int fd, TlsSession* tls, BufferPool* pool);
  void Discard(BufferPool* pool);

 private:
  static constexpr size_t kPartsPerWrite = 64;
  static constexpr size_t kCopiedBodyBytes = 4 * 1024;
  struct Part {
    std::string owned;
    std::shared_ptr<const std::string> shared;
    std::string_view view() const { return shared ? std::string_view(*shared) : owned; }
  };
  Flushed FlushEncrypted(TlsSession& tls, BufferPool* pool);
  void Drop(size_t written, BufferPool* pool);

  std::vector<Part> parts_;
  size_t first_ = 0;   // Index of the first part not fully written.
  size_t offset_ = 0;  // Bytes of it already written.
  size_t bytes_ = 0;
};

}  // namespace tenantry::http
