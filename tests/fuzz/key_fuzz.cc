// Keys. Claim: a part that is taken off encodes to exactly the bytes it was taken from, and a
// prefix range holds its key.

#include <cstddef>
#include <cstdint>

#include "engine/base/check.h"
#include "engine/keys/keys.h"

namespace keys = tenantry::keys;

namespace {

void CheckParts(std::string_view rest) {
  while (!rest.empty()) {
    const std::string_view before = rest;
    std::string text;
    int64_t number = 0;
    std::string encoded;
    if (keys::TakeText(&rest, &text)) {
      keys::AppendPart(&encoded, std::string_view(text));
    } else {
      TNT_CHECK(rest == before);
      if (!keys::TakeInt(&rest, &number)) return;
      keys::AppendPart(&encoded, number);
    }
    TNT_CHECK(before.substr(0, before.size() - rest.size()) == encoded);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view key(reinterpret_cast<const char*>(data), size);
  CheckParts(key);
  const std::string end = keys::PrefixEnd(std::string(key));
  TNT_CHECK(end.empty() || end > key);
  keys::KeyHead head;
  if (!keys::SplitHead(key, &head)) return 0;
  const std::string start = keys::SpacePrefix(head.space, head.kind);
  TNT_CHECK(key.starts_with(start));
  TNT_CHECK(keys::PrefixEnd(start).empty() || keys::PrefixEnd(start) > key);
  if (head.kind == keys::Kind::kRecord) {
    TNT_CHECK(keys::RecordKey(head.space, head.collection, head.rest) == key);
  }
  CheckParts(head.rest);
  return 0;
}
