#pragma once
// Bytes: fixed-width integers and varints in byte strings. Big-endian where bytes must sort like numbers (keys),
// little-endian in file formats. Readers never run past the end: they return false and leave the cursor alone.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tenantry {

template <class T>
void AppendLittle(std::string* out, T value) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T LoadLittle(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
void StoreLittle(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

inline void AppendBig64(std::string* out, uint64_t value) {
  value = __builtin_bswap64(value);
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void AppendBig32(std::string* out, uint32_t value) {
  value = __builtin_bswap32(value);
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void AppendBig16(std::string* out, uint16_t value) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value & 0xFF));
}

inline uint64_t LoadBig64(const char* at) {
  return __builtin_bswap64(LoadLittle<uint64_t>(at));
}
inline uint32_t LoadBig32(const char* at) {
  return __builtin_bswap32(LoadLittle<uint32_t>(at));
}

// LEB128, at most ten bytes.
void AppendVarint(std::string* out, uint64_t value);
// Takes a varint off the front of `in`; false when it is cut short or longer than 64 bits.
bool TakeVarint(std::string_view* in, uint64_t* value);
// Length as varint, then the bytes.
void AppendSized(std::string* out, std::string_view bytes);
bool TakeSized(std::string_view* in, std::string_view* bytes);

// Lower-case hexadecimal, two digits a byte.
std::string FormatHex(std::string_view bytes);
// False unless `text` is an even number of hexadecimal digits of either case.
bool ParseHex(std::string_view text, std::string* bytes);

}  // namespace tenantry
