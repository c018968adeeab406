#pragma once
// Store check: whether the raw rows of a data folder agree with each other: every record decodes, has exactly the index
// rows that the catalog derives from it, and no index row lacks its record (INV-5).

#include <cstdint>
#include <string>
#include <vector>

namespace tenantry {

struct StoreReport {
  uint64_t records = 0;
  uint64_t index_rows = 0;
  std::vector<std::string> problems;  // At most twenty, each naming space and collection.
};

// Opens DIRECTORY/store, which no process may be using.
StoreReport CheckStore(const std::string& data_directory);

}  // namespace tenantry
