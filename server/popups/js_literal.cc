#include "server/popups/js_literal.h"

#include <cstdint>

namespace tenantry::server::popups {
namespace {

// Takes one code point off the front; false for anything that is not shortest-form UTF-8.
bool TakeCodePoint(std::string_view* text, uint32_t* point) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>((*text)[i]); };
  const uint8_t head = byte(0);
  const size_t length = head < 0x80 ? 1 : head < 0xE0 ? 2 : head < 0xF0 ? 3 : 4;
  if ((head >= 0x80 && head < 0xC2) || head > 0xF4 || text->size() < length) return false;
  *point = length == 1 ? head : head & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return false;
    *point = *point << 6 | (byte(i) & 0x3Fu);
  }
  text->remove_prefix(length);
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = *point >= 0xD800 && *point <= 0xDFFF;
  return *point >= kLeast[length] && *point <= 0x10FFFF && !surrogate;
}

void AppendUnit(std::string* out, uint32_t unit) {
  constexpr char kDigits[] = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kDigits[unit >> shift & 0xF]);
}

bool IsPlain(uint32_t point) {
  return (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z') ||
         (point >= 'A' && point <= 'Z') || point == '.' || point == '-' || point == '_' ||
         point == ':' || point == '/';
}

}  // namespace

bool AppendJsLiteral(std::string* out, std::string_view text) {
  if (text.size() > kJsLiteralBytesMax) return false;
  std::string literal = "\"";
  while (!text.empty()) {
    uint32_t point = 0;
    if (!TakeCodePoint(&text, &point)) return false;
    if (IsPlain(point)) {
      literal.push_back(static_cast<char>(point));
    } else if (point < 0x10000) {
      AppendUnit(&literal, point);
    } else {
      AppendUnit(&literal, 0xD800 + ((point - 0x10000) >> 10));
      AppendUnit(&literal, 0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  literal.push_back('"');
  out->append(literal);
  return true;
}

}  // namespace tenantry::server::popups
