#pragma once
// Dump format: the fixed parts of a dump file. A file is
//
//   header | block | block | ... | footer
//
// and nothing behind the footer. Every byte is under a checksum; each block names the chain before it.
//
// Units    offsets and lengths in bytes, integers little-endian.
// Errors   decoders judge bytes: false, never a crash.
// Source   docs/file-formats.md#dump. A change moves kDumpVersion, that page and the golden file together.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace tenantry::dump {

inline constexpr uint32_t kDumpVersion = 1;
inline constexpr std::string_view kHeaderMagic = "TNTRYDMP";
inline constexpr std::string_view kBlockMagic = "TNTB";
inline constexpr std::string_view kFooterMagic = "TNTRYDND";
inline constexpr size_t kBlockFixedBytes = 68;
// Of rows before compression: small enough that damage costs little, large enough to compress.
inline constexpr size_t kBlockRawBytes = 256u << 10;
// A row is at most an entry's payload.
inline constexpr size_t kBlockRawBytesMax = 16u << 20;
inline constexpr size_t kHeaderBytesMax = 64u << 10;
inline constexpr size_t kFooterBytesMax = 1u << 30;

struct Header {
  uint64_t cluster_id = 0;
  Position position;  // Everything up to here.
  Position since;     // Index 0: a whole dump; else only what changed after it.
  uint64_t fingerprint = 0;
  int64_t created_unix_ms = 0;
  bool salvaged = false;  // Blocks of the original are missing.
  std::string tenant;     // Empty: all of them, and the cluster's own secrets.
  std::string build;      // Which version wrote it.

  bool incremental() const { return since.index != 0; }
};

enum class BlockKind : uint8_t {
  kRows = 1,     // In the order of their keys.
  kEffects = 2,  // Puts and deletes in the order of the log.
};

struct BlockHead {
  BlockKind kind = BlockKind::kRows;
  uint32_t stored_bytes = 0;  // Compressed.
  uint32_t raw_bytes = 0;
  uint32_t rows = 0;
  uint32_t number = 0;  // From 0.
  SpaceId space;
  Hash128 chain_before;
  uint64_t payload_hash = 0;
  // At most 255 bytes each: for people who look for what was lost.
  std::string tenant;
  std::string first_key;  // Without the space; cut when longer.
  std::string last_key;
};

struct KindTotal {
  uint8_t kind = 0;
  uint16_t collection = 0;  // Of records, else 0.
  uint64_t rows = 0;
  uint64_t bytes = 0;  // Keys and values.
};

struct SpaceTotal {
  SpaceId space;
  std::string tenant;
  uint64_t rows = 0;
  Hash128 hash;  // RowHash of its rows; of an incremental dump, of its effects.
};

struct Footer {
  uint64_t rows = 0;
  std::vector<KindTotal> kinds;    // Rising.
  std::vector<SpaceTotal> spaces;  // Rising.
  std::vector<uint64_t> block_offsets;
  Hash128 chain;
  uint64_t offset = 0;  // Of the footer itself.
};

std::string EncodeHeader(const Header& header);
// Bytes of the header that begins like this; 0 when it is none. `start` has at least 16 bytes.
size_t HeaderBytes(std::string_view start);
// kCorruption, or kInvalidArgument for a version this build does not know.
Status DecodeHeader(std::string_view bytes, Header* header);

std::string EncodeBlockHead(const BlockHead& head);
// Bytes of the block head that begins like this; 0 when it is none. `start` has at least kBlockFixedBytes.
size_t BlockHeadBytes(std::string_view start);
bool DecodeBlockHead(std::string_view bytes, BlockHead* head);

std::string EncodeFooter(const Footer& footer);
size_t FooterBytes(std::string_view start);  // As HeaderBytes.
bool DecodeFooter(std::string_view bytes, Footer* footer);

// The chain before the first block, and after each.
Hash128 ChainOfHeader(std::string_view header_bytes);
Hash128 ChainAfter(const Hash128& before, std::string_view head_bytes);

// A number for the fields, keys and indexes of all records this build knows.
uint64_t SchemaFingerprint();

}  // namespace tenantry::dump
