#include "tests/support/store_check.h"

#include <cstring>
#include <set>

#include <capnp/dynamic.h>
#include <capnp/serialize.h>

#include "engine/codec/row_keys.h"
#include "engine/codec/stored.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"
#include "engine/store/store.h"

namespace tenantry {
namespace {

constexpr size_t kProblemsMax = 20;

class Checker {
 public:
  explicit Checker(const KeyReader& reader) : reader_(reader) {}

  StoreReport Run() {
    const keys::Bounds first = keys::SpaceBounds(kDirectorySpace);
    const std::string end(8, '\xFF');
    const std::unique_ptr<Cursor> cursor = reader_.Scan(first.lower, end);
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next())
      Look(cursor->key(), cursor->value());
    if (!cursor->status().ok()) Problem(cursor->status().ToString());
    for (const auto& row : expected_) Problem("missing index row of " + Name(row.first));
    for (const auto& row : actual_) Problem("index row without its record in " + Name(row.first));
    return std::move(report_);
  }

 private:
  void Problem(std::string text) {
    if (report_.problems.size() < kProblemsMax) report_.problems.push_back(std::move(text));
  }

  static std::string Name(std::string_view key) {
    keys::KeyHead head;
    keys::SplitHead(key, &head);
    return "space " + std::to_string(head.space.value()) + ", collection " +
           std::to_string(head.collection);
  }

  // Expected and actual rows cancel out as they are met, so memory holds only what is not matched yet.
  void Meet(std::set<std::pair<std::string, std::string>>* own,
            std::set<std::pair<std::string, std::string>>* other,
            std::pair<std::string, std::string> row) {
    if (other->erase(row) == 0) own->insert(std::move(row));
  }

  void Look(std::string_view key, std::string_view value) {
    keys::KeyHead head;
    if (!keys::SplitHead(key, &head)) return Problem("a key does not split");
    if (head.kind == keys::Kind::kIndex || head.kind == keys::Kind::kUnique) {
      ++report_.index_rows;
      return Meet(&actual_, &expected_, {std::string(key), std::string(value)});
    }
    if (head.kind != keys::Kind::kRecord) return;
    ++report_.records;
    const schema::Collection* collection = schema::FindCollection(head.collection);
    if (collection == nullptr) return Problem("unknown collection: " + Name(key));
    if (value.size() % sizeof(capnp::word) != 0) return Problem("a record is cut: " + Name(key));
    auto words = kj::heapArray<capnp::word>(value.size() / sizeof(capnp::word));
    std::memcpy(words.asBytes().begin(), value.data(), value.size());
    capnp::FlatArrayMessageReader message(words);
    const auto record = message.getRoot<capnp::DynamicStruct>(collection->info->schema);
    const std::string tuple = codec::PrimaryKey(*collection, record);
    if (key != keys::RecordKey(head.space, collection->number, tuple)) {
      return Problem("a record lies under another key: " + Name(key));
    }
    for (codec::IndexRow& row : codec::IndexRows(head.space, *collection, record, tuple, value)) {
      Meet(&expected_, &actual_, {std::move(row.key), std::move(row.value)});
    }
  }

  const KeyReader& reader_;
  StoreReport report_;
  std::set<std::pair<std::string, std::string>> expected_;
  std::set<std::pair<std::string, std::string>> actual_;
};

}  // namespace

StoreReport CheckStore(const std::string& data_directory) {
  store::StoreOptions options;
  options.directory = data_directory + "/store";
  Result<std::unique_ptr<store::Store>> opened = store::Store::Open(options);
  if (!opened.ok()) return {0, 0, {opened.status().ToString()}};
  const std::shared_ptr<const store::Snapshot> snapshot = (*opened)->TakeSnapshot();
  return Checker(snapshot->reader(store::Tier::kDisk)).Run();
}

}  // namespace tenantry
