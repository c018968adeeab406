#pragma once
// StoreEnvironment: lets a test put RocksDB on a file system of its own. The one header of this folder that names RocksDB.

#include <memory>

#include <rocksdb/env.h>

namespace tenantry::store {

struct StoreEnvironment {
  std::unique_ptr<rocksdb::Env> env;
};

}  // namespace tenantry::store
