// Stored records. Claim: bytes that Decode accepts can be read, indexed, copied and written again;
// others are corruption.

#include <cstddef>
#include <cstdint>

#include "engine/base/check.h"
#include "engine/codec/json_out.h"
#include "engine/codec/row_keys.h"
#include "engine/codec/stored.h"
#include "tests/engine/codec/test_records.capnp.h"

using tenantry::Result;
using tenantry::SpaceId;
using tenantry::StatusCode;
using tenantry::codec::Draft;
using tenantry::codec::Stored;
using tenantry::test::Sample;

namespace {

std::string JsonOf(const Stored<Sample>& sample) {
  std::string json;
  tenantry::codec::AppendObject<Sample>(&json, *sample);
  return json;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<Stored<Sample>> stored = Stored<Sample>::Decode(bytes);
  if (!stored.ok()) {
    TNT_CHECK(stored.status().code() == StatusCode::kCorruption);
    return 0;
  }
  const std::string json = JsonOf(*stored);
  const tenantry::schema::Collection& collection = tenantry::schema::CollectionOf<Sample>();
  const std::string key = tenantry::codec::PrimaryKey(collection, **stored);
  tenantry::codec::IndexRows(SpaceId(1), collection, **stored, key);

  const Draft<Sample> draft(*stored);
  const Result<Stored<Sample>> again = Stored<Sample>::Decode(draft.Encode());
  TNT_CHECK(again.ok());
  TNT_CHECK(JsonOf(*again) == json);
  TNT_CHECK(tenantry::codec::PrimaryKey(collection, **again) == key);
  return 0;
}
