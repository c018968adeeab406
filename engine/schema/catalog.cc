#include "engine/schema/catalog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include <capnp/schema.capnp.h>

#include "engine/base/check.h"
#include "engine/base/mutex.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::schema {
namespace {

using capnp::StructSchema;
namespace cs = capnp::schema;

// The ids of annotations.capnp; the compiler generates no constants for annotations.
enum AnnotationId : uint64_t {
  kRecordId = 0xe18ba1987574ece3,
  kJsonId = 0xe38c3d15c9776c20,
  kInternalId = 0xe490ead75d73534d,
  kNullableId = 0xdd89d7eeb38ac443,
  kTimestampId = 0x9f7621a097a7dffd,
  kMoneyId = 0xd32458189540a666,
  kJsonTextId = 0x8f0dba6a707d4eac,
  kShapeId = 0xc194859d6f5d45b9,
  kRulesOnlyId = 0xb25148e789f07d54,
  kStrictId = 0x992070771b5eb92d,
  kRequiredId = 0x9fea95db264db3a3,
  kNotEmptyId = 0xca8df82385d82810,
  kMinLengthId = 0xdd1aad83897013fa,
  kMaxLengthId = 0xca7feb943237bf12,
  kMinimumId = 0xecfbd36ee0cc8d19,
  kMaximumId = 0x8f78b1871fec8904,
  kFormatId = 0xfe56a5a048c047a2,
  kAliasId = 0xe07e9b2131fd2003,
};

// JSON input tracks fields in a 64-bit set (codec::kFieldsMax).
constexpr size_t kFieldsMax = 64;

[[noreturn]] void Contradiction(std::string_view where, std::string_view what) {
  const std::string text = "schema: " + std::string(where) + ": " + std::string(what);
  CheckFailed(__FILE__, __LINE__, text.c_str());
}

std::string View(capnp::Text::Reader text) {
  return std::string(text.begin(), text.size());
}

std::string ShortName(StructSchema schema) {
  return std::string(schema.getShortDisplayName().cStr());
}

template <class Proto>
bool FindAnnotation(const Proto& proto, uint64_t id, cs::Value::Reader* value) {
  for (const cs::Annotation::Reader annotation : proto.getAnnotations()) {
    if (annotation.getId() != id) continue;
    if (value != nullptr) *value = annotation.getValue();
    return true;
  }
  return false;
}

template <class Proto>
bool HasAnnotation(const Proto& proto, uint64_t id) {
  return FindAnnotation(proto, id, nullptr);
}

// The struct behind a struct field or a list of structs.
bool StructBehind(capnp::Type type, StructSchema* schema) {
  if (type.isStruct()) {
    *schema = type.asStruct();
    return true;
  }
  if (type.isList() && type.asList().getElementType().isStruct()) {
    *schema = type.asList().getElementType().asStruct();
    return true;
  }
  return false;
}

// Looks for a struct by short name among those that fields lead to, in any number of steps.
bool FindReachable(StructSchema from, std::string_view name, std::set<uint64_t>* seen,
                   StructSchema* found) {
  for (const StructSchema::Field field : from.getFields()) {
    StructSchema next;
    if (!StructBehind(field.getType(), &next)) continue;
    if (!seen->insert(next.getProto().getId()).second) continue;
    if (ShortName(next) == name) {
      *found = next;
      return true;
    }
    if (FindReachable(next, name, seen, found)) return true;
  }
  return false;
}

std::vector<std::string> EnumNames(capnp::EnumSchema schema) {
  std::vector<std::string> names;
  for (const capnp::EnumSchema::Enumerant enumerant : schema.getEnumerants()) {
    cs::Value::Reader value;
    const bool renamed = FindAnnotation(enumerant.getProto(), kJsonId, &value);
    names.push_back(View(renamed ? value.getText() : enumerant.getProto().getName()));
  }
  return names;
}

void SetDataType(FieldInfo* info, FieldType type, uint8_t bits, bool is_unsigned = false) {
  info->type = type;
  info->bits = bits;
  info->is_unsigned = is_unsigned;
}

// Fills type, width and enum names.
void ResolveType(capnp::Type type, FieldInfo* info) {
  switch (type.which()) {
    case cs::Type::BOOL:
      return SetDataType(info, FieldType::kBool, 1);
    case cs::Type::INT8:
      return SetDataType(info, FieldType::kInt, 8);
    case cs::Type::INT16:
      return SetDataType(info, FieldType::kInt, 16);
    case cs::Type::INT32:
      return SetDataType(info, FieldType::kInt, 32);
    case cs::Type::INT64:
      return SetDataType(info, FieldType::kInt, 64);
    case cs::Type::UINT8:
      return SetDataType(info, FieldType::kInt, 8, true);
    case cs::Type::UINT16:
      return SetDataType(info, FieldType::kInt, 16, true);
    case cs::Type::UINT32:
      return SetDataType(info, FieldType::kInt, 32, true);
    case cs::Type::UINT64:
      return SetDataType(info, FieldType::kInt, 64, true);
    case cs::Type::FLOAT32:
      return SetDataType(info, FieldType::kFloat, 32);
    case cs::Type::FLOAT64:
      return SetDataType(info, FieldType::kFloat, 64);
    case cs::Type::TEXT:
      return SetDataType(info, FieldType::kText, 0);
    case cs::Type::STRUCT:
      return SetDataType(info, FieldType::kStruct, 0);
    case cs::Type::ENUM:
      info->enum_names = EnumNames(type.asEnum());
      return SetDataType(info, FieldType::kEnum, 16, true);
    case cs::Type::LIST: {
      const capnp::Type element = type.asList().getElementType();
      if (element.isText()) return SetDataType(info, FieldType::kTextList, 0);
      if (element.isStruct()) return SetDataType(info, FieldType::kStructList, 0);
      if (element.isEnum()) {
        info->enum_names = EnumNames(element.asEnum());
        return SetDataType(info, FieldType::kEnumList, 0);
      }
      if (element.isList() || element.isAnyPointer() || element.isData() || element.isInterface()) {
        Contradiction(info->name, "this list is not supported");
      }
      return SetDataType(info, FieldType::kOpaque, 0);
    }
    case cs::Type::DATA:
      return SetDataType(info, FieldType::kOpaque, 0);
    default:
      Contradiction(info->name, "this type is not supported");
  }
}

// The default as it is stored: the mask that data is XORed with.
void ResolveDefault(cs::Field::Slot::Reader slot, FieldInfo* info) {
  info->slot = slot.getOffset();
  const cs::Value::Reader value = slot.getDefaultValue();
  switch (value.which()) {
    case cs::Value::BOOL:
      info->default_bits = value.getBool() ? 1 : 0;
      break;
    case cs::Value::INT8:
      info->default_bits = static_cast<uint8_t>(value.getInt8());
      break;
    case cs::Value::INT16:
      info->default_bits = static_cast<uint16_t>(value.getInt16());
      break;
    case cs::Value::INT32:
      info->default_bits = static_cast<uint32_t>(value.getInt32());
      break;
    case cs::Value::INT64:
      info->default_bits = static_cast<uint64_t>(value.getInt64());
      break;
    case cs::Value::UINT8:
      info->default_bits = value.getUint8();
      break;
    case cs::Value::UINT16:
      info->default_bits = value.getUint16();
      break;
    case cs::Value::UINT32:
      info->default_bits = value.getUint32();
      break;
    case cs::Value::UINT64:
      info->default_bits = value.getUint64();
      break;
    case cs::Value::ENUM:
      info->default_bits = value.getEnum();
      break;
    case cs::Value::FLOAT32:
      info->default_bits = std::bit_cast<uint32_t>(value.getFloat32());
      break;
    case cs::Value::FLOAT64:
      info->default_bits = std::bit_cast<uint64_t>(value.getFloat64());
      break;
    case cs::Value::TEXT:
      info->default_text = View(value.getText());
      break;
    default:
      if (slot.getHadExplicitDefault())
        Contradiction(info->name, "only scalars and Text have defaults");
  }
}

void CheckNullable(const FieldInfo& info, const std::string& where) {
  if (info.bits == 0 || !info.nullable) return;
  switch (info.type) {
    case FieldType::kBool:
      Contradiction(where, "a Bool has no value to spare for null");
    case FieldType::kFloat:
      if (info.bits != 64 || !std::isnan(std::bit_cast<double>(info.default_bits))) {
        Contradiction(where, "a nullable number needs Float64 and the default nan");
      }
      return;
    case FieldType::kInt: {
      const bool null64 = info.bits == 64 && info.default_bits == static_cast<uint64_t>(NULL_INT);
      const bool null32 = info.bits == 32 && info.default_bits == static_cast<uint32_t>(NULL_INT32);
      if (info.is_unsigned || !(null64 || null32)) {
        Contradiction(where, "a nullable integer needs the default nullInt or nullInt32");
      }
      return;
    }
    default:
      return;
  }
}

void CheckRules(const FieldInfo& info, const std::string& where) {
  const bool int64 = info.type == FieldType::kInt && info.bits == 64 && !info.is_unsigned;
  if (info.timestamp && !int64) Contradiction(where, "$timestamp needs Int64");
  if (info.money && !int64) Contradiction(where, "$money needs Int64");
  if (info.money && info.timestamp)
    Contradiction(where, "$money and $timestamp exclude each other");
  const bool text = info.type == FieldType::kText;
  const bool lengths = info.min_length > 0 || info.max_length != UINT32_MAX;
  if ((info.not_empty || lengths || info.email || info.uuid || !info.json_text.empty()) && !text) {
    Contradiction(where, "text rules on a field that is not Text");
  }
  const bool bounded = info.minimum != -std::numeric_limits<double>::infinity() ||
                       info.maximum != std::numeric_limits<double>::infinity();
  const bool number = info.type == FieldType::kInt || info.type == FieldType::kFloat;
  if (bounded && (!number || info.timestamp))
    Contradiction(where, "bounds on a field that is no number");
  if (info.type == FieldType::kOpaque && !info.internal) {
    Contradiction(where, "Data and lists of numbers must be $internal");
  }
  std::string_view kind = info.json_text;
  if (kind.starts_with("text:")) kind.remove_prefix(5);
  if (!info.json_text.empty() && kind != "object" && kind != "array" && kind != "any") {
    Contradiction(where, "$jsonText is object, array or any, with or without text: before it");
  }
  CheckNullable(info, where);
}

void ApplyAnnotation(cs::Annotation::Reader annotation, const std::string& where, FieldInfo* info) {
  const cs::Value::Reader value = annotation.getValue();
  switch (annotation.getId()) {
    case kJsonId:
      info->json_name = View(value.getText());
      break;
    case kInternalId:
      info->internal = true;
      break;
    case kNullableId:
      info->nullable = true;
      break;
    case kTimestampId:
      info->timestamp = true;
      break;
    case kMoneyId:
      info->money = true;
      break;
    case kJsonTextId:
      info->json_text = View(value.getText());
      break;
    case kRequiredId:
      info->required = true;
      break;
    case kNotEmptyId:
      info->not_empty = true;
      break;
    case kMinLengthId:
      info->min_length = value.getUint32();
      break;
    case kMaxLengthId:
      info->max_length = value.getUint32();
      break;
    case kMinimumId:
      info->minimum = value.getFloat64();
      break;
    case kMaximumId:
      info->maximum = value.getFloat64();
      break;
    case kAliasId:
      info->alias = View(value.getText());
      break;
    case kFormatId: {
      const std::string format = View(value.getText());
      info->email = format == "email";
      info->uuid = format == "uuid";
      if (!info->email && !info->uuid) Contradiction(where, "$format is email or uuid");
      break;
    }
    default:
      break;  // Shapes need other structs and come later; foreign annotations are not ours.
  }
}

const FieldInfo* MustFind(const StructInfo& info, const std::string& name) {
  const FieldInfo* field = info.FindField(name);
  if (field == nullptr) Contradiction(info.name, "no field '" + name + "' for a key or index");
  return field;
}

const FieldInfo* MustFindKeyPart(const StructInfo& info, const std::string& name) {
  const FieldInfo* field = MustFind(info, name);
  const std::string where = info.name + "." + name;
  switch (field->type) {
    case FieldType::kText:
    case FieldType::kBool:
    case FieldType::kEnum:
      return field;
    case FieldType::kInt:
      if (field->is_unsigned && field->bits == 64)
        Contradiction(where, "UInt64 does not fit a key");
      return field;
    default:
      Contradiction(where, "key parts are Text, integers, Bool or enums");
  }
}

IndexInfo ResolveIndex(const StructInfo& info, Index::Reader index) {
  IndexInfo out;
  out.number = index.getNumber();
  out.unique = index.getUnique();
  for (const auto name : index.getFields()) {
    out.fields.push_back(MustFindKeyPart(info, View(name)));
  }
  for (const auto name : index.getWords()) {
    const FieldInfo* field = MustFind(info, View(name));
    if (field->type != FieldType::kText)
      Contradiction(info.name, "words of a field that is no text");
    out.words.push_back(field);
  }
  if (out.unique && !out.words.empty()) Contradiction(info.name, "a word cannot be unique");
  out.covers = index.getCovers();
  if (out.covers && out.unique)
    Contradiction(info.name, "a unique row holds the key, not the record");
  if (out.fields.empty() && out.words.empty()) Contradiction(info.name, "an index without fields");
  if (index.getWhen().size() > 0) {
    out.when = MustFind(info, View(index.getWhen()));
    if (out.when->type != FieldType::kBool) Contradiction(info.name, "`when` names no Bool field");
  }
  return out;
}

// Every info made so far. Entries are added once and never change or go away.
class Registry {
 public:
  const StructInfo& Info(StructSchema schema) TNT_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return InfoLocked(schema);
  }
  const Collection& CollectionFor(StructSchema schema) TNT_EXCLUDES(mutex_);

