#pragma once
// RowHash: one hash of rows in the order of their keys. What `admin digest` shows per space, and what a dump proves its rows
// with.
//
// Threads  one at a time.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"

namespace tenantry {

class RowHash {
 public:
  void Add(std::string_view key, std::string_view value) {
    ++rows_;
    AppendSized(&buffer_, key);
    AppendSized(&buffer_, value);
    if (buffer_.size() >= kBufferBytes) Fold();
  }
  uint64_t rows() const { return rows_; }
  // Of all rows so far. The hash of more rows depends on where it was asked for: ask at the end.
  Hash128 Finish() {
    if (!buffer_.empty()) Fold();
    return hash_;
  }

 private:
  static constexpr size_t kBufferBytes = 64u << 10;

  void Fold() {
    AppendLittle(&buffer_, hash_.low);
    AppendLittle(&buffer_, hash_.high);
    hash_ = Hash128Of(buffer_);
    buffer_.clear();
  }

  std::string buffer_;
  Hash128 hash_;
  uint64_t rows_ = 0;
};

}  // namespace tenantry
