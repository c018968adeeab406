#pragma once
// References: which records other records name, and which record an index row belongs to. Private to engine/dump.
//
// Errors   kCorruption for records that do not decode.
// Threads  stateless.

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace tenantry::dump {

struct NamedRecord {
  std::string field;
  std::string id;
  std::vector<std::string> keys;  // Without the space; one of them must exist.
};

// Of a record; other rows name nothing. Keys are without the space.
Result<std::vector<NamedRecord>> NamedRecords(std::string_view key, std::string_view value);

// The key of the record that an index row leads to; empty when it cannot be read.
std::string RecordOfIndexRow(std::string_view key, std::string_view value);

}  // namespace tenantry::dump
