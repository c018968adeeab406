#include "server/http/buffers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

#include "server/http/tls.h"

namespace tenantry::http {

std::unique_ptr<char[]> BufferPool::TakeBlock() {
  if (blocks_.empty()) return std::make_unique_for_overwrite<char[]>(kBlockBytes);
  std::unique_ptr<char[]> block = std::move(blocks_.back());
  blocks_.pop_back();
  return block;
}

void BufferPool::GiveBlock(std::unique_ptr<char[]> block) {
  if (blocks_.size() < kKept) blocks_.push_back(std::move(block));
}

std::string BufferPool::TakeString() {
  if (strings_.empty()) return {};
  std::string text = std::move(strings_.back());
  strings_.pop_back();
  return text;
}

void BufferPool::GiveString(std::string text) {
  if (strings_.size() >= kKept || text.capacity() > kStringBytesKept) return;
  text.clear();
  strings_.push_back(std::move(text));
}

void InputBuffer::Reserve(size_t expected, BufferPool* pool) {
  if (!bytes_) {
    bytes_ = pool->TakeBlock();
    capacity_ = BufferPool::kBlockBytes;
    begin_ = 0;
  }
  if (room() > 0 && capacity_ - begin_ >= expected) return;
  const size_t wanted = std::max(expected, size_ + 1);
  if (wanted <= capacity_ && begin_ > 0) {
    std::memmove(bytes_.get(), data(), size_);
    begin_ = 0;
    return;
  }
  const size_t capacity = std::max(wanted, capacity_ * 2);
  std::unique_ptr<char[]> larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(larger.get(), data(), size_);
  if (capacity_ == BufferPool::kBlockBytes) pool->GiveBlock(std::move(bytes_));
  bytes_ = std::move(larger);
  capacity_ = capacity;
  begin_ = 0;
}

void InputBuffer::Consume(size_t bytes) {
  begin_ += bytes;
  size_ -= bytes;
  if (size_ == 0) begin_ = 0;
}

void InputBuffer::ReleaseIfEmpty(BufferPool* pool) {
  if (size_ == 0) Discard(pool);
}

void InputBuffer::Discard(BufferPool* pool) {
  if (capacity_ == BufferPool::kBlockBytes) pool->GiveBlock(std::move(bytes_));
  bytes_.reset();
  capacity_ = begin_ = size_ = 0;
}

void OutputQueue::Append(std::string_view text, BufferPool* pool) {
  if (parts_.size() == first_ || parts_.back().shared) {
    parts_.emplace_back();
    parts_.back().owned = pool->TakeString();
  }
  parts_.back().owned.append(text);
  bytes_ += text.size();
}

void OutputQueue::AppendBody(std::string body, BufferPool* pool) {
  if (body.size() <= kCopiedBodyBytes) return Append(body, pool);
  bytes_ += body.size();
  parts_.emplace_back();
  parts_.back().owned = std::move(body);
}

void OutputQueue::AppendShared(std::shared_ptr<const std::string> body) {
  if (body->empty()) return;
  bytes_ += body->size();
  parts_.emplace_back();
  parts_.back().shared = std::move(body);
}

OutputQueue::Flushed OutputQueue::FlushEncrypted(TlsSession& tls, BufferPool* pool) {
  bool progress = false;
  while (bytes_ > 0) {
    std::string_view view = parts_[first_].view();
    view.remove_prefix(offset_);
    const ssize_t n = tls.Write(view.data(), view.size());
    if (n < 0) {
      if (errno == EAGAIN) return progress ? Flushed::kSome : Flushed::kNone;
      return Flushed::kBroken;
    }
    progress = true;
    Drop(static_cast<size_t>(n), pool);
  }
  return Flushed::kAll;
}

OutputQueue::Flushed OutputQueue::Flush(int fd, TlsSession* tls, BufferPool* pool) {
  if (tls) return FlushEncrypted(*tls, pool);
  bool progress = false;
  while (bytes_ > 0) {
    std::array<iovec, kPartsPerWrite> vectors;
    size_t count = 0;
    size_t offered = 0;
    for (size_t i = first_; i < parts_.size() && count < vectors.size(); ++i, ++count) {
      std::string_view view = parts_[i].view();
      if (i == first_) view.remove_prefix(offset_);
      vectors[count] = {const_cast<char*>(view.data()), view.size()};
      offered += view.size();
    }
    constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    // Most replies are one part, which takes the shorter way through the kernel.
    const ssize_t n = count == 1 ? ::send(fd, vectors[0].iov_base, vectors[0].iov_len, kFlags)
                                 : ::sendmsg(fd, &message, kFlags);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK)
        return progress ? Flushed::kSome : Flushed::kNone;
      return Flushed::kBroken;
    }
    progress = true;
    Drop(static_cast<size_t>(n), pool);
    if (static_cast<size_t>(n) < offered) return Flushed::kSome;
  }
  return Flushed::kAll;
}

void OutputQueue::Drop(size_t written, BufferPool* pool) {
  bytes_ -= written;
  offset_ += written;
  while (first_ < parts_.size() && offset_ >= parts_[first_].view().size()) {
    offset_ -= parts_[first_].view().size();
    pool->GiveString(std::move(parts_[first_].owned));
    parts_[first_].shared.reset();
    ++first_;
  }
  if (first_ == parts_.size()) Discard(pool);
}

void OutputQueue::Discard(BufferPool* pool) {
  for (size_t i = first_; i < parts_.size(); ++i) pool->GiveString(std::move(parts_[i].owned));
  parts_.clear();
  if (parts_.capacity() > 8) parts_.shrink_to_fit();
  first_ = offset_ = bytes_ = 0;
}

}  // namespace tenantry::http
