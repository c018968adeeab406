#pragma once
// DumpReader: a dump file in, its rows out, each proven before it is handed on.
//
// Shape    Open, then NextBlock until it is empty: then the footer was read, every total and hash agreed, and nothing
//          followed. With `tolerant` damage is noted and skipped, and the good blocks behind it are found by their heads.
// Errors   kCorruption names what is damaged: block, offset, tenant and keys. kInvalidArgument: not a dump, or one of a
//          newer version. Tolerant: only errors of the source.
// Threads  one at a time.
// Owns     one block. Borrows the source.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/byte_stream.h"
#include "engine/dump/format.h"
#include "engine/row_hash.h"

namespace tenantry::dump {

struct Damage {
  uint64_t offset = 0;
  uint64_t end = 0;        // One past the last byte concerned.
  std::string what;        // "block 3 at offset 4711 (…): its bytes do not match their checksum"
  bool rows_lost = false;  // Rows are missing, not only proof of them.
};

struct Block {
  BlockHead head;
  uint64_t offset = 0;
  std::string raw;
};

// Visits the rows of a block. `put` is false for a delete, which has no value. Keys are without the space. Stops at the
// first error; kCorruption when the bytes are not rows.
using VisitRow = std::function<Status(bool put, std::string_view key, std::string_view value)>;
Status VisitRows(const Block& block, const VisitRow& visit);

class DumpReader {
 public:
  explicit DumpReader(ByteSource& source, bool tolerant = false)
      : source_(source), tolerant_(tolerant) {}

  // Reads the header. Tolerant: without a readable one has_header() stays false.
  Status Open();
  bool has_header() const { return has_header_; }
  const Header& header() const { return header_; }

  // False after the last block, when the dump was found whole (or `damages` says why not).
  Result<bool> NextBlock(Block* block);
  const Footer& footer() const { return footer_; }
  bool has_footer() const { return has_footer_; }
  const std::vector<Damage>& damages() const { return damages_; }
  uint64_t offset() const { return offset_; }

 private:
  // The bytes from offset_ on, as far as they were read: at least `bytes` of them unless the file ends before.
  Result<std::string_view> Ahead(size_t bytes);
  void Skip(size_t bytes);
  // Notes damage from `offset` to here; an error unless tolerant.
  Status Note(uint64_t offset, std::string what, bool rows_lost);
  // Moves on to the next block head or footer that its checksum proves, or to the end.
  Status Resync();
  Result<bool> ReadBlock(Block* block, size_t head_bytes);
  Status CheckPlace(const Block& block, std::string_view head_bytes);
  Status CheckRows(const Block& block);
  Status ReadFooter(size_t bytes);
  Status CheckTotals();
  std::string Name(const Block& block) const;

  ByteSource& source_;
  const bool tolerant_;
  std::string buffer_;   // From buffer_start_ on.
  size_t used_ = 0;      // Of buffer_, already skipped.
  bool at_end_ = false;  // The source has no more.
  uint64_t offset_ = 0;

  bool has_header_ = false;
  Header header_;
  bool has_footer_ = false;
  Footer footer_;
  std::vector<Damage> damages_;

  std::optional<Hash128> chain_;  // Unknown behind damage.
  std::vector<uint64_t> offsets_;
  std::vector<SpaceTotal> spaces_;
  RowHash hash_;
  std::string last_key_;
  uint64_t rows_ = 0;
  std::map<std::pair<uint8_t, uint16_t>, KindTotal> kinds_;
};

// A key for people: kind, collection and the primary key as far as it can be read.
std::string DescribeKey(std::string_view key);

}  // namespace tenantry::dump
