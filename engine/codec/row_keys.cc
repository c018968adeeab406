#include "engine/codec/row_keys.h"

#include "engine/codec/field_access.h"
#include "engine/codec/words.h"
#include "engine/keys/keys.h"

namespace tenantry::codec {
namespace {

using schema::FieldInfo;
using schema::FieldType;

// A null text is written as the empty one, which sorts first; the primary key keeps such rows
// apart.
void AppendField(std::string* key, const FieldInfo& field, const FieldAccess& record) {
  if (field.type == FieldType::kText) {
    keys::AppendPart(key, record.Text(field));
  } else {
    keys::AppendPart(key, record.Int(field));
  }
}

std::string JoinedText(const schema::IndexInfo& index, const FieldAccess& record) {
  std::string text;
  for (const FieldInfo* field : index.words) text.append(record.Text(*field)).push_back(' ');
  return text;
}

bool HasRow(const schema::IndexInfo& index, const FieldAccess& record) {
  if (index.when != nullptr && !record.Bool(*index.when)) return false;
  if (!index.unique) return true;
  for (const FieldInfo* field : index.fields) {
    if (record.IsNull(*field)) return false;
  }
  return true;
}

}  // namespace

std::string PrimaryKey(const schema::Collection& collection, capnp::DynamicStruct::Reader record) {
  // Room for two ids and a time, so that most keys are allocated once.
  constexpr size_t kTypicalBytes = 88;
  const FieldAccess access(record);
  std::string key;
  key.reserve(kTypicalBytes);
  for (const FieldInfo* field : collection.key) AppendField(&key, *field, access);
  return key;
}

std::vector<IndexRow> IndexRows(SpaceId space, const schema::Collection& collection,
                                capnp::DynamicStruct::Reader record, std::string_view primary_key,
                                std::string_view bytes) {
  const FieldAccess access(record);
  std::vector<IndexRow> rows;
  rows.reserve(collection.indexes.size());
  for (const schema::IndexInfo& index : collection.indexes) {
    if (!HasRow(index, access)) continue;
    const keys::Kind kind = index.unique ? keys::Kind::kUnique : keys::Kind::kIndex;
    const std::string head = keys::IndexPrefix(space, kind, collection.number, index.number);
    std::string tail;
    for (const FieldInfo* field : index.fields) AppendField(&tail, *field, access);
    if (!index.unique) tail.append(primary_key);
    const std::string_view value = index.unique ? primary_key : index.covers ? bytes : "";
    if (index.words.empty()) {
      rows.push_back({&index, head + tail, std::string(value)});
      continue;
    }
    for (const std::string& word : Words(JoinedText(index, access))) {
      std::string key = head;
      keys::AppendPart(&key, std::string_view(word));
      rows.push_back({&index, key.append(tail), std::string(value)});
    }
  }
  return rows;
}

}  // namespace tenantry::codec
