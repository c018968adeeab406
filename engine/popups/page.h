#pragma once
// Page: a slice of an index, in its order. Skipped rows cost a key each, not a record.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/space_reader.h"

namespace tenantry::popups {

struct Page {
  uint32_t offset = 0;
  uint32_t limit = 100;
};

// Records of `range` whose primary key is one text, the shape of every listed record of this
// module.
template <class T>
Result<std::vector<codec::Stored<T>>> ReadPage(const SpaceReader& reader, const IndexRange& range,
                                               const Page& page) {
  std::vector<std::string> ids;
  uint32_t skipped = 0;
  TNT_RETURN_IF_ERROR(
      reader.ScanIndexKeys(schema::CollectionOf<T>(), range, [&](std::string_view primary_key) {
        if (skipped < page.offset) {
          ++skipped;
          return true;
        }
        if (ids.size() >= page.limit) return false;
        std::string id;
        TNT_CHECK(keys::TakeText(&primary_key, &id));
        ids.push_back(std::move(id));
        return ids.size() < page.limit;
      }));
  std::vector<codec::Stored<T>> records;
  records.reserve(ids.size());
  for (const std::string& id : ids) {
    TNT_ASSIGN_OR_RETURN(codec::Stored<T> record, reader.Get<T>({std::string_view(id)}));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace tenantry::popups
