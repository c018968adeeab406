#include "engine/codec/json_in.h"

#include <array>
#include <cmath>
#include <optional>

#include <simdjson.h>

#include "engine/base/ids.h"
#include "engine/base/time_format.h"
#include "engine/codec/field_access.h"
#include "engine/codec/json_number.h"
#include "engine/codec/json_out.h"
#include "engine/codec/text_rules.h"

namespace tenantry::codec {
namespace {

using schema::FieldInfo;
using schema::FieldType;
using schema::StructInfo;
using simdjson::dom::element;
using simdjson::dom::element_type;
using Builder = capnp::DynamicStruct::Builder;

// A client that breaks more rules than this learns of the first ones.
constexpr size_t kMessagesMax = 100;
// Unknown keys are quoted in messages, but not whole novels.
constexpr size_t kQuotedKeyBytesMax = 100;
// First capacity of a thread's parser; it grows with the bodies seen, up to kJsonBytesMax.
constexpr size_t kParserBytes = 16 << 10;

struct Parser {
  Parser() : dom(kJsonBytesMax) {
    TNT_CHECK(dom.allocate(kParserBytes, kJsonDepthMax) == simdjson::SUCCESS);
  }
  simdjson::dom::parser dom;
};

// Documents inside strings are parsed while the body's own document is in use, hence two parsers.
enum class ParserUse { kBody, kNested };

simdjson::error_code Parse(ParserUse use, std::string_view json, element* root) {
  thread_local Parser body;
  thread_local Parser nested;
  simdjson::dom::parser& parser = use == ParserUse::kBody ? body.dom : nested.dom;
  return parser.parse(json.data(), json.size()).get(*root);
}

Status ParseError(simdjson::error_code error) {
  switch (error) {
    case simdjson::CAPACITY:
      return InvalidArgument("the JSON body is too large");
    case simdjson::DEPTH_ERROR:
      return InvalidArgument("the JSON body is nested too deeply");
    case simdjson::UTF8_ERROR:
      return InvalidArgument("the body is not valid UTF-8");
    case simdjson::NUMBER_ERROR:
      return InvalidArgument("the JSON body holds a number that is malformed or too large");
    case simdjson::MEMALLOC:
      return Unavailable("out of memory while reading a body");
    default:
      return InvalidArgument("the body is not valid JSON");
  }
}

// Whether a document has the form that $jsonText asks for.
bool HasForm(element value, std::string_view form) {
  return (form != "array" && value.is_object()) || (form != "object" && value.is_array());
}

std::string_view FormMessage(std::string_view form) {
  if (form == "object") return " must be an object";
  if (form == "array") return " must be an array";
  return " must be an object or an array";
}

std::string NumberText(double value) {
  std::string text;
  AppendJsonNumber(&text, value);
  return text;
}

// Where a value sits: "cartItems.0." and the field's name. Joined only when a message needs it.
struct Path {
  std::string_view prefix;
  std::string_view name;
};

class Decoder {
 public:
  explicit Decoder(Extent extent) : extent_(extent) {}
  // `out` is null where only rules are checked, in a $shape.
  void Object(std::string_view prefix, simdjson::dom::object object, const StructInfo& info,
              Builder* out, FieldSet* set);
  std::vector<std::string> TakeMessages() { return std::move(messages_); }
  bool ok() const { return messages_.empty(); }

 private:
  using Value = std::optional<element>;  // Nothing for a required field that is absent or null.

