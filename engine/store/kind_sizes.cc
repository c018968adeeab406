#include "engine/store/kind_sizes.h"

#include <rocksdb/db.h>
#include <rocksdb/table_properties.h>

#include "engine/base/bytes.h"
#include "engine/keys/keys.h"

namespace tenantry::store {
namespace {

constexpr char kProperty[] = "tenantry.kind_sizes";
constexpr size_t kBytesPerKind = 2 * sizeof(uint64_t);

constexpr std::array<keys::Kind, kKeyKinds> kKinds = {keys::Kind::kMeta,    keys::Kind::kRecord,
                                                      keys::Kind::kUnique,  keys::Kind::kIndex,
                                                      keys::Kind::kCounter, keys::Kind::kSketch};
constexpr std::array<std::string_view, kKeyKinds> kNames = {"meta",  "record",  "unique",
                                                            "index", "counter", "sketch"};

class Collector final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice& value,
                             rocksdb::EntryType type, rocksdb::SequenceNumber /*sequence*/,
                             uint64_t /*file_size*/) override {
    if (type != rocksdb::kEntryPut || key.size() <= keys::kSpaceBytes) return rocksdb::Status::OK();
    const auto kind = static_cast<keys::Kind>(key[keys::kSpaceBytes]);
    for (size_t i = 0; i < kKeyKinds; ++i) {
      if (kKinds[i] != kind) continue;
      sizes_[i].rows += 1;
      sizes_[i].bytes += key.size() + value.size();
    }
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    std::string bytes;
    for (const KindSize& size : sizes_) {
      AppendLittle(&bytes, size.rows);
      AppendLittle(&bytes, size.bytes);
    }
    properties->emplace(kProperty, std::move(bytes));
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
  const char* Name() const override { return "TenantryKindSizes"; }

 private:
  std::array<KindSize, kKeyKinds> sizes_{};
};

class Factory final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context /*context*/) override {
    return new Collector();
  }
  const char* Name() const override { return "TenantryKindSizes"; }
};

}  // namespace

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> MakeKindCollectorFactory() {
  return std::make_shared<Factory>();
}

std::array<KindSize, kKeyKinds> ReadKindSizes(rocksdb::DB* db) {
  std::array<KindSize, kKeyKinds> sums{};
  for (size_t i = 0; i < kKeyKinds; ++i) sums[i].kind = kNames[i];
  rocksdb::TablePropertiesCollection tables;
  if (!db->GetPropertiesOfAllTables(&tables).ok()) return sums;
  for (const auto& [file, properties] : tables) {
    const auto found = properties->user_collected_properties.find(kProperty);
    if (found == properties->user_collected_properties.end()) continue;
    const std::string& bytes = found->second;
    if (bytes.size() != kKeyKinds * kBytesPerKind) continue;
    for (size_t i = 0; i < kKeyKinds; ++i) {
      const char* const at = bytes.data() + i * kBytesPerKind;
      sums[i].rows += LoadLittle<uint64_t>(at);
      sums[i].bytes += LoadLittle<uint64_t>(at + sizeof(uint64_t));
    }
  }
  return sums;
}

}  // namespace tenantry::store
