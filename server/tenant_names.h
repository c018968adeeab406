#pragma once
// TenantNames: which tenant a space belongs to, for log lines. Spaces are never reused, so a name once read stays true.
//
// Errors   a name that cannot be read now, or is not stored, is "space-N".
// Threads  each loop has a cache of its own: Of() on the loop it names.
// Owns     its caches, kNamesMax names each. Borrows the engine.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/engine.h"

namespace tenantry::server {

class TenantNames {
 public:
  TenantNames(const Engine& engine, uint32_t loops)
      : engine_(engine), caches_(loops), unnamed_(loops) {}

  // Empty for space 0. The view dies with the next call for that loop.
  std::string_view Of(uint64_t space, uint32_t loop);
  // The same without a cache, from any thread that may wait for a disk or not.
  std::string Read(uint64_t space) const;

 private:
  static constexpr size_t kNamesMax = 10'000;

  const Engine& engine_;
  std::vector<std::unordered_map<uint64_t, std::string>> caches_;
  std::vector<std::string> unnamed_;  // By loop: the last name that could not be read.
};

}  // namespace tenantry::server
