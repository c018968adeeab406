#pragma once
// Segment format: the fixed parts of a segment file. A file is
//
//   header page | group | group | ... | footer page (once sealed), or zeros (preallocated room)
//
// and a group is a 64-byte header, its entries (entry.h), and zeros up to the next 4 KiB boundary.
//
// Units    offsets and lengths in bytes, integers little-endian.
// Errors   decoders judge bytes: false or kCorruption, never a crash.
// Source   docs/file-formats.md#log. A change moves kSegmentVersion, that page and the golden files
// together.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/log/entry.h"

namespace tenantry::log {

inline constexpr uint32_t kSegmentVersion = 1;
inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint64_t kSegmentHeaderBytes = kPageBytes;
inline constexpr uint64_t kSegmentFooterBytes = kPageBytes;
inline constexpr uint64_t kGroupHeaderBytes = 64;
// More than the 64 MiB that may wait in front of the log at once, far below the 32-bit length
// field.
inline constexpr uint64_t kGroupBytesMax = 128u << 20;

inline constexpr uint64_t RoundUpToPage(uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

struct SegmentHeader {
  uint64_t segment_id =
      0;  // Random; group headers and the footer repeat it, so reused blocks never validate.
  uint64_t cluster_id = 0;
  Position previous;       // The entry before the first one here.
  Hash128 previous_chain;  // The chain hash after that entry.
  int64_t created_unix_ms = 0;
  uint64_t room_bytes =
      0;  // The file's length until it is sealed; a shorter unsealed file lost its end.

  uint64_t first_index() const { return previous.index + 1; }
};

struct GroupHeader {
  uint32_t total_bytes = 0;  // From this header to the next one: header, entries, padding.
  uint32_t entry_bytes = 0;
  uint32_t entry_count = 0;
  uint64_t first_index = 0;
  uint64_t watermark = 0;  // Every entry up to here was durable before this group was written.
  uint64_t segment_id = 0;
  Hash128 previous_chain = {};  // The chain hash before this group's first entry.
};

// What is known about the groups of one segment so far; becomes its footer.
struct SegmentTail {
  uint64_t end_offset = kSegmentHeaderBytes;  // Where the next group goes.
  uint64_t entry_count = 0;
  Position last;  // The entry before the segment while it has none.
  Hash128 chain;
  int64_t time_min_unix_ms =
      0;  // Zero while there are no entries. Wall time may step back between entries.
  int64_t time_max_unix_ms = 0;
  uint64_t headers_hash = 0;  // XXH3 of each group header, seeded with the value before it.

  void AddEntry(const EntryHeader& entry, const Hash128& chain_after);
  // After the group's entries. `header_bytes` is the stored group header.
  void AddGroup(std::string_view header_bytes, uint64_t total_bytes);
};

// The tail of a segment that has only its header.
SegmentTail EmptyTail(const SegmentHeader& header);

// One page.
std::string EncodeSegmentHeader(const SegmentHeader& header);
// kCorruption names `path` and what is wrong, including a version that is not known here.
Result<SegmentHeader> DecodeSegmentHeader(std::string_view page, const std::string& path);

// One page.
std::string EncodeSegmentFooter(const SegmentTail& tail, uint64_t segment_id);
// False unless `page` is a whole footer of this segment that stood at tail->end_offset.
bool DecodeSegmentFooter(std::string_view page, uint64_t segment_id, SegmentTail* tail);

// Writes kGroupHeaderBytes at `at`.
void StoreGroupHeader(char* at, const GroupHeader& header);
// False unless `at` holds a whole group header of this segment. Its entries may still be torn.
bool LoadGroupHeader(const char* at, uint64_t segment_id, GroupHeader* header);
// Bytes of a group with this many bytes of entries, padded.
inline constexpr uint64_t PaddedGroupBytes(uint64_t entry_bytes) {
  return RoundUpToPage(kGroupHeaderBytes + entry_bytes);
}
// `group` is kGroupHeaderBytes of room and then the entries: fills in the lengths, pads, and stores
// the header.
void FinishGroup(std::string* group, GroupHeader* header, bool pad);

// "00000000000000000042.seg".
std::string SegmentFileName(uint64_t first_index);
// False for any other name.
bool ParseSegmentFileName(std::string_view name, uint64_t* first_index);

}  // namespace tenantry::log
