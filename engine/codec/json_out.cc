#include "engine/codec/json_out.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "engine/base/bytes.h"
#include "engine/base/time_format.h"
#include "engine/codec/field_access.h"

namespace tenantry::codec {
namespace {

using schema::FieldInfo;
using schema::FieldType;

// What follows the backslash: 0 for bytes written as they are, 'u' for control characters without a
// short form.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> table{};
  for (size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}
constexpr std::array<char, 256> kEscapes = MakeEscapes();

// Whether one of eight bytes is to be escaped: below a space, a quote or a backslash.
bool AnyToEscape(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const auto below = [](uint64_t word, uint64_t limit) { return (word - kOnes * limit) & ~word; };
  return ((below(bytes, 0x20) | below(bytes ^ kOnes * '"', 1) | below(bytes ^ kOnes * '\\', 1)) &
          kOnes << 7) != 0;
}

// Where the first byte at or behind `from` stands that is to be escaped; the size of the text if none is.
size_t FindEscape(std::string_view text, size_t from) {
  constexpr size_t kStep = sizeof(uint64_t);
  const auto dirty = [text](size_t at) {
    return AnyToEscape(LoadLittle<uint64_t>(text.data() + at));
  };
  size_t i = from;
  while (i + kStep <= text.size() && !dirty(i)) i += kStep;
  // The last word overlaps what was looked at.
  if (text.size() >= kStep && i + kStep > text.size() && !dirty(text.size() - kStep)) {
    return text.size();
  }
  while (i < text.size() && kEscapes[static_cast<uint8_t>(text[i])] == 0) ++i;
  return i;
}

void AppendUnsigned(std::string* out, uint64_t value) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, static_cast<size_t>(end - digits));
}

void AppendEnumName(std::string* out, const FieldInfo& field, uint64_t value) {
  // A newer build may have stored an enumerant that this one has no name for.
  if (value >= field.enum_names.size()) {
    out->append("null");
  } else {
    AppendJsonString(out, field.enum_names[value]);
  }
}

void AppendInt(std::string* out, const FieldInfo& field, const FieldAccess& record) {
  const int64_t value = record.Int(field);
  if (field.timestamp) {
    out->push_back('"');
    AppendInstant(out, value);
    out->push_back('"');
  } else if (field.money) {
    AppendJsonMoney(out, value);
  } else if (field.is_unsigned) {
    AppendUnsigned(out, static_cast<uint64_t>(value));
  } else {
    AppendJsonInt(out, value);
  }
}

void AppendStruct(std::string* out, const FieldInfo& field, capnp::DynamicStruct::Reader value) {
  out->push_back('{');
  AppendJsonMembers(out, *field.shape, value);
  out->push_back('}');
}

template <class List, class AppendElement>
void AppendList(std::string* out, const List& list, AppendElement append) {
  out->push_back('[');
  bool first = true;
  for (const auto element : list) {
    if (!first) out->push_back(',');
    first = false;
    append(element);
  }
  out->push_back(']');
}

void AppendPointer(std::string* out, const FieldInfo& field, const FieldAccess& record) {
  const capnp::AnyPointer::Reader pointer = record.Pointer(field);
  switch (field.type) {
    case FieldType::kText:
      if (field.json_text.empty()) {
        AppendJsonString(out, record.Text(field));
      } else {
        out->append(record.Text(field));
      }
      break;
    case FieldType::kTextList:
      AppendList(out, pointer.getAs<capnp::List<capnp::Text>>(),
                 [out](capnp::Text::Reader text) { AppendJsonString(out, View(text)); });
      break;
    case FieldType::kEnumList:
      AppendList(out, pointer.getAs<capnp::List<uint16_t>>(),
                 [&](uint16_t value) { AppendEnumName(out, field, value); });
      break;
    case FieldType::kStruct:
      AppendStruct(out, field,
                   pointer.getAs<capnp::AnyStruct>().as<capnp::DynamicStruct>(field.shape->schema));
      break;
    case FieldType::kStructList:
      AppendList(out, pointer.getAs<capnp::DynamicList>(field.field.getType().asList()),
                 [&](const capnp::DynamicValue::Reader& value) {
                   AppendStruct(out, field, value.as<capnp::DynamicStruct>());
                 });
      break;
    default:
      out->append("null");
      break;
  }
}

