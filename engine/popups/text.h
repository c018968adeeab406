#pragma once
// Text: small readings of record text that several files of this folder need.

#include <string>
#include <string_view>

#include <capnp/blob.h>

#include "engine/codec/text_view.h"

namespace tenantry::popups {

using codec::View;

inline capnp::Text::Reader ToText(const std::string& text) {
  return capnp::Text::Reader(text.c_str(), text.size());
}

// A to Z only: what makes codes and addresses compare ignoring case.
inline std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace tenantry::popups
