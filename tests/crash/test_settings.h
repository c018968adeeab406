#pragma once
// Test settings: how much a crash test does and from which seed, from the environment, so that one
// binary serves both every test run and a soak.

#include <cstdint>
#include <cstdlib>

namespace tenantry::crash {

// `name` from the environment, or `otherwise` when it is unset or empty.
inline uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace tenantry::crash
