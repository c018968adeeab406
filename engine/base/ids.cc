#include "engine/base/ids.h"

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
  std::string bytes = random.Bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string text = FormatHex(bytes);
  for (const size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
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
