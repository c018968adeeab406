#pragma once
// JSON out: records to JSON text, driven by the catalog.
//
// Every field that is not $internal is written, null included, in declaration order. Text is
// checked as UTF-8 on input, so output only escapes.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <capnp/dynamic.h>

#include "engine/schema/catalog.h"

namespace tenantry::codec {

void AppendJsonString(std::string* out, std::string_view text);
// Shortest decimal that reads back as the same double; null for NaN and infinities.
void AppendJsonNumber(std::string* out, double value);
// The same for the shorter type: 0.1f is 0.1.
void AppendJsonFloat(std::string* out, float value);
void AppendJsonInt(std::string* out, int64_t value);
// Hundredths as a number with two decimals: 1999 -> 19.99.
void AppendJsonMoney(std::string* out, int64_t hundredths);

// `"a":1,"b":null` without braces, so that a handler can add fields of its own. Fields named in
// `except` are left to the caller.
void AppendJsonMembers(std::string* out, const schema::StructInfo& info,
                       capnp::DynamicStruct::Reader record,
                       std::span<const std::string_view> except = {});

template <class T>
void AppendMembers(std::string* out, const typename T::Reader& record,
                   std::span<const std::string_view> except = {}) {
  AppendJsonMembers(out, schema::InfoOf<T>(), capnp::DynamicStruct::Reader(record), except);
}
template <class T>
void AppendObject(std::string* out, const typename T::Reader& record) {
  out->push_back('{');
  AppendMembers<T>(out, record);
  out->push_back('}');
}

// Writes one object by hand where an answer is not a record; places the commas.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string* out) : out_(out) { out_->push_back('{'); }
  ~ObjectWriter() { out_->push_back('}'); }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  void String(std::string_view key, std::string_view value);
  // Null pointer text becomes null.
  void OptionalString(std::string_view key, bool present, std::string_view value);
  void Int(std::string_view key, int64_t value);
  void Number(std::string_view key, double value);
  void Bool(std::string_view key, bool value);
  void Money(std::string_view key, int64_t hundredths);
  void Instant(std::string_view key, int64_t unix_ms);
  void Null(std::string_view key);
  // Text that already is JSON.
  void Raw(std::string_view key, std::string_view json);
  // Members as written by AppendJsonMembers.
  void Members(std::string_view members);
  // Writes the key and leaves the value to the caller.
  std::string* Key(std::string_view key);

 private:
  void Comma();
  std::string* out_;
  bool first_ = true;
};

}  // namespace tenantry::codec
