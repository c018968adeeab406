#pragma once
// JSON in: request bodies to structs, checked against the rules in the schema.
//
// Shape    FieldSet remembers which fields were sent, and which as null, so that a PATCH knows what
//          to change.
// Errors   kInvalidArgument: one message per broken rule, each starting with the field's path, in
//          the order the contract states (unknown keys first where the struct is $strict, then
//          fields in declaration order). Broken JSON, wrong top-level type, invalid UTF-8 and
//          nesting over kJsonDepthMax are one message.
// Threads  stateless; the parser is per thread inside.

#include <bitset>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <capnp/any.h>
#include <capnp/dynamic.h>

#include "engine/base/status.h"
#include "engine/codec/stored.h"
#include "engine/schema/catalog.h"

namespace tenantry::codec {

inline constexpr size_t kJsonDepthMax = 32;       // Deeper documents are attacks, not forms.
inline constexpr size_t kJsonBytesMax = 1 << 20;  // Ten times what the front lets through.
inline constexpr size_t kFieldsMax = 64;

struct FieldSet {
  std::bitset<kFieldsMax> sent;  // Present in the body, null included. By FieldInfo::ordinal.
  std::bitset<kFieldsMax> null;  // Present as null.
};

// Whether a body states the whole thing or only what is to change: then required fields may be
// absent, though not null.
enum class Extent : uint8_t { kWhole, kPatch };

// Fills `out`; an empty body counts as {}. `fields` may be null, but not with kPatch.
Status DecodeJson(std::string_view body, const schema::StructInfo& info, Extent extent,
                  capnp::DynamicStruct::Builder out, FieldSet* fields);

// The texts of a JSON array; what is no text is left out, and so is everything if it is no array.
std::vector<std::string> TextItems(std::string_view json_array);
// The elements of a JSON array, each as JSON text; none when it is no array.
std::vector<std::string> SplitJsonArray(std::string_view json);
// The members of a JSON object whose values must all be numbers, in document order; for objects with
// free keys. kInvalidArgument when it is anything else.
Result<std::vector<std::pair<std::string, double>>> ReadNumberMembers(std::string_view json);

// A decoded body: the input and which fields were sent.
template <class T>
class Input {
 public:
  static Result<Input> Decode(std::string_view body, Extent extent = Extent::kWhole) {
    Input input;
    TNT_RETURN_IF_ERROR(DecodeJson(body, schema::InfoOf<T>(), extent,
                                   capnp::DynamicStruct::Builder(*input.draft_), &input.fields_));
    return input;
  }
  typename T::Reader operator*() const { return draft_.reader(); }
  const FieldSet& fields() const { return fields_; }
  bool Sent(std::string_view field) const {
    const schema::FieldInfo* info = schema::InfoOf<T>().FindField(field);
    TNT_CHECK(info != nullptr);
    return fields_.sent[info->ordinal];
  }

 private:
  Draft<T> draft_;
  FieldSet fields_;
};

// The rules of `input`, for fields that lie where `record` has those of the same names. Stops the process when the record lacks one
// or has another type, unit or default for it.
schema::StructInfo Retarget(const schema::StructInfo& input, const schema::StructInfo& record);

// A body of an `In`, read straight into a fresh record: what Input::Decode and CopySent give, without a copy in between.
template <class In, class Record>
Result<Draft<Record>> DecodeAs(std::string_view body) {
  static const schema::StructInfo info = Retarget(schema::InfoOf<In>(), schema::InfoOf<Record>());
  Draft<Record> record;
  TNT_RETURN_IF_ERROR(
      DecodeJson(body, info, Extent::kWhole, capnp::DynamicStruct::Builder(*record), nullptr));
  return record;
}

// Fields of one name in two structs; one name is one thing, so type and unit are the same.
struct FieldPair {
  const schema::FieldInfo* from;
  const schema::FieldInfo* to;
};
// Stops the process when a name means two things.
std::vector<FieldPair> PairFields(const schema::StructInfo& from, const schema::StructInfo& to);
void CopySentFields(std::span<const FieldPair> pairs, capnp::AnyStruct::Reader from,
                    const FieldSet& fields, capnp::AnyStruct::Builder to);

// Copies every field of `fields` that was sent to the field of the same name; null clears it to its default. Fields that
// the target lacks are skipped.
template <class From, class To>
void CopySent(const Input<From>& input, const FieldSet& fields, Draft<To>* to) {
  static const std::vector<FieldPair> pairs =
      PairFields(schema::InfoOf<From>(), schema::InfoOf<To>());
  CopySentFields(pairs, capnp::AnyStruct::Reader(*input), fields,
                 capnp::DynamicStruct::Builder(**to).as<capnp::AnyStruct>());
}
template <class From, class To>
void CopySent(const Input<From>& input, Draft<To>* to) {
  CopySent(input, input.fields(), to);
}

}  // namespace tenantry::codec
