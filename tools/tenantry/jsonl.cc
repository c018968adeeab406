#include "tools/tenantry/jsonl.h"

#include <array>

#include <capnp/dynamic.h>

#include "engine/base/bytes.h"
#include "engine/codec/json_out.h"
#include "engine/codec/stored.h"
#include "engine/dump/writer.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"
#include "engine/schema/directory.capnp.h"
#include "engine/schema/durable.capnp.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/jobs.capnp.h"

namespace tenantry::tools {
namespace {

constexpr size_t kFlushBytes = 256u << 10;

bool IsLeftOut(uint16_t collection) {
  static const std::array<uint16_t, 6> numbers = {
      schema::CollectionOf<schema::ClusterSecret>().number,
      schema::CollectionOf<schema::Reference>().number,
      schema::CollectionOf<schema::StoredAnswer>().number,
      schema::CollectionOf<schema::GymRefreshToken>().number,
      schema::CollectionOf<schema::Job>().number,
      schema::CollectionOf<schema::QueuedJob>().number};
  for (const uint16_t number : numbers) {
    if (number == collection) return true;
  }
  return false;
}

Status AppendRecord(std::string* out, std::string_view tenant, uint16_t number,
                    std::string_view value) {
  const schema::Collection* const collection = schema::FindCollection(number);
  if (collection == nullptr || IsLeftOut(number)) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const std::shared_ptr<const codec::Message> message,
                       codec::Message::Decode(value, collection->info));
  {
    codec::ObjectWriter line(out);
    line.OptionalString("tenant", !tenant.empty(), tenant);
    line.String("collection", collection->name);
    std::string* const record = line.Key("record");
    record->push_back('{');
    codec::AppendJsonMembers(record, *collection->info,
                             message->root().as<capnp::DynamicStruct>(collection->info->schema));
    record->push_back('}');
  }
  out->push_back('\n');
  return Status::Ok();
}

Status AppendCounter(std::string* out, std::string_view tenant, std::string_view key,
                     std::string_view value) {
  std::string_view rest = key.substr(2);
  std::string owner, metric;
  int64_t bucket = 0;
  if (!keys::TakeText(&rest, &owner) || !keys::TakeText(&rest, &metric) ||
      !keys::TakeInt(&rest, &bucket) || value.size() != 8) {
    return Corruption("a counter with a malformed key");
  }
  {
    codec::ObjectWriter line(out);
    line.OptionalString("tenant", !tenant.empty(), tenant);
    line.String("counter", metric);
    line.Int("family", static_cast<uint8_t>(key[1]));
    line.String("owner", owner);
    line.Int("bucket", bucket);
    line.Int("value", LoadLittle<int64_t>(value.data()));
  }
  out->push_back('\n');
  return Status::Ok();
}

}  // namespace

Status WriteJsonl(dump::DumpReader& reader, ByteSink& sink) {
  TNT_RETURN_IF_ERROR(reader.Open());
  dump::Block block;
  std::string out;
  const dump::VisitRow append = [&](bool /*put*/, std::string_view key,
                                    std::string_view value) -> Status {
    uint8_t kind = 0;
    uint16_t collection = 0;
    if (!dump::KindOf(key, &kind, &collection) || key.size() < 2) return Status::Ok();
    const std::string& tenant = block.head.tenant;
    if (kind == static_cast<uint8_t>(keys::Kind::kRecord)) {
      return AppendRecord(&out, tenant, collection, value);
    }
    if (kind == static_cast<uint8_t>(keys::Kind::kCounter)) {
      return AppendCounter(&out, tenant, key, value);
    }
    return Status::Ok();
  };
  for (;;) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader.NextBlock(&block));
    if (more) TNT_RETURN_IF_ERROR(dump::VisitRows(block, append));
    if (more && out.size() < kFlushBytes) continue;
    TNT_RETURN_IF_ERROR(sink.Write(out));
    out.clear();
    if (!more) return Status::Ok();
  }
}

}  // namespace tenantry::tools