 private:
  const StructInfo& InfoLocked(StructSchema schema) TNT_REQUIRES(mutex_);
  void AddFieldLocked(StructSchema::Field field, StructInfo* info) TNT_REQUIRES(mutex_);
  void ResolveShapeLocked(const StructInfo& owner, FieldInfo* field) TNT_REQUIRES(mutex_);

  Mutex mutex_{"catalog"};
  std::map<uint64_t, std::unique_ptr<StructInfo>> infos_ TNT_GUARDED_BY(mutex_);
  std::map<uint64_t, std::unique_ptr<Collection>> collections_ TNT_GUARDED_BY(mutex_);
  std::map<uint16_t, const Collection*> by_number_ TNT_GUARDED_BY(mutex_);
};

const StructInfo& Registry::InfoLocked(StructSchema schema) {
  std::unique_ptr<StructInfo>& entry = infos_[schema.getProto().getId()];
  if (entry != nullptr)
    return *entry;  // Also while it is being filled: structs may contain each other.
  entry = std::make_unique<StructInfo>();
  StructInfo* info = entry.get();
  info->schema = schema;
  info->name = ShortName(schema);
  info->strict = HasAnnotation(schema.getProto(), kStrictId);

  std::vector<StructSchema::Field> fields;
  for (const StructSchema::Field field : schema.getFields()) {
    if (!HasAnnotation(field.getProto(), kRulesOnlyId)) fields.push_back(field);
  }
  std::sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) {
    return a.getProto().getCodeOrder() < b.getProto().getCodeOrder();
  });
  if (fields.size() > kFieldsMax) Contradiction(info->name, "more than 64 fields");
  info->fields.reserve(fields.size());
  for (const StructSchema::Field field : fields) AddFieldLocked(field, info);

  std::set<std::string> names;
  for (FieldInfo& field : info->fields) {
    if (!names.insert(field.json_name).second ||
        (!field.alias.empty() && !names.insert(field.alias).second)) {
      Contradiction(info->name + "." + field.name, "two fields share a JSON name");
    }
    ResolveShapeLocked(*info, &field);
  }
  return *info;
}

