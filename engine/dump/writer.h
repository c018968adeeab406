#pragma once
// DumpWriter: rows in, a dump file out, a block at a time.
//
// Rules    Begin, then per space BeginSpace and its rows in the order of their keys, then Finish. Spaces rise.
// Errors   those of the sink, after which the writer is done for.
// Threads  one at a time.
// Owns     one block. Borrows the sink.

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/byte_stream.h"
#include "engine/dump/format.h"
#include "engine/row_hash.h"

namespace tenantry::dump {

class DumpWriter {
 public:
  explicit DumpWriter(ByteSink& sink) : sink_(sink) {}

  Status Begin(const Header& header);
  // A space without rows is in the footer all the same.
  Status BeginSpace(SpaceId space, std::string_view tenant, BlockKind kind = BlockKind::kRows);
  // `key` is without the space.
  Status Put(std::string_view key, std::string_view value);
  // In spaces of effects only.
  Status Delete(std::string_view key);
  Status Finish();

  uint64_t rows() const { return footer_.rows; }
  uint64_t bytes() const { return offset_; }
  const Footer& footer() const { return footer_; }

 private:
  Status Write(std::string_view bytes);
  Status FlushBlock();
  Status EndSpace();
  Status Count(std::string_view key, std::string_view value);

  ByteSink& sink_;
  uint64_t offset_ = 0;
  Footer footer_;
  Hash128 chain_;
  BlockHead head_;   // Of the block being filled.
  std::string raw_;  // Its rows.
  RowHash hash_;     // Of the space.
  std::map<std::pair<uint8_t, uint16_t>, KindTotal> kinds_;
};

// What a key without its space is of: kind, and the collection of records. False when it is too short.
bool KindOf(std::string_view key, uint8_t* kind, uint16_t* collection);

}  // namespace tenantry::dump
