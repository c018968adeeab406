#include "engine/log/entry.h"

#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/check.h"

namespace tenantry::log {
namespace {

// Offsets of the fixed fields; lengths of the texts and the payload follow from them.
constexpr size_t kAtLength = 0;
constexpr size_t kAtCommand = 4;
constexpr size_t kAtFlags = 6;
constexpr size_t kAtEpoch = 8;
constexpr size_t kAtIndex = 16;
constexpr size_t kAtTime = 24;
constexpr size_t kAtSpace = 32;
constexpr size_t kAtActorBytes = 40;
constexpr size_t kAtRequestIdBytes = 42;
constexpr size_t kAtPayloadBytes = 44;
constexpr size_t kAtPayloadHash = 48;

// `covered` is the fixed part with the payload hash, and both texts: everything but the chain and
// the payload.
Hash128 NextChain(const Hash128& previous, std::string_view covered) {
  char input[kChainBytes + kEntryFixedBytes + kActorBytesMax + kRequestIdBytesMax];
  TNT_CHECK(covered.size() <= sizeof input - kChainBytes);
  StoreLittle(input, previous.low);
  StoreLittle(input + 8, previous.high);
  std::memcpy(input + kChainBytes, covered.data(), covered.size());
  return Hash128Of({input, kChainBytes + covered.size()});
}

void LoadHeader(const char* at, EntryHeader* header) {
  header->command = LoadLittle<uint16_t>(at + kAtCommand);
  header->flags = LoadLittle<uint16_t>(at + kAtFlags);
  header->epoch = LoadLittle<uint64_t>(at + kAtEpoch);
  header->index = LoadLittle<uint64_t>(at + kAtIndex);
  header->time_unix_ms = LoadLittle<int64_t>(at + kAtTime);
  header->space = LoadLittle<uint64_t>(at + kAtSpace);
}

}  // namespace

Hash128 GenesisChain(uint64_t cluster_id) {
  std::string text = "tenantry log ";
  AppendLittle(&text, cluster_id);
  return Hash128Of(text);
}

size_t EncodedEntryBytes(const Entry& entry) {
  return kEntryFixedBytes + entry.actor.size() + entry.request_id.size() + kChainBytes +
         entry.payload.size();
}

Status CheckEntry(const Entry& entry) {
  if (entry.actor.size() > kActorBytesMax) return InvalidArgument("log entry: actor is too long");
  if (entry.request_id.size() > kRequestIdBytesMax) {
    return InvalidArgument("log entry: request id is too long");
  }
  if (entry.payload.size() > kPayloadBytesMax) {
    return InvalidArgument("log entry: payload is larger than " + std::to_string(kPayloadBytesMax) +
                           " bytes");
  }
  return Status::Ok();
}

void AppendEntry(std::string* out, const Entry& entry, Hash128* chain) {
  const size_t start = out->size();
  AppendLittle(out, static_cast<uint32_t>(EncodedEntryBytes(entry)));
  AppendLittle(out, entry.header.command);
  AppendLittle(out, entry.header.flags);
  AppendLittle(out, entry.header.epoch);
  AppendLittle(out, entry.header.index);
  AppendLittle(out, entry.header.time_unix_ms);
  AppendLittle(out, entry.header.space);
  AppendLittle(out, static_cast<uint16_t>(entry.actor.size()));
  AppendLittle(out, static_cast<uint16_t>(entry.request_id.size()));
  AppendLittle(out, static_cast<uint32_t>(entry.payload.size()));
  AppendLittle(out, Hash64(entry.payload));
  TNT_DCHECK(out->size() - start == kEntryFixedBytes);
  out->append(entry.actor);
  out->append(entry.request_id);
  *chain = NextChain(*chain, std::string_view(*out).substr(start));
  AppendLittle(out, chain->low);
  AppendLittle(out, chain->high);
  out->append(entry.payload);
}

std::string_view EntryFaultName(EntryFault fault) {
  switch (fault) {
    case EntryFault::kNone:
      return "none";
    case EntryFault::kLength:
      return "entry length";
    case EntryFault::kChain:
      return "entry chain hash";
    case EntryFault::kPayload:
      return "payload hash";
  }
  return "unknown";
}

EntryFault TakeEntry(std::string_view* in, Hash128* chain, EntryView* entry) {
  if (in->size() < kEntryFixedBytes + kChainBytes) return EntryFault::kLength;
  const char* at = in->data();
  LoadHeader(at, &entry->header);
  const size_t length = LoadLittle<uint32_t>(at + kAtLength);
  const size_t actor_bytes = LoadLittle<uint16_t>(at + kAtActorBytes);
  const size_t request_id_bytes = LoadLittle<uint16_t>(at + kAtRequestIdBytes);
  const size_t payload_bytes = LoadLittle<uint32_t>(at + kAtPayloadBytes);
  if (actor_bytes > kActorBytesMax || request_id_bytes > kRequestIdBytesMax) {
    return EntryFault::kLength;
  }
  const size_t covered_bytes = kEntryFixedBytes + actor_bytes + request_id_bytes;
  if (length != covered_bytes + kChainBytes + payload_bytes || length > in->size()) {
    return EntryFault::kLength;
  }
  const Hash128 next = NextChain(*chain, in->substr(0, covered_bytes));
  const char* stored = at + covered_bytes;
  if (next != Hash128{LoadLittle<uint64_t>(stored), LoadLittle<uint64_t>(stored + 8)}) {
    return EntryFault::kChain;
  }
  const std::string_view payload = in->substr(covered_bytes + kChainBytes, payload_bytes);
  if (Hash64(payload) != LoadLittle<uint64_t>(at + kAtPayloadHash)) return EntryFault::kPayload;

  entry->actor = in->substr(kEntryFixedBytes, actor_bytes);
  entry->request_id = in->substr(kEntryFixedBytes + actor_bytes, request_id_bytes);
  entry->payload = payload;
  entry->chain = next;
  entry->encoded = in->substr(0, length);
  *chain = next;
  in->remove_prefix(length);
  return EntryFault::kNone;
}

Entry ToEntry(const EntryView& view) {
  return {view.header, std::string(view.actor), std::string(view.request_id),
          std::string(view.payload)};
}

}  // namespace tenantry::log
