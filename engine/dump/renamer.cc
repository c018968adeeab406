#include "engine/dump/renamer.h"

#include <algorithm>

#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/base/random.h"
#include "engine/codec/row_keys.h"
#include "engine/codec/stored.h"
#include "engine/codec/text_view.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"
#include "engine/schema/durable.capnp.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/jobs.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/webhooks.capnp.h"
#include "engine/space_meta.h"

namespace tenantry::dump {
namespace {

using capnp::DynamicStruct;
using keys::Kind;
using schema::FieldInfo;
using schema::FieldType;

template <class T>
bool Is(const schema::Collection& collection) {
  return collection.number == schema::CollectionOf<T>().number;
}

// Whose requests would be answered, or repeated, twice.
bool IsDropped(const schema::Collection& collection) {
  return Is<schema::GymRefreshToken>(collection) || Is<schema::StoredAnswer>(collection) ||
         Is<schema::Job>(collection) || Is<schema::WebhookDelivery>(collection);
}

// A text of the same shape: digits for digits, letters for letters.
std::string SameShape(std::string_view text, Random& random) {
  std::string out(text);
  for (char& c : out) {
    const uint64_t roll = random.Next64();
    if (c >= '0' && c <= '9') c = static_cast<char>('0' + roll % 10);
    if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + roll % 26);
    if (c >= 'A' && c <= 'Z') c = static_cast<char>('A' + roll % 26);
  }
  return out;
}

}  // namespace

void Renamer::Learn(std::string_view id) {
  listed_.push_back(Hash64(id));
}

void Renamer::DoneLearning() {
  std::sort(listed_.begin(), listed_.end());
}

bool Renamer::IsListed(std::string_view text) const {
  return !text.empty() && std::binary_search(listed_.begin(), listed_.end(), Hash64(text));
}

std::string Renamer::Renamed(std::string_view text) const {
  if (!IsListed(text)) return std::string(text);
  SeededRandom random(Hash64(text, seed_));
  if (IsUuid(text)) return NewUuid(random);
  if (IsGymId(text)) return NewGymId(random);
  return SameShape(text, random);
}

// "ID" or "ID/rest", as counters name what they count.
std::string Renamer::RewritePath(std::string_view text) const {
  const size_t slash = std::min(text.find('/'), text.size());
  return Renamed(text.substr(0, slash)) + std::string(text.substr(slash));
}

// The cursors of a popup's upkeep are "name/ID"; one over its views holds a key, which begins with the id.
Renamer::Row Renamer::RewriteMeta(std::string_view key, std::string_view value) const {
  Row row{std::string(key), std::string(value)};
  const size_t id_at = key.rfind('/') + 1;
  if (id_at == 0 || !IsListed(key.substr(id_at))) return row;
  row.key.replace(id_at, std::string::npos, Renamed(key.substr(id_at)));
  std::string id;
  if (keys::TakeText(&value, &id) && IsListed(id)) {
    row.value.clear();
    keys::AppendPart(&row.value, std::string_view(Renamed(id)));
    row.value.append(value);
  }
  return row;
}

// Every string of a JSON document that is a listed id. Ids have nothing to escape.
std::string Renamer::RewriteJson(std::string_view json) const {
  std::string out;
  size_t done = 0;
  for (size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
    size_t end = at + 1;
    while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
    if (end >= json.size()) break;
    out.append(json.substr(done, at + 1 - done));
    out.append(Renamed(json.substr(at + 1, end - at - 1)));
    done = end;
    at = end + 1;
  }
  return out.append(json.substr(done));
}

void Renamer::RewriteText(const FieldInfo& field, DynamicStruct::Builder record) const {
  const std::string before = codec::String(record.asReader().get(field.field).as<capnp::Text>());
  const bool names_tenant = field.name == "tenantId" || field.name == "shopId";
  std::string after;
  if (names_tenant && before == old_tenant_) {
    after = new_tenant_;
  } else {
    after = field.json_text.empty() ? Renamed(before) : RewriteJson(before);
  }
  if (after != before) record.set(field.field, capnp::Text::Reader(after.c_str(), after.size()));
}

