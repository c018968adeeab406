#include "engine/codec/text_rules.h"

#include <algorithm>

namespace tenantry::codec {
namespace {

constexpr size_t kEmailBytesMax = 254;  // RFC 5321: a path of 256 less its angle brackets.
constexpr size_t kLocalBytesMax = 64;
constexpr size_t kLabelBytesMax = 63;

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsLocalPart(std::string_view local) {
  if (local.empty() || local.size() > kLocalBytesMax) return false;
  if (local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  return std::all_of(local.begin(), local.end(), [](char c) {
    return IsAlphanumeric(c) ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  });
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '-'; });
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool IsEmail(std::string_view text) {
  const size_t at = text.find('@');
  if (text.size() > kEmailBytesMax || at == std::string_view::npos) return false;
  if (!IsLocalPart(text.substr(0, at))) return false;
  std::string_view domain = text.substr(at + 1);
  size_t labels = 1;
  for (size_t dot; (dot = domain.find('.')) != std::string_view::npos; ++labels) {
    if (!IsLabel(domain.substr(0, dot))) return false;
    domain.remove_prefix(dot + 1);
  }
  // The rest is the top-level label: two characters or more, and not a number, so addresses like
  // a@10.0.0.1 fail.
  if (labels < 2 || domain.size() < 2 || !IsLabel(domain)) return false;
  return !std::all_of(domain.begin(), domain.end(), IsDigit);
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

}  // namespace tenantry::codec
