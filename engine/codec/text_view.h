#pragma once
// Text views: what Cap'n Proto's texts look like to the standard library. The one such pair; the modules take it from here.

#include <string>
#include <string_view>

#include <capnp/blob.h>

namespace tenantry::codec {

inline std::string_view View(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}
inline std::string String(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

}  // namespace tenantry::codec
