// Bodies from the network. Claim: every body is answered with fields or messages, and what was
// taken is written as JSON that is taken again.

#include <cstddef>
#include <cstdint>

#include "engine/base/check.h"
#include "engine/codec/json_in.h"
#include "engine/codec/json_out.h"
#include "tests/engine/codec/test_records.capnp.h"

using tenantry::Result;
using tenantry::StatusCode;
using tenantry::codec::Input;
using tenantry::test::PatchInput;
using tenantry::test::SampleInput;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const Result<Input<SampleInput>> strict = Input<SampleInput>::Decode(body);
  if (!strict.ok()) TNT_CHECK(strict.status().code() == StatusCode::kInvalidArgument);

  const Result<Input<PatchInput>> patch = Input<PatchInput>::Decode(body);
  if (!patch.ok()) {
    TNT_CHECK(patch.status().code() == StatusCode::kInvalidArgument);
    return 0;
  }
  std::string json;
  tenantry::codec::AppendObject<PatchInput>(&json, **patch);
  const Result<Input<PatchInput>> again = Input<PatchInput>::Decode(json);
  if (!again.ok()) {
    // A document taken from a string may be as deep as a body, and lies one level deeper when
    // written as it is.
    TNT_CHECK(again.status().message() == "the JSON body is nested too deeply");
  }
  return 0;
}
