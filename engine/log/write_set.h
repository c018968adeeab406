#pragma once
// WriteSet: the physical effects of one command, in order; the payload of a log entry. Physical
// effects keep replay and followers free of business rules.
//
// Shape    puts and deletes of whole keys. One version byte, a count, then the operations.
// Errors   decoding foreign bytes: kCorruption; it never reads past the end and refuses trailing
// bytes. Threads  a value; one thread at a time. Owns     its bytes. Views from ops() die with the
// next Put or Delete; those from Visit with the encoded bytes. Source
// docs/file-formats.md#write-set.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace tenantry::log {

// What one command may do, so that a group, a batch and a replication frame stay bounded.
inline constexpr size_t kCommandEffectsMax = 4096;
inline constexpr size_t kCommandEffectBytesMax = 1u << 20;

inline constexpr uint8_t kWriteSetVersion = 1;

enum class EffectKind : uint8_t { kPut = 1, kDelete = 2 };

struct Effect {
  EffectKind kind = EffectKind::kPut;
  std::string_view key;
  std::string_view value;  // Empty for a delete.
};

class WriteSet {
 public:
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);

  // Oldest first; a later effect on the same key wins.
  std::vector<Effect> ops() const;
  size_t count() const { return count_; }
  // Length of what Encode returns, to be held against kCommandEffectBytesMax.
  size_t bytes() const;
  bool empty() const { return count_ == 0; }

  std::string Encode() const;
  static Result<WriteSet> Decode(std::string_view encoded);

 private:
  std::string body_;  // The encoded operations.
  size_t count_ = 0;
};

// Reads the version and the count off the front. kCorruption when they are not ours, or promise
// more than is there.
Status TakeWriteSetHeader(std::string_view* in, uint64_t* count);
// Reads one operation off the front.
Status TakeEffect(std::string_view* in, Effect* effect);

// Calls `visit(const Effect&)` for each operation without copying; stops at the first error.
// Nothing is checked ahead: the first effects of damaged bytes may already be visited (the log's
// hashes rule that out for its payloads).
template <class F>
Status VisitWriteSet(std::string_view encoded, F&& visit) {
  uint64_t count = 0;
  TNT_RETURN_IF_ERROR(TakeWriteSetHeader(&encoded, &count));
  for (uint64_t i = 0; i < count; ++i) {
    Effect effect;
    TNT_RETURN_IF_ERROR(TakeEffect(&encoded, &effect));
    visit(static_cast<const Effect&>(effect));
  }
  return encoded.empty() ? Status::Ok() : Corruption("write set: bytes after the last effect");
}

}  // namespace tenantry::log
