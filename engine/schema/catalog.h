#pragma once
// Catalog: what the annotated schema says about a struct, resolved once so that hot paths only walk
// arrays.
//
// Shape    StructInfo per schema struct, with one FieldInfo per field in declaration order;
//          Collection adds keys and indexes for structs marked $record.
// Errors   a schema that contradicts itself (unknown field in an index, duplicate number) stops the
//          process when the struct is first looked up; a test looks up every record.
// Threads  any; infos are immutable after construction and live as long as the process.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/dynamic.h>
#include <capnp/schema.h>

namespace tenantry::schema {

enum class FieldType : uint8_t {
  kBool,
  kInt,
  kFloat,
  kText,
  kEnum,
  kTextList,
  kStruct,
  kStructList,
  kEnumList,
  kOpaque,  // Data and other lists; only as $internal, copied but not looked into.
};

struct StructInfo;

struct FieldInfo {
  capnp::StructSchema::Field field;
  std::string name;  // In the schema.
  std::string json_name;
  std::string json_prefix;  // "\"jsonName\":" ready to append.
  std::string alias;        // Empty when there is none.
  FieldType type = FieldType::kText;
  uint16_t ordinal = 0;  // Position in StructInfo::fields.
  bool is_unsigned = false;
  bool internal = false, nullable = false, timestamp = false, money = false;
  std::string json_text;                // "", "object", "array", "any", "text:array", ...
  const StructInfo* shape = nullptr;    // For jsonText with $shape, kStruct and kStructList.
  std::vector<std::string> enum_names;  // JSON names by enumerant value.
  // Where the value lies: data fields are `bits` wide at `slot` times that, pointers have 0 bits.
  // Data is stored XOR `default_bits`, so a nullable scalar is null when its stored bits are zero.
  uint32_t slot = 0;
  uint8_t bits = 0;
  uint64_t default_bits = 0;
  std::string default_text;
  // Input rules.
  bool required = false, not_empty = false, email = false, uuid = false;
  uint32_t min_length = 0, max_length = UINT32_MAX;
  double minimum = -1.0 / 0.0, maximum = 1.0 / 0.0;
};

struct StructInfo {
  capnp::StructSchema schema;
  std::string name;  // Without namespace, such as "GymSession".
  bool strict = false;
  std::vector<FieldInfo> fields;
  // nullptr when there is no such field.
  const FieldInfo* FindField(std::string_view name) const;
};

struct IndexInfo {
  uint8_t number = 0;
  bool unique = false;
  std::vector<const FieldInfo*> fields;
  const FieldInfo* when = nullptr;
  std::vector<const FieldInfo*> words;  // Not empty: a word leads each row.
  bool covers = false;                  // Rows hold the record.
};

struct Collection {
  const StructInfo* info = nullptr;
  std::string name;
  uint16_t number = 0;
  std::vector<const FieldInfo*> key;
  std::vector<IndexInfo> indexes;
  const IndexInfo& Index(uint8_t number) const;  // Stops the process when there is none.
};

const StructInfo& InfoFor(capnp::StructSchema schema);
// Stops the process unless the struct is marked $record.
const Collection& CollectionFor(capnp::StructSchema schema);

template <class T>
const StructInfo& InfoOf() {
  static const StructInfo& info = InfoFor(capnp::Schema::from<T>());
  return info;
}
template <class T>
const Collection& CollectionOf() {
  static const Collection& collection = CollectionFor(capnp::Schema::from<T>());
  return collection;
}

}  // namespace tenantry::schema