void AppendValue(std::string* out, const FieldInfo& field, const FieldAccess& record) {
  if (record.IsNull(field)) {
    out->append("null");
    return;
  }
  switch (field.type) {
    case FieldType::kBool:
      out->append(record.Bool(field) ? "true" : "false");
      break;
    case FieldType::kInt:
      AppendInt(out, field, record);
      break;
    case FieldType::kFloat:
      // A Float32 is written with the digits that tell it from its neighbours, not with those of
      // its double.
      if (field.bits == 32) {
        AppendJsonFloat(out, static_cast<float>(record.Float(field)));
      } else {
        AppendJsonNumber(out, record.Float(field));
      }
      break;
    case FieldType::kEnum:
      AppendEnumName(out, field, record.Bits(field));
      break;
    default:
      AppendPointer(out, field, record);
      break;
  }
}

template <class Number>
void AppendShortest(std::string* out, Number value) {
  if (!std::isfinite(value)) {
    out->append("null");
    return;
  }
  char digits[40];
  // Plain digits in the range people read, an exponent beyond. Plain integers end below 2^64:
  // parsers that know integers, ours among them, refuse longer ones.
  const Number size = std::abs(value);
  const bool plain =
      size == 0 || (size >= static_cast<Number>(1e-6) && size < static_cast<Number>(1e19));
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, format);
  out->append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

void AppendJsonString(std::string* out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t clean = 0;  // Start of the run that needs no escape.
  for (size_t i = FindEscape(text, 0); i < text.size(); i = FindEscape(text, clean)) {
    const uint8_t byte = static_cast<uint8_t>(text[i]);
    const char escape = kEscapes[byte];
    out->append(text, clean, i - clean);
    clean = i + 1;
    out->push_back('\\');
    out->push_back(escape);
    if (escape == 'u') {
      const char digits[] = {'0', '0', kHex[byte >> 4], kHex[byte & 15]};
      out->append(digits, sizeof digits);
    }
  }
  out->append(text, clean, text.size() - clean);
  out->push_back('"');
}

void AppendJsonNumber(std::string* out, double value) {
  AppendShortest(out, value);
}

void AppendJsonFloat(std::string* out, float value) {
  AppendShortest(out, value);
}

void AppendJsonInt(std::string* out, int64_t value) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, static_cast<size_t>(end - digits));
}

void AppendJsonMoney(std::string* out, int64_t hundredths) {
  const uint64_t size =
      hundredths < 0 ? 0 - static_cast<uint64_t>(hundredths) : static_cast<uint64_t>(hundredths);
  if (hundredths < 0) out->push_back('-');
  AppendUnsigned(out, size / 100);
  const uint64_t cents = size % 100;
  const char digits[] = {'.', static_cast<char>('0' + cents / 10),
                         static_cast<char>('0' + cents % 10)};
  out->append(digits, sizeof digits);
}

void AppendJsonMembers(std::string* out, const schema::StructInfo& info,
                       capnp::DynamicStruct::Reader record,
                       std::span<const std::string_view> except) {
  const FieldAccess access(record);
  bool first = true;
  for (const FieldInfo& field : info.fields) {
    if (field.internal) continue;
    if (std::find(except.begin(), except.end(), field.name) != except.end()) continue;
    if (!first) out->push_back(',');
    first = false;
    out->append(field.json_prefix);
    AppendValue(out, field, access);
  }
}

void ObjectWriter::Comma() {
  if (!first_) out_->push_back(',');
  first_ = false;
}

std::string* ObjectWriter::Key(std::string_view key) {
  Comma();
  AppendJsonString(out_, key);
  out_->push_back(':');
  return out_;
}

void ObjectWriter::String(std::string_view key, std::string_view value) {
  AppendJsonString(Key(key), value);
}

void ObjectWriter::OptionalString(std::string_view key, bool present, std::string_view value) {
  if (present) {
    String(key, value);
  } else {
    Null(key);
  }
}

void ObjectWriter::Int(std::string_view key, int64_t value) {
  AppendJsonInt(Key(key), value);
}

void ObjectWriter::Number(std::string_view key, double value) {
  AppendJsonNumber(Key(key), value);
}

void ObjectWriter::Bool(std::string_view key, bool value) {
  Key(key)->append(value ? "true" : "false");
}

void ObjectWriter::Money(std::string_view key, int64_t hundredths) {
  AppendJsonMoney(Key(key), hundredths);
}

void ObjectWriter::Instant(std::string_view key, int64_t unix_ms) {
  std::string* out = Key(key);
  out->push_back('"');
  AppendInstant(out, unix_ms);
  out->push_back('"');
}

void ObjectWriter::Null(std::string_view key) {
  Key(key)->append("null");
}

void ObjectWriter::Raw(std::string_view key, std::string_view json) {
  Key(key)->append(json);
}

void ObjectWriter::Members(std::string_view members) {
  if (members.empty()) return;
  Comma();
  out_->append(members);
}

}  // namespace tenantry::codec
