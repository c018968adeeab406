#pragma once
// KindSizes: how many rows and bytes each kind of key takes in the store's files, so that indexes can be told from records.
//
// Shape    RocksDB calls a collector for every row of a table file it writes; the sums are stored as a property of that file
//          and added up over the live files on request.
// Units    bytes of keys and values before compression; rows that wait in memory are not in a file yet.
// Errors   a file without the property (written by an older version) counts nothing.
// Threads  any.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace rocksdb {
class DB;
class TablePropertiesCollectorFactory;
}  // namespace rocksdb

namespace tenantry::store {

struct KindSize {
  std::string_view kind;  // "meta", "record", "unique", "index", "counter", "sketch".
  uint64_t rows = 0;
  uint64_t bytes = 0;
};
inline constexpr size_t kKeyKinds = 6;

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> MakeKindCollectorFactory();
std::array<KindSize, kKeyKinds> ReadKindSizes(rocksdb::DB* db);

}  // namespace tenantry::store
