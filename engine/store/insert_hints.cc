#include "engine/store/insert_hints.h"

#include <rocksdb/slice_transform.h>

#include "engine/keys/keys.h"

namespace tenantry::store {
namespace {

constexpr size_t kIdBytes = 36;  // As most owners have.
// Space, kind, family or half a collection, owner.
constexpr size_t kPrefixBytes = keys::kSpaceBytes + 1 + 1 + kIdBytes;
// A record whose key is two ids and an instant: space, kind, collection, then three parts with their ends.
constexpr size_t kEventKeyBytes = keys::kSpaceBytes + 1 + 2 + (kIdBytes + 2) + 8 + (kIdBytes + 2);

class OwnerPrefix final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "TenantryOwnerPrefix"; }
  bool InDomain(const rocksdb::Slice& key) const override {
    if (key.size() <= kPrefixBytes) return false;
    const auto kind = static_cast<keys::Kind>(key[keys::kSpaceBytes]);
    if (kind == keys::Kind::kRecord) return key.size() == kEventKeyBytes;
    return kind == keys::Kind::kCounter || kind == keys::Kind::kSketch;
  }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), kPrefixBytes};
  }
};

}  // namespace

std::shared_ptr<const rocksdb::SliceTransform> MakeInsertHints() {
  return std::make_shared<const OwnerPrefix>();
}

}  // namespace tenantry::store
