#pragma once
// Keys: the byte layout of every key. The only code that joins or splits one.
//
// Shape    [space u64 big-endian][kind u8][rest], documented in docs/file-formats.md#keys. Parts of
//          a tuple sort like their values: text escaped and terminated, integers big-endian with
//          the sign bit flipped.
// Threads  stateless.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/ids.h"

namespace tenantry::keys {

enum class Kind : uint8_t {
  kMeta = 0x01,     // [name]: the space's own state; in space 0 also applied_index.
  kRecord = 0x10,   // [collection u16][primary key tuple]
  kUnique = 0x20,   // [collection u16][index u8][value tuple] -> primary key tuple
  kIndex = 0x30,    // [collection u16][index u8][value tuple][primary key tuple] -> empty
  kCounter = 0x40,  // [family u8][owner text][metric text][bucket i64] -> i64 little-endian
  kSketch = 0x48,   // [family u8][owner text][bucket i64][block u8] -> registers
};

// The kind follows the space.
inline constexpr size_t kSpaceBytes = 8;
// Name of the meta row of space 0 that says up to which log entry a store has applied.
inline constexpr std::string_view kAppliedIndexMeta = "applied_index";

// One part of a key tuple. Booleans and enums travel as integers.
using Part = std::variant<int64_t, std::string_view>;

void AppendPart(std::string* key, int64_t value);
void AppendPart(std::string* key, std::string_view value);
// The bytes that every text starting with `prefix` begins with. No zero bytes in it.
void AppendTextStart(std::string* key, std::string_view prefix);
void AppendTuple(std::string* key, std::span<const Part> parts);
// Takes one part off the front; false when the bytes are not one.
bool TakeInt(std::string_view* in, int64_t* value);
bool TakeText(std::string_view* in, std::string* value);

std::string SpacePrefix(SpaceId space, Kind kind);
// A key that is known without its space, such as a dump's.
std::string RowKey(SpaceId space, std::string_view rest);
std::string MetaKey(SpaceId space, std::string_view name);
// `tuple` is an encoded primary key.
std::string RecordKey(SpaceId space, uint16_t collection, std::string_view tuple);
std::string RecordPrefix(SpaceId space, uint16_t collection);
// Prefix of unique or plain index rows; append parts to narrow it.
std::string IndexPrefix(SpaceId space, Kind kind, uint16_t collection, uint8_t index);
std::string CounterKey(SpaceId space, uint8_t family, std::string_view owner,
                       std::string_view metric, int64_t bucket);
std::string SketchKey(SpaceId space, uint8_t family, std::string_view owner, int64_t bucket,
                      uint8_t block);

// From the first possible key of a space up to the first of the next.
struct Bounds {
  std::string lower;
  std::string upper;
};
Bounds SpaceBounds(SpaceId space);

// First key after every key that starts with `prefix`. Empty when there is none: all bytes FF, or
// no prefix at all.
std::string PrefixEnd(std::string prefix);

// What any key names, with a view into it; false when it is shorter than space and kind.
struct KeyHead {
  SpaceId space;
  Kind kind;
  uint16_t collection = 0;  // For kRecord, kUnique, kIndex.
  std::string_view rest;    // After the head.
};
bool SplitHead(std::string_view key, KeyHead* head);

}  // namespace tenantry::keys
