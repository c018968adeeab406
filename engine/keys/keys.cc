#include "engine/keys/keys.h"

#include "engine/base/bytes.h"
#include "engine/base/check.h"

namespace tenantry::keys {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;
// Text ends with 00 01 and writes its own 00 as 00 FF: an end sorts before any continuation, so "a"
// < "a\0" < "ab".
constexpr char kEscape = '\0';
constexpr char kEnd = '\x01';
constexpr char kZero = '\xFF';
constexpr char kTextEnd[] = {kEscape, kEnd};
constexpr char kTextZero[] = {kEscape, kZero};

constexpr size_t kHeadBytes = 9;  // Space and kind.
constexpr size_t kCollectionBytes = 2;

std::string StartKey(SpaceId space, Kind kind, size_t reserve_bytes) {
  std::string key;
  key.reserve(kHeadBytes + reserve_bytes);
  AppendBig64(&key, space.value());
  key.push_back(static_cast<char>(kind));
  return key;
}

}  // namespace

void AppendPart(std::string* key, int64_t value) {
  AppendBig64(key, static_cast<uint64_t>(value) ^ kSignBit);
}

void AppendPart(std::string* key, std::string_view value) {
  for (;;) {
    const size_t zero = value.find(kEscape);
    key->append(value.substr(0, zero));
    if (zero == std::string_view::npos) break;
    key->append(kTextZero, sizeof kTextZero);
    value.remove_prefix(zero + 1);
  }
  key->append(kTextEnd, sizeof kTextEnd);
}

void AppendTextStart(std::string* key, std::string_view prefix) {
  TNT_CHECK(prefix.find('\0') == std::string_view::npos);
  key->append(prefix);
}

void AppendTuple(std::string* key, std::span<const Part> parts) {
  for (const Part& part : parts) {
    std::visit([key](const auto& value) { AppendPart(key, value); }, part);
  }
}

bool TakeInt(std::string_view* in, int64_t* value) {
  if (in->size() < sizeof *value) return false;
  *value = static_cast<int64_t>(LoadBig64(in->data()) ^ kSignBit);
  in->remove_prefix(sizeof *value);
  return true;
}

bool TakeText(std::string_view* in, std::string* value) {
  std::string text;
  std::string_view rest = *in;
  for (;;) {
    const size_t zero = rest.find(kEscape);
    if (zero == std::string_view::npos || zero + 1 == rest.size()) return false;
    const char mark = rest[zero + 1];
    if (mark != kEnd && mark != kZero) return false;
    text.append(rest.substr(0, zero));
    rest.remove_prefix(zero + 2);
    if (mark == kEnd) break;
    text.push_back('\0');
  }
  *value = std::move(text);
  *in = rest;
  return true;
}

std::string SpacePrefix(SpaceId space, Kind kind) {
  return StartKey(space, kind, 0);
}

Bounds SpaceBounds(SpaceId space) {
  return {SpacePrefix(space, Kind::kMeta), SpacePrefix(SpaceId(space.value() + 1), Kind::kMeta)};
}

std::string RowKey(SpaceId space, std::string_view rest) {
  std::string key;
  key.reserve(8 + rest.size());
  AppendBig64(&key, space.value());
  return key.append(rest);
}

std::string MetaKey(SpaceId space, std::string_view name) {
  std::string key = StartKey(space, Kind::kMeta, name.size());
  key.append(name);
  return key;
}

std::string RecordKey(SpaceId space, uint16_t collection, std::string_view tuple) {
  std::string key = StartKey(space, Kind::kRecord, kCollectionBytes + tuple.size());
  AppendBig16(&key, collection);
  key.append(tuple);
  return key;
}

std::string RecordPrefix(SpaceId space, uint16_t collection) {
  return RecordKey(space, collection, {});
}

std::string IndexPrefix(SpaceId space, Kind kind, uint16_t collection, uint8_t index) {
  // Room for a typical value and primary key, so that narrowing does not allocate again.
  constexpr size_t kTypicalTupleBytes = 84;
  std::string key = StartKey(space, kind, kCollectionBytes + 1 + kTypicalTupleBytes);
  AppendBig16(&key, collection);
  key.push_back(static_cast<char>(index));
  return key;
}

std::string CounterKey(SpaceId space, uint8_t family, std::string_view owner,
                       std::string_view metric, int64_t bucket) {
  std::string key = StartKey(space, Kind::kCounter, 1 + owner.size() + metric.size() + 12);
  key.push_back(static_cast<char>(family));
  AppendPart(&key, owner);
  AppendPart(&key, metric);
  AppendPart(&key, bucket);
  return key;
}

std::string SketchKey(SpaceId space, uint8_t family, std::string_view owner, int64_t bucket,
                      uint8_t block) {
  std::string key = StartKey(space, Kind::kSketch, 1 + owner.size() + 11);
  key.push_back(static_cast<char>(family));
  AppendPart(&key, owner);
  AppendPart(&key, bucket);
  key.push_back(static_cast<char>(block));
  return key;
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

bool SplitHead(std::string_view key, KeyHead* head) {
  if (key.size() < kHeadBytes) return false;
  KeyHead out;
  out.space = SpaceId(LoadBig64(key.data()));
  out.kind = static_cast<Kind>(key[kHeadBytes - 1]);
  out.rest = key.substr(kHeadBytes);
  if (out.kind == Kind::kRecord || out.kind == Kind::kUnique || out.kind == Kind::kIndex) {
    if (out.rest.size() < kCollectionBytes) return false;
    out.collection = static_cast<uint16_t>(static_cast<uint8_t>(out.rest[0]) << 8 |
                                           static_cast<uint8_t>(out.rest[1]));
    out.rest.remove_prefix(kCollectionBytes);
  }
  *head = out;
  return true;
}

}  // namespace tenantry::keys