void Renamer::RewriteStruct(const schema::StructInfo& info, DynamicStruct::Builder record) const {
  for (const FieldInfo& field : info.fields) {
    if (field.bits != 0 || !record.has(field.field)) continue;
    switch (field.type) {
      case FieldType::kText:
        RewriteText(field, record);
        break;
      case FieldType::kTextList: {
        auto list = record.get(field.field).as<capnp::DynamicList>();
        for (unsigned i = 0; i < list.size(); ++i) {
          const std::string text = Renamed(codec::String(list.asReader()[i].as<capnp::Text>()));
          list.set(i, capnp::Text::Reader(text.c_str(), text.size()));
        }
        break;
      }
      case FieldType::kStruct:
        RewriteStruct(*field.shape, record.get(field.field).as<DynamicStruct>());
        break;
      case FieldType::kStructList: {
        auto list = record.get(field.field).as<capnp::DynamicList>();
        for (unsigned i = 0; i < list.size(); ++i) {
          RewriteStruct(*field.shape, list[i].as<DynamicStruct>());
        }
        break;
      }
      default:
        break;
    }
  }
}

Result<std::optional<Renamer::Row>> Renamer::RewriteRecord(std::string_view key,
                                                           std::string_view value) const {
  const std::string whole = keys::RowKey(kDirectorySpace, key);
  keys::KeyHead head;
  if (!keys::SplitHead(whole, &head)) return Corruption("a row with a malformed key");
  const schema::Collection* const collection = schema::FindCollection(head.collection);
  if (collection == nullptr) {
    return InvalidArgument("collection " + std::to_string(head.collection) +
                           " is not known to this build: it cannot be renamed");
  }
  if (IsDropped(*collection)) return std::optional<Row>();
  TNT_ASSIGN_OR_RETURN(const std::shared_ptr<const codec::Message> message,
                       codec::Message::Decode(value, collection->info));
  capnp::MallocMessageBuilder builder;
  builder.setRoot(message->root().as<DynamicStruct>(collection->info->schema));
  auto record = builder.getRoot<DynamicStruct>(collection->info->schema);
  RewriteStruct(*collection->info, record);
  if (Is<schema::WebhookEndpoint>(*collection)) record.set("isActive", false);
  if (Is<schema::ErasureTask>(*collection)) {
    // How far it came is said in old keys: it begins again.
    record.set("stage", 0);
    record.clear("after");
  }
  const DynamicStruct::Reader reader = record.asReader();
  Row row;
  row.key =
      keys::RecordKey(kDirectorySpace, collection->number, codec::PrimaryKey(*collection, reader))
          .substr(8);
  row.value = codec::EncodeStruct(capnp::AnyStruct::Reader(reader));
  return std::optional<Row>(std::move(row));
}

// Counters and sketches: family, owner, and for counters the metric, then numbers.
Result<std::optional<Renamer::Row>> Renamer::RewriteOwned(std::string_view key,
                                                          std::string_view value) const {
  std::string_view rest = key.substr(2);
  std::string owner, metric;
  if (!keys::TakeText(&rest, &owner)) return Corruption("a counter with a malformed key");
  Row row{std::string(key.substr(0, 2)), std::string(value)};
  keys::AppendPart(&row.key, std::string_view(Renamed(owner)));
  if (static_cast<Kind>(static_cast<uint8_t>(key[0])) == Kind::kCounter) {
    if (!keys::TakeText(&rest, &metric)) return Corruption("a counter with a malformed key");
    keys::AppendPart(&row.key, std::string_view(RewritePath(metric)));
  }
  row.key.append(rest);
  return std::optional<Row>(std::move(row));
}

Result<std::optional<Renamer::Row>> Renamer::Rewrite(std::string_view key,
                                                     std::string_view value) const {
  if (key.size() < 2) return Corruption("a row with a malformed key");
  switch (static_cast<Kind>(static_cast<uint8_t>(key[0]))) {
    case Kind::kRecord:
      return RewriteRecord(key, value);
    case Kind::kCounter:
    case Kind::kSketch:
      return RewriteOwned(key, value);
    case Kind::kMeta:
      if (key.substr(1) == kTenantMeta) {
        return std::optional<Row>(Row{std::string(key), new_tenant_});
      }
      return std::optional<Row>(RewriteMeta(key, value));
    default:
      return std::optional<Row>(Row{std::string(key), std::string(value)});
  }
}

}  // namespace tenantry::dump
