// Effects of commands, as the log and replication carry them. Claim: bytes decode to effects that
// encode to the same effects again, or are corruption.

#include <cstddef>
#include <cstdint>

#include "engine/base/check.h"
#include "engine/log/write_set.h"

using tenantry::Result;
using tenantry::StatusCode;
using tenantry::log::Effect;
using tenantry::log::WriteSet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  size_t visited = 0;
  const tenantry::Status visit =
      tenantry::log::VisitWriteSet(bytes, [&visited](const Effect&) { ++visited; });
  const Result<WriteSet> set = WriteSet::Decode(bytes);
  if (!set.ok()) {
    TNT_CHECK(set.status().code() == StatusCode::kCorruption);
    return 0;
  }
  TNT_CHECK(visit.ok());
  TNT_CHECK(set->count() == visited);
  const std::string encoded = set->Encode();
  TNT_CHECK(encoded.size() == set->bytes());
  const Result<WriteSet> again = WriteSet::Decode(encoded);
  TNT_CHECK(again.ok());
  const std::vector<Effect> first = set->ops();
  const std::vector<Effect> second = again->ops();
  TNT_CHECK(first.size() == second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    TNT_CHECK(first[i].kind == second[i].kind);
    TNT_CHECK(first[i].key == second[i].key);
    TNT_CHECK(first[i].value == second[i].value);
  }
  return 0;
}
