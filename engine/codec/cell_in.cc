#include "engine/codec/cell_in.h"

#include <charconv>
#include <cmath>

#include "engine/base/time_format.h"
#include "engine/codec/field_access.h"
#include "engine/codec/json_in.h"
#include "engine/codec/json_number.h"
#include "engine/codec/json_out.h"

namespace tenantry::codec {
namespace {

using schema::FieldInfo;
using schema::FieldType;

Status Expected(const FieldInfo& field, std::string_view what) {
  return InvalidArgument(field.json_name + " must be " + std::string(what));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

template <class T>
bool ParseWhole(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

capnp::Text::Reader TextOf(const std::string& text) {
  return {text.c_str(), text.size()};
}

Status SetInt(const FieldInfo& field, std::string_view cell, capnp::DynamicStruct::Builder record) {
  int64_t value = 0;
  if (field.money) {
    TNT_ASSIGN_OR_RETURN(value, ParseHundredths(cell));
  } else if (!ParseWhole(cell, &value)) {
    const std::optional<int64_t> instant =
        field.timestamp ? ParseInstant(cell) : std::optional<int64_t>();
    if (!instant) {
      return Expected(
          field, field.timestamp ? "an ISO-8601 date and time with a zone" : "an integer number");
    }
    value = *instant;
  }
  const IntRange range = RangeOf(field);
  if (value < range.low || value > range.high) return Expected(field, "a number that fits");
  record.set(field.field, capnp::DynamicValue::Reader(value));
  return Status::Ok();
}

Status SetBool(const FieldInfo& field, std::string_view cell,
               capnp::DynamicStruct::Builder record) {
  const std::string word = Lower(cell);
  const bool yes = word == "true" || word == "t" || word == "yes" || word == "1";
  const bool no = word == "false" || word == "f" || word == "no" || word == "0";
  if (!yes && !no) return Expected(field, "true or false");
  record.set(field.field, capnp::DynamicValue::Reader(yes));
  return Status::Ok();
}

Status SetEnum(const FieldInfo& field, std::string_view cell,
               capnp::DynamicStruct::Builder record) {
  const std::string wanted = Lower(cell);
  std::string names;
  for (size_t i = 0; i < field.enum_names.size(); ++i) {
    if (Lower(field.enum_names[i]) == wanted) {
      const auto enumerants = field.field.getType().asEnum().getEnumerants();
      record.set(field.field, capnp::DynamicEnum(enumerants[static_cast<unsigned>(i)]));
      return Status::Ok();
    }
    names += (names.empty() ? "" : ", ") + field.enum_names[i];
  }
  return Expected(field, "one of " + names);
}

void SetTexts(const FieldInfo& field, std::string_view cell, capnp::DynamicStruct::Builder record) {
  std::vector<std::string> items;
  if (Trimmed(cell).starts_with('[')) {
    items = TextItems(cell);
  } else {
    for (std::string_view rest = cell; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view item = Trimmed(rest.substr(0, comma));
      if (!item.empty()) items.emplace_back(item);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  auto list =
      record.init(field.field, static_cast<unsigned>(items.size())).as<capnp::DynamicList>();
  for (unsigned i = 0; i < items.size(); ++i) {
    list.set(i, capnp::DynamicValue::Reader(TextOf(items[i])));
  }
}

Status SetStructs(const FieldInfo& field, std::string_view cell,
                  capnp::DynamicStruct::Builder record) {
  if (!Trimmed(cell).starts_with('[')) return Expected(field, "a JSON array");
  const std::vector<std::string> items = SplitJsonArray(cell);
  auto list =
      record.init(field.field, static_cast<unsigned>(items.size())).as<capnp::DynamicList>();
  for (unsigned i = 0; i < items.size(); ++i) {
    FieldSet sent;
    TNT_RETURN_IF_ERROR(DecodeJson(items[i], *field.shape, Extent::kWhole,
                                   list[i].as<capnp::DynamicStruct>(), &sent));
  }
  return Status::Ok();
}

Status SetText(const FieldInfo& field, std::string_view cell,
               capnp::DynamicStruct::Builder record) {
  const std::string_view document = Trimmed(cell);
  if (!field.json_text.empty()) {
    if (document == "null" || document.empty()) return Status::Ok();
    if (field.json_text == "object" && !document.starts_with('{')) {
      return Expected(field, "a JSON object");
    }
    if (field.json_text == "array" && !document.starts_with('[')) {
      return Expected(field, "a JSON array");
    }
  }
  record.set(field.field, capnp::DynamicValue::Reader(TextOf(std::string(cell))));
  return Status::Ok();
}

}  // namespace

Result<int64_t> ParseHundredths(std::string_view text) {
  double amount = 0;
  if (!ParseWhole(Trimmed(text), &amount) || !std::isfinite(amount) ||
      std::abs(amount) > kMoneyMax) {
    return InvalidArgument("an amount must be a decimal number");
  }
  return RoundToHundredths(amount);
}

Status SetCell(const FieldInfo& field, std::string_view cell,
               capnp::DynamicStruct::Builder record) {
  switch (field.type) {
    case FieldType::kText:
      return SetText(field, cell, record);
    case FieldType::kInt:
      return SetInt(field, Trimmed(cell), record);
    case FieldType::kBool:
      return SetBool(field, Trimmed(cell), record);
    case FieldType::kEnum:
      return SetEnum(field, Trimmed(cell), record);
    case FieldType::kTextList:
      SetTexts(field, cell, record);
      return Status::Ok();
    case FieldType::kStructList:
      return SetStructs(field, cell, record);
    case FieldType::kFloat: {
      double value = 0;
      if (!ParseWhole(Trimmed(cell), &value) || !std::isfinite(value)) {
        return Expected(field, "a number");
      }
      record.set(field.field, capnp::DynamicValue::Reader(value));
      return Status::Ok();
    }
    default:
      return Expected(field, "left out: it cannot be given as a cell");
  }
}

std::string FormatCell(const FieldInfo& field, capnp::DynamicStruct::Reader record, bool* is_null) {
  const FieldAccess access(record);
  *is_null = access.IsNull(field);
  std::string out;
  if (*is_null) return out;
  switch (field.type) {
    case FieldType::kText:
      return std::string(access.Text(field));
    case FieldType::kInt:
      if (field.timestamp) {
        AppendInstant(&out, access.Int(field));
      } else if (field.money) {
        AppendJsonMoney(&out, access.Int(field));
      } else {
        AppendJsonInt(&out, access.Int(field));
      }
      return out;
    case FieldType::kBool:
      return access.Bool(field) ? "true" : "false";
    case FieldType::kFloat:
      AppendJsonNumber(&out, access.Float(field));
      return out;
    case FieldType::kEnum: {
      const auto value = static_cast<size_t>(access.Int(field));
      return value < field.enum_names.size() ? field.enum_names[value] : out;
    }
    case FieldType::kTextList:
      out = "[";
      for (const auto item : record.get(field.field).as<capnp::DynamicList>()) {
        if (out.size() > 1) out += ",";
        const auto text = item.as<capnp::Text>();
        AppendJsonString(&out, {text.begin(), text.size()});
      }
      return out + "]";
    case FieldType::kStructList:
      out = "[";
      for (const auto item : record.get(field.field).as<capnp::DynamicList>()) {
        if (out.size() > 1) out += ",";
        out += "{";
        AppendJsonMembers(&out, *field.shape, item.as<capnp::DynamicStruct>());
        out += "}";
      }
      return out + "]";
    default:
      *is_null = true;
      return out;
  }
}

}  // namespace tenantry::codec