  void Field(std::string_view prefix, const FieldInfo& field, const Value& value, Builder* out);
  void Text(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Int(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Float(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Money(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Timestamp(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Bool(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Enum(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void TextList(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void EnumList(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void JsonText(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void Struct(const Path& path, const FieldInfo& field, const Value& value, Builder* out);
  void StructList(const Path& path, const FieldInfo& field, const Value& value, Builder* out);

  // False, and messages, when `value` is no number or is out of the stated bounds. `low` and `high`
  // are what the field can hold; its own rules are mentioned even when there is no number.
  bool Bounds(const Path& path, const FieldInfo& field, const std::optional<double>& value,
              double low, double high);
  void Fail(const Path& path, std::string_view what) { Add({path.prefix, path.name, what}); }
  void FailEach(const Path& path, std::string_view what) {
    Add({"each value in ", path.prefix, path.name, what});
  }
  void Add(std::initializer_list<std::string_view> parts);

  const Extent extent_;
  std::vector<std::string> messages_;
};

void Decoder::Add(std::initializer_list<std::string_view> parts) {
  if (messages_.size() == kMessagesMax) return;
  std::string& message = messages_.emplace_back();
  for (const std::string_view part : parts) message.append(part);
}

std::string_view QuotedKey(std::string_view key) {
  if (key.size() <= kQuotedKeyBytesMax) return key;
  size_t bytes = kQuotedKeyBytesMax;
  while (bytes > 0 && (static_cast<unsigned char>(key[bytes]) & 0xC0) == 0x80) --bytes;
  return key.substr(0, bytes);
}

// The members of an object sorted to the fields they are for.
struct Members {
  std::array<element, kFieldsMax> values;
  std::bitset<kFieldsMax> present;
  std::bitset<kFieldsMax> by_alias;
};

// The field that a key names; `hint` is where to look first, since clients tend to keep our order.
const FieldInfo* FieldForKey(const StructInfo& info, std::string_view key, size_t hint) {
  const size_t count = info.fields.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t at = hint + i < count ? hint + i : hint + i - count;
    const FieldInfo& field = info.fields[at];
    if (!field.internal &&
        (field.json_name == key || (!field.alias.empty() && field.alias == key))) {
      return &field;
    }
  }
  return nullptr;
}

void Decoder::Object(std::string_view prefix, simdjson::dom::object object, const StructInfo& info,
                     Builder* out, FieldSet* set) {
  Members members;
  size_t hint = 0;
  for (const simdjson::dom::key_value_pair member : object) {
    const FieldInfo* field = FieldForKey(info, member.key, hint);
    if (field == nullptr) {
      if (info.strict) Add({prefix, "property ", QuotedKey(member.key), " should not exist"});
      continue;
    }
    const size_t at = field->ordinal;
    hint = at + 1 < info.fields.size() ? at + 1 : 0;
    const bool by_alias = member.key != field->json_name;
    // The name beats the alias; among equals the last one wins, as in JSON.parse.
    if (by_alias && members.present[at] && !members.by_alias[at]) continue;
    members.values[at] = member.value;
    members.present[at] = true;
    members.by_alias[at] = by_alias;
  }
  for (const FieldInfo& field : info.fields) {
    const size_t at = field.ordinal;
    const bool null = members.present[at] && members.values[at].is_null();
    if (set != nullptr) {
      set->sent[at] = members.present[at];
      set->null[at] = null;
    }
    // Only the body itself may leave out what it requires, not the documents inside.
    const bool may_lack = extent_ == Extent::kPatch && set != nullptr && !members.present[at];
    if (members.present[at] && !null) {
      Field(prefix, field, members.values[at], out);
    } else if (field.required && !field.internal && !may_lack) {
      Field(prefix, field, std::nullopt, out);
    }
  }
}

void Decoder::Field(std::string_view prefix, const FieldInfo& field, const Value& value,
                    Builder* out) {
  const Path path{prefix, field.json_name};
  switch (field.type) {
    case FieldType::kText:
      return field.json_text.empty() ? Text(path, field, value, out)
                                     : JsonText(path, field, value, out);
    case FieldType::kInt:
      if (field.timestamp) return Timestamp(path, field, value, out);
      return field.money ? Money(path, field, value, out) : Int(path, field, value, out);
    case FieldType::kFloat:
      return Float(path, field, value, out);
    case FieldType::kBool:
      return Bool(path, field, value, out);
    case FieldType::kEnum:
      return Enum(path, field, value, out);
    case FieldType::kTextList:
      return TextList(path, field, value, out);
    case FieldType::kEnumList:
      return EnumList(path, field, value, out);
    case FieldType::kStruct:
      return Struct(path, field, value, out);
    case FieldType::kStructList:
      return StructList(path, field, value, out);
    case FieldType::kOpaque:
      return;  // Always $internal: no key leads here.
  }
}

// --- Text ---

bool GetText(const std::optional<element>& value, std::string_view* text) {
  return value.has_value() && value->get(*text) == simdjson::SUCCESS;
}

void Decoder::Text(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  std::string_view text;
  const size_t before = messages_.size();
  const bool is_text = GetText(value, &text);
  if (!is_text) Fail(path, " must be a string");
  if (field.not_empty && (!is_text || IsBlank(text))) Fail(path, " should not be empty");
  if (field.min_length > 0 || field.max_length != UINT32_MAX) {
    const size_t length = CountCharacters(text);
    if (field.min_length > 0 && (!is_text || length < field.min_length)) {
      Add({path.prefix, path.name, " must be longer than or equal to ",
           std::to_string(field.min_length), " characters"});
    }
    if (field.max_length != UINT32_MAX && (!is_text || length > field.max_length)) {
      Add({path.prefix, path.name, " must be shorter than or equal to ",
           std::to_string(field.max_length), " characters"});
    }
  }
  if (field.email && (!is_text || !IsEmail(text))) Fail(path, " must be an email");
  if (field.uuid && (!is_text || !IsUuid(text))) Fail(path, " must be a UUID");
  if (out != nullptr && messages_.size() == before) FieldChange(*out).SetText(field, text);
}

void Decoder::Timestamp(const Path& path, const FieldInfo& field, const Value& value,
                        Builder* out) {
  std::string_view text;
  const std::optional<int64_t> unix_ms = GetText(value, &text) ? ParseInstant(text) : std::nullopt;
  if (!unix_ms.has_value()) return Fail(path, " must be a valid ISO 8601 date string");
  if (out != nullptr) out->set(field.field, *unix_ms);
}

// --- Numbers ---

std::optional<double> GetNumber(const std::optional<element>& value) {
  double number = 0;
  if (!value.has_value() || value->get(number) != simdjson::SUCCESS) return std::nullopt;
  return number + 0.0;  // Turns -0 into 0.
}

bool Decoder::Bounds(const Path& path, const FieldInfo& field, const std::optional<double>& value,
                     double low, double high) {
  const bool has_low = std::isfinite(field.minimum);
  const bool has_high = std::isfinite(field.maximum);
  const bool under = value.has_value() ? *value < std::max(low, field.minimum) : has_low;
  const bool over = value.has_value() ? *value > std::min(high, field.maximum) : has_high;
  const double stated_low = value.has_value() ? std::max(low, field.minimum) : field.minimum;
  const double stated_high = value.has_value() ? std::min(high, field.maximum) : field.maximum;
  if (under) {
    Add({path.prefix, path.name, " must not be less than ", NumberText(stated_low)});
  }
  if (over) {
    Add({path.prefix, path.name, " must not be greater than ", NumberText(stated_high)});
  }
  return value.has_value() && !under && !over;
}

void Decoder::Int(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<double> number = GetNumber(value);
  const bool integral = number.has_value() && std::floor(*number) == *number;
  if (!integral) Fail(path, " must be an integer number");
  const IntRange range = RangeOf(field);
  const bool fits =
      Bounds(path, field, number, static_cast<double>(range.low), static_cast<double>(range.high));
  if (!integral || !fits || out == nullptr) return;
  // Exact: the range ends at 2^53, where doubles still hold every integer.
  const int64_t exact = static_cast<int64_t>(*number);
  if (field.is_unsigned) {
    out->set(field.field, static_cast<uint64_t>(exact));
  } else {
    out->set(field.field, exact);
  }
}

void Decoder::Float(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<double> number = GetNumber(value);
  if (!number.has_value()) Fail(path, " must be a number conforming to the specified constraints");
  const double limit = FloatLimit(field);
  const bool fits = Bounds(path, field, number, -limit, limit);
  if (fits && out != nullptr) out->set(field.field, *number);
}

void Decoder::Money(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<double> number = GetNumber(value);
  if (!number.has_value()) Fail(path, " must be a number conforming to the specified constraints");
  const bool fits = Bounds(path, field, number, -kMoneyMax, kMoneyMax);
  if (fits && out != nullptr) out->set(field.field, RoundToHundredths(*number));
}

// --- Bool and enums ---

void Decoder::Bool(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  bool flag = false;
  if (!value.has_value() || value->get(flag) != simdjson::SUCCESS) {
    return Fail(path, " must be a boolean value");
  }
  if (out != nullptr) out->set(field.field, flag);
}

// Whether clients may name this enumerant; the one that stands for null is not offered.
bool Offered(const FieldInfo& field, size_t value) {
  return !(field.type == FieldType::kEnum && field.nullable && value == field.default_bits);
}

std::optional<uint16_t> EnumValue(const FieldInfo& field, const std::optional<element>& value) {
  std::string_view text;
  if (!GetText(value, &text)) return std::nullopt;
  for (size_t i = 0; i < field.enum_names.size(); ++i) {
    if (field.enum_names[i] == text && Offered(field, i)) return static_cast<uint16_t>(i);
  }
  return std::nullopt;
}

std::string EnumMessage(const FieldInfo& field) {
  std::string text = " must be one of the following values: ";
  bool first = true;
  for (size_t i = 0; i < field.enum_names.size(); ++i) {
    if (!Offered(field, i)) continue;
    if (!first) text.append(", ");
    first = false;
    text.append(field.enum_names[i]);
  }
  return text;
}

void Decoder::Enum(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<uint16_t> found = EnumValue(field, value);
  if (!found.has_value()) return Fail(path, EnumMessage(field));
  if (out != nullptr) {
    out->set(field.field, capnp::DynamicEnum(field.field.getType().asEnum(), *found));
  }
}

// --- Lists ---

std::optional<simdjson::dom::array> GetArray(const std::optional<element>& value) {
  simdjson::dom::array array;
  if (!value.has_value() || value->get(array) != simdjson::SUCCESS) return std::nullopt;
  return array;
}

unsigned SizeOf(simdjson::dom::array array) {
  // array::size() stops counting at 2^24, which kJsonBytesMax keeps out of reach.
  return static_cast<unsigned>(array.size());
}

void Decoder::TextList(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<simdjson::dom::array> array = GetArray(value);
  bool all_text = array.has_value();
  if (array.has_value()) {
    for (const element item : *array) all_text = all_text && item.is_string();
  } else {
    Fail(path, " must be an array");
  }
  if (!all_text) return FailEach(path, " must be a string");
  if (out == nullptr) return;
  auto list = out->init(field.field, SizeOf(*array)).as<capnp::DynamicList>();
  unsigned i = 0;
  for (const element item : *array) {
    std::string_view text;
    GetText(item, &text);
    list.set(i++, capnp::Text::Reader(text.data(), text.size()));
  }
}

void Decoder::EnumList(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<simdjson::dom::array> array = GetArray(value);
  bool all_known = array.has_value();
  if (array.has_value()) {
    for (const element item : *array) all_known = all_known && EnumValue(field, item).has_value();
  } else {
    Fail(path, " must be an array");
  }
  if (!all_known) return FailEach(path, EnumMessage(field));
  if (out == nullptr) return;
  auto list = out->init(field.field, SizeOf(*array)).as<capnp::DynamicList>();
  const capnp::EnumSchema type = field.field.getType().asList().getElementType().asEnum();
  unsigned i = 0;
  for (const element item : *array) {
    list.set(i++, capnp::DynamicEnum(type, *EnumValue(field, item)));
  }
}

// --- Objects ---

std::optional<simdjson::dom::object> GetObject(const std::optional<element>& value) {
  simdjson::dom::object object;
  if (!value.has_value() || value->get(object) != simdjson::SUCCESS) return std::nullopt;
  return object;
}

constexpr std::string_view kNested = " must be either object or array";

std::string Deeper(const Path& path) {
  std::string prefix(path.prefix);
  return prefix.append(path.name).append(".");
}

void Decoder::JsonText(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  constexpr std::string_view kTextForm = "text:";
  std::string_view form = field.json_text;
  Value document = value;
  std::string_view text;
  if (form.starts_with(kTextForm)) {
    form.remove_prefix(kTextForm.size());
    element root;
    if (GetText(value, &text) && Parse(ParserUse::kNested, text, &root) == simdjson::SUCCESS) {
      document = root;
    }
  }
  if (!document.has_value() || !HasForm(*document, form)) {
    Fail(path, FormMessage(form));
    const bool scalar = document.has_value() && !document->is_array() && !document->is_object();
    if (field.shape != nullptr && scalar) {
      Add({"nested property ", path.prefix, path.name, kNested});
    }
    return;
  }
  const size_t before = messages_.size();
  if (field.shape != nullptr) {
    Object(Deeper(path), *GetObject(document), *field.shape, nullptr, nullptr);
  }
  if (out == nullptr || messages_.size() != before) return;
  const std::string json = simdjson::minify(*document);
  FieldChange(*out).SetText(field, json);
}

void Decoder::Struct(const Path& path, const FieldInfo& field, const Value& value, Builder* out) {
  const std::optional<simdjson::dom::object> object = GetObject(value);
  if (!object.has_value()) {
    Fail(path, " must be an object");
    if (value.has_value() && !value->is_array()) {
      Add({"nested property ", path.prefix, path.name, kNested});
    }
    return;
  }
  if (out == nullptr) return Object(Deeper(path), *object, *field.shape, nullptr, nullptr);
  Builder inner = out->init(field.field).as<capnp::DynamicStruct>();
  Object(Deeper(path), *object, *field.shape, &inner, nullptr);
}

void Decoder::StructList(const Path& path, const FieldInfo& field, const Value& value,
                         Builder* out) {
  const std::optional<simdjson::dom::array> array = GetArray(value);
  if (!array.has_value()) {
    Fail(path, " must be an array");
    if (value.has_value() && !value->is_object()) {
      Add({"nested property ", path.prefix, path.name, kNested});
    }
    return;
  }
  bool all_objects = true;
  for (const element item : *array) all_objects = all_objects && item.is_object();
  if (!all_objects)
    return FailEach({"nested property ", std::string(path.prefix).append(path.name)}, kNested);
  capnp::DynamicList::Builder list;
  if (out != nullptr) list = out->init(field.field, SizeOf(*array)).as<capnp::DynamicList>();
  const std::string base = Deeper(path);
  unsigned i = 0;
  for (const element item : *array) {
    const std::string prefix = base + std::to_string(i) + ".";
    if (out == nullptr) {
      Object(prefix, *GetObject(item), *field.shape, nullptr, nullptr);
    } else {
      Builder inner = list[i].as<capnp::DynamicStruct>();
      Object(prefix, *GetObject(item), *field.shape, &inner, nullptr);
    }
    ++i;
  }
}

}  // namespace

Status DecodeJson(std::string_view body, const StructInfo& info, Extent extent, Builder out,
                  FieldSet* fields) {
  element root;
  const simdjson::error_code error = Parse(ParserUse::kBody, body.empty() ? "{}" : body, &root);
  if (error != simdjson::SUCCESS) return ParseError(error);
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return InvalidArgument("the JSON body must be an object");
  }
  Decoder decoder(extent);
  decoder.Object("", object, info, &out, fields);
  if (!decoder.ok()) return InvalidFields(decoder.TakeMessages());
  return Status::Ok();
}

std::vector<std::string> TextItems(std::string_view json_array) {
  std::vector<std::string> items;
  element root;
  simdjson::dom::array array;
  if (Parse(ParserUse::kNested, json_array, &root) != simdjson::SUCCESS ||
      root.get(array) != simdjson::SUCCESS) {
    return items;
  }
  for (const element item : array) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) items.emplace_back(text);
  }
  return items;
}

std::vector<std::string> SplitJsonArray(std::string_view json) {
  std::vector<std::string> items;
  element root;
  simdjson::dom::array array;
  if (Parse(ParserUse::kBody, json, &root) != simdjson::SUCCESS) return items;
  if (root.get(array) != simdjson::SUCCESS) return items;
  for (const element item : array) items.push_back(simdjson::minify(item));
  return items;
}

Result<std::vector<std::pair<std::string, double>>> ReadNumberMembers(std::string_view json) {
  element root;
  const simdjson::error_code error = Parse(ParserUse::kNested, json, &root);
  if (error != simdjson::SUCCESS) return ParseError(error);
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return InvalidArgument("not a JSON object");
  std::vector<std::pair<std::string, double>> members;
  for (const simdjson::dom::key_value_pair member : object) {
    double value = 0;
    if (member.value.get(value) != simdjson::SUCCESS) {
      return InvalidArgument("a value of the object is not a number");
    }
    members.emplace_back(std::string(member.key), value);
  }
  return members;
}

}  // namespace tenantry::codec
