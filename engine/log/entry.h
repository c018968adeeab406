#pragma once
// Entry: one change in the log, its bytes, and the hash chain that links it to every entry before
// it.
//
// Shape    fixed fields, actor and request id (text), payload (a WriteSet to its readers, opaque
// here). Units    time in Unix milliseconds UTC; indexes count entries from 1; space is
// SpaceId::value(). Errors   decoding judges bytes that may be torn or rotten: it says what is
// wrong and never runs past the end. Threads  plain values. Source docs/file-formats.md#log-entry.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/checksum.h"
#include "engine/base/status.h"

namespace tenantry::log {

// Who and what an audit reads; both fit a stack buffer when the chain is computed.
inline constexpr size_t kActorBytesMax = 255;
inline constexpr size_t kRequestIdBytesMax = 255;
// A command is limited to 1 MiB of effects (write_set.h); bulk loads may use more, a replication
// frame holds 16 MiB.
inline constexpr size_t kPayloadBytesMax = 8u << 20;
inline constexpr size_t kEntryFixedBytes = 56;
inline constexpr size_t kChainBytes = 16;

struct EntryHeader {
  uint64_t epoch = 0;
  uint64_t index = 0;
  int64_t time_unix_ms = 0;
  uint64_t space = 0;
  uint16_t command = 0;
  uint16_t flags = 0;
};

// Owns its bytes: what is appended.
struct Entry {
  EntryHeader header;
  std::string actor;
  std::string request_id;
  std::string payload;
};

// Borrows its bytes from whoever decoded it. `chain` is the chain hash after this entry; with epoch
// and index it is the position that replicas compare. `encoded` is the whole entry as stored, which
// is also how it is shipped.
struct EntryView {
  EntryHeader header;
  std::string_view actor;
  std::string_view request_id;
  std::string_view payload;
  Hash128 chain;
  std::string_view encoded;
};

// The chain hash before the first entry of a cluster, so that two clusters differ from entry 1 on.
Hash128 GenesisChain(uint64_t cluster_id);

// Bytes that AppendEntry adds.
size_t EncodedEntryBytes(const Entry& entry);
// kInvalidArgument when a part is longer than its limit.
Status CheckEntry(const Entry& entry);
// Appends the entry that follows `*chain`, and moves `*chain` behind it. The entry has passed
// CheckEntry.
void AppendEntry(std::string* out, const Entry& entry, Hash128* chain);

enum class EntryFault : uint8_t {
  kNone,
  kLength,   // The lengths do not fit each other or the bytes that are there.
  kChain,    // A field, the text, or an entry before this one differs from what was written.
  kPayload,  // The header is proven good; the payload is not what was written.
};
std::string_view EntryFaultName(EntryFault fault);

// Takes the entry that follows `*chain` off the front of `in`. On a fault, `in` and `*chain` stay,
// and `entry->header` holds the header fields as far as they were readable (proven only for
// kPayload).
EntryFault TakeEntry(std::string_view* in, Hash128* chain, EntryView* entry);

// A copy that owns its bytes.
Entry ToEntry(const EntryView& view);

}  // namespace tenantry::log
