#pragma once
// TextHash: for unordered containers of strings that are asked with views. XXH3 takes half the instructions of the standard
// library's on keys and ids of some forty bytes.

#include <cstddef>
#include <string_view>

#include "engine/base/checksum.h"

namespace tenantry {

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return Hash64(text); }
};

}  // namespace tenantry
