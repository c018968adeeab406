#pragma once
// RocksDB on a FaultFileSystem, so that the log and RocksDB can lose power on the same disk at the
// same operation.
//
// Threads  any thread.
// Owns     nothing: borrows the disk, which must outlive the file system and every environment made
// from it.

#include <memory>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "tests/crash/fault_file_system.h"

namespace tenantry::crash {

std::shared_ptr<rocksdb::FileSystem> NewRocksDbFaultFileSystem(FaultFileSystem& disk);
// Time and threads are the real ones.
std::unique_ptr<rocksdb::Env> NewRocksDbFaultEnv(FaultFileSystem& disk);

}  // namespace tenantry::crash
