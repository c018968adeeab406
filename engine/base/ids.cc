#include "engine/base/ids.h"

#include <array>

#include "engine/base/bytes.h"

namespace tenantry {
namespace {

constexpr size_t kGymIdChars = 25;
constexpr size_t kUuidChars = 36;

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsDashPlace(size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

}  // namespace

std::string FormatPosition(Position position) {
  return std::to_string(position.epoch) + "." + std::to_string(position.index);
}

std::string NewGymId(Random& random) {
  static constexpr char kAlphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string id = "c";
  id.reserve(kGymIdChars);
  // Twelve base-36 digits fit in 63 bits; the bias of the modulo is below 2^-60.
  for (int half = 0; half < 2; ++half) {
    uint64_t word = random.Next64() >> 1;
    for (int i = 0; i < 12; ++i) {
      id.push_back(kAlphabet[word % 36]);
      word /= 36;
    }
  }
  return id;
}

bool IsGymId(std::string_view text) {
  if (text.size() != kGymIdChars || text.front() != 'c') return false;
  for (const char c : text) {
    if (!IsAlphanumeric(c)) return false;
  }
  return true;
}

std::string NewUuid(Random& random) {
  std::array<char, 16> bytes;
  random.Fill(bytes.data(), bytes.size());
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = FormatHex({bytes.data(), bytes.size()});
  std::string text(kUuidChars, '-');
  size_t at = 0;
  for (const char digit : hex) {
    if (IsDashPlace(at)) ++at;
    text[at++] = digit;
  }
  return text;
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidChars) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (IsDashPlace(i) ? text[i] != '-' : !IsHex(text[i])) return false;
  }
  return true;
}

}  // namespace tenantry
