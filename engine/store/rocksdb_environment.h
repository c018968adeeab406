#pragma once
// StoreEnvironment: lets a test put RocksDB on a file system of its own. The one header of this folder that names RocksDB.

#include <rocksdb/env.h>

#include <memory>

namespace tenantry::store {

struct StoreEnvironment {
  std::unique_ptr<rocksdb::Env> env;
};

}  // namespace tenantry::store
