#pragma once
// Checksums: XXH3 in the two widths we store. They detect accidents, not tampering.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tenantry {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

uint64_t Hash64(std::string_view bytes);
uint64_t Hash64(std::string_view bytes, uint64_t seed);
Hash128 Hash128Of(std::string_view bytes);

}  // namespace tenantry
