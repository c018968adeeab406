#include "tools/inspect/describe_key.h"

#include "engine/base/bytes.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"

namespace tenantry::inspect {
namespace {

using nlohmann::json;
using schema::FieldInfo;

// One part as its field's type tells. Null when the bytes are not one.
json TakePart(const FieldInfo& field, std::string_view* rest) {
  int64_t number = 0;
  std::string text;
  const bool is_text = field.type == schema::FieldType::kText;
  if (is_text ? keys::TakeText(rest, &text) : keys::TakeInt(rest, &number)) {
    return is_text ? json(text) : json(number);
  }
  return {};
}

// Values of the fields in order, as far as the bytes go; what is left over is shown as it is.
void AddParts(const char* name, std::span<const FieldInfo* const> fields, std::string_view* rest,
              json* out) {
  json parts = json::object();
  for (const FieldInfo* field : fields) {
    json part = TakePart(*field, rest);
    if (part.is_null()) break;
    parts[field->name] = std::move(part);
  }
  (*out)[name] = std::move(parts);
}

void DescribeIndexRow(const schema::Collection& collection, std::string_view rest, json* out) {
  if (rest.empty()) return;
  const auto number = static_cast<uint8_t>(rest.front());
  rest.remove_prefix(1);
  (*out)["index"] = number;
  for (const schema::IndexInfo& index : collection.indexes) {
    if (index.number != number) continue;
    std::string word;
    if (!index.words.empty() && keys::TakeText(&rest, &word)) (*out)["word"] = word;
    AddParts("values", index.fields, &rest, out);
    if (!index.unique) AddParts("key", collection.key, &rest, out);
  }
  if (!rest.empty()) (*out)["rest"] = FormatHex(rest);
}

void DescribeCollection(const keys::KeyHead& head, json* out) {
  const schema::Collection* const collection = schema::FindCollection(head.collection);
  (*out)["collection"] =
      collection == nullptr ? "number " + std::to_string(head.collection) : collection->name;
  std::string_view rest = head.rest;
  if (collection == nullptr) {
    (*out)["rest"] = FormatHex(rest);
  } else if (head.kind != keys::Kind::kRecord) {
    DescribeIndexRow(*collection, rest, out);
  } else {
    AddParts("key", collection->key, &rest, out);
    if (!rest.empty()) (*out)["rest"] = FormatHex(rest);
  }
}

// [family u8][owner text][metric text][bucket i64], or a sketch's [family][owner][bucket][block u8].
void DescribeCounter(const keys::KeyHead& head, json* out) {
  std::string_view rest = head.rest;
  if (rest.empty()) return;
  (*out)["family"] = static_cast<uint8_t>(rest.front());
  rest.remove_prefix(1);
  std::string text;
  if (keys::TakeText(&rest, &text)) (*out)["owner"] = text;
  if (head.kind == keys::Kind::kCounter && keys::TakeText(&rest, &text)) (*out)["metric"] = text;
  int64_t bucket = 0;
  if (keys::TakeInt(&rest, &bucket)) (*out)["bucket"] = bucket;
  if (!rest.empty()) (*out)["block"] = static_cast<uint8_t>(rest.front());
}

}  // namespace

Result<json> DescribeKey(std::string_view key) {
  keys::KeyHead head;
  if (!keys::SplitHead(key, &head)) {
    return InvalidArgument(
        "these bytes are no key: one has 8 bytes of space, one of kind, and a rest");
  }
  json out = {{"space", head.space.value()}};
  switch (head.kind) {
    case keys::Kind::kMeta:
      out["kind"] = "meta";
      out["name"] = std::string(head.rest);
      break;
    case keys::Kind::kRecord:
      out["kind"] = "record";
      DescribeCollection(head, &out);
      break;
    case keys::Kind::kUnique:
      out["kind"] = "unique";
      DescribeCollection(head, &out);
      break;
    case keys::Kind::kIndex:
      out["kind"] = "index";
      DescribeCollection(head, &out);
      break;
    case keys::Kind::kCounter:
      out["kind"] = "counter";
      DescribeCounter(head, &out);
      break;
    case keys::Kind::kSketch:
      out["kind"] = "sketch";
      DescribeCounter(head, &out);
      break;
    default:
      return InvalidArgument("no key has the kind " +
                             std::to_string(static_cast<unsigned>(head.kind)));
  }
  return out;
}

}  // namespace tenantry::inspect