void Registry::AddFieldLocked(StructSchema::Field field, StructInfo* info) {
  const cs::Field::Reader proto = field.getProto();
  FieldInfo& out = info->fields.emplace_back();
  out.field = field;
  out.name = View(proto.getName());
  const std::string where = info->name + "." + out.name;
  if (!proto.isSlot() || proto.getDiscriminantValue() != cs::Field::NO_DISCRIMINANT) {
    Contradiction(where, "groups and unions are not supported");
  }
  out.json_name = out.name;
  out.ordinal = static_cast<uint16_t>(info->fields.size() - 1);
  ResolveType(field.getType(), &out);
  ResolveDefault(proto.getSlot(), &out);
  for (const cs::Annotation::Reader annotation : proto.getAnnotations()) {
    ApplyAnnotation(annotation, where, &out);
  }
  out.json_prefix = "\"" + out.json_name + "\":";
  CheckRules(out, where);
}

void Registry::ResolveShapeLocked(const StructInfo& owner, FieldInfo* field) {
  StructSchema schema;
  if (StructBehind(field->field.getType(), &schema)) {
    field->shape = &InfoLocked(schema);
    return;
  }
  cs::Value::Reader value;
  if (!FindAnnotation(field->field.getProto(), kShapeId, &value)) return;
  const std::string where = owner.name + "." + field->name;
  const std::string name = View(value.getText());
  if (field->json_text != "object") Contradiction(where, "$shape needs $jsonText(\"object\")");
  std::set<uint64_t> seen;
  if (!FindReachable(owner.schema, name, &seen, &schema)) {
    Contradiction(where, "no field leads to the struct '" + name + "'; add one marked $rulesOnly");
  }
  field->shape = &InfoLocked(schema);
}

