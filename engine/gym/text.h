#pragma once
// Text: between Cap'n Proto's texts and the standard library's.

#include <string>
#include <string_view>

#include <capnp/blob.h>

namespace tenantry::gym {

inline std::string_view View(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}
inline std::string String(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}
// Cap'n Proto wants a terminating zero, which a view cannot promise.
inline capnp::Text::Reader Text(const std::string& text) {
  return {text.c_str(), text.size()};
}

}  // namespace tenantry::gym
