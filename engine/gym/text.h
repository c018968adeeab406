#pragma once
// Text: between Cap'n Proto's texts and the standard library's.

#include <string>
#include <string_view>

#include <capnp/blob.h>

#include "engine/codec/text_view.h"

namespace tenantry::gym {

using codec::String;
using codec::View;

// Cap'n Proto wants a terminating zero, which a view cannot promise.
inline capnp::Text::Reader Text(const std::string& text) {
  return {text.c_str(), text.size()};
}

}  // namespace tenantry::gym