const Collection& Registry::CollectionFor(StructSchema schema) {
  MutexLock lock(mutex_);
  std::unique_ptr<Collection>& entry = collections_[schema.getProto().getId()];
  if (entry != nullptr) return *entry;
  const StructInfo& info = InfoLocked(schema);
  cs::Value::Reader value;
  if (!FindAnnotation(schema.getProto(), kRecordId, &value))
    Contradiction(info.name, "not marked $record");
  const Record::Reader record = value.getStruct().getAs<Record>();

  entry = std::make_unique<Collection>();
  entry->info = &info;
  entry->name = View(record.getCollection());
  entry->number = record.getNumber();
  if (entry->name.empty() || entry->number == 0)
    Contradiction(info.name, "a record needs name and number");
  const auto [other, is_new] = by_number_.emplace(entry->number, entry.get());
  if (!is_new) Contradiction(info.name, "shares its number with " + other->second->info->name);
  for (const auto name : record.getKey()) entry->key.push_back(MustFindKeyPart(info, View(name)));
  if (entry->key.empty()) Contradiction(info.name, "a record needs a key");
  std::set<uint8_t> numbers;
  for (const Index::Reader index : record.getIndexes()) {
    entry->indexes.push_back(ResolveIndex(info, index));
    if (!numbers.insert(index.getNumber()).second)
      Contradiction(info.name, "two indexes share a number");
  }
  return *entry;
}

Registry& TheRegistry() {
  static Registry* const registry = new Registry;  // Infos outlive every static object.
  return *registry;
}

}  // namespace

const FieldInfo* StructInfo::FindField(std::string_view field_name) const {
  for (const FieldInfo& field : fields) {
    if (field.name == field_name) return &field;
  }
  return nullptr;
}

const IndexInfo& Collection::Index(uint8_t index_number) const {
  for (const IndexInfo& index : indexes) {
    if (index.number == index_number) return index;
  }
  Contradiction(name, "no index " + std::to_string(index_number));
}

const StructInfo& InfoFor(StructSchema schema) {
  return TheRegistry().Info(schema);
}

const Collection& CollectionFor(StructSchema schema) {
  return TheRegistry().CollectionFor(schema);
}

}  // namespace tenantry::schema
