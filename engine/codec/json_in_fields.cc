// The half of json_in.h that moves fields between structs which share their names. No JSON here.

#include "engine/base/check.h"
#include "engine/codec/field_access.h"
#include "engine/codec/json_in.h"

namespace tenantry::codec {
namespace {

using schema::FieldInfo;
using schema::StructInfo;

void CheckSameMeaning(const FieldInfo& a, const FieldInfo& b) {
  TNT_CHECK(a.field.getType() == b.field.getType());
  TNT_CHECK(a.money == b.money);
  TNT_CHECK(a.timestamp == b.timestamp);
}

}  // namespace

StructInfo Retarget(const StructInfo& input, const StructInfo& record) {
  StructInfo info = input;
  for (FieldInfo& field : info.fields) {
    const FieldInfo* target = record.FindField(field.name);
    TNT_CHECK(target != nullptr);
    CheckSameMeaning(field, *target);
    TNT_CHECK(field.default_bits == target->default_bits);
    field.field = target->field;
    field.slot = target->slot;
  }
  return info;
}

std::vector<FieldPair> PairFields(const StructInfo& from, const StructInfo& to) {
  std::vector<FieldPair> pairs;
  for (const FieldInfo& field : from.fields) {
    const FieldInfo* target = to.FindField(field.name);
    if (target == nullptr) continue;
    CheckSameMeaning(field, *target);
    pairs.push_back({&field, target});
  }
  return pairs;
}

void CopySentFields(std::span<const FieldPair> pairs, capnp::AnyStruct::Reader from,
                    const FieldSet& fields, capnp::AnyStruct::Builder to) {
  const FieldAccess source(from);
  FieldChange target(to);
  for (const FieldPair& pair : pairs) {
    if (!fields.sent[pair.from->ordinal]) continue;
    if (fields.null[pair.from->ordinal]) {
      target.Clear(*pair.to);
    } else if (pair.to->bits == 0) {
      target.SetPointer(*pair.to, source.Pointer(*pair.from));
    } else {
      target.SetBits(*pair.to, source.Bits(*pair.from));
    }
  }
}

}  // namespace tenantry::codec
