#pragma once
// Row keys: primary keys and index rows of a record, computed from the catalog.

#include <string>
#include <vector>

#include <capnp/dynamic.h>

#include "engine/base/ids.h"
#include "engine/schema/catalog.h"

namespace tenantry::codec {

// The encoded primary key tuple of a record.
std::string PrimaryKey(const schema::Collection& collection, capnp::DynamicStruct::Reader record);

struct IndexRow {
  const schema::IndexInfo* index;
  std::string key;  // Whole key, space included.
  std::string
      value;  // Primary key tuple for unique rows, the record for covering ones, else empty.
};

// All index rows that a record has, in catalog order. A unique index over a null field has no row;
// a plain one writes null text like the empty text, and a null integer as the smallest. `bytes` is
// the record as it is stored; who asks for the keys alone may leave it out.
std::vector<IndexRow> IndexRows(SpaceId space, const schema::Collection& collection,
                                capnp::DynamicStruct::Reader record, std::string_view primary_key,
                                std::string_view bytes = {});

}  // namespace tenantry::codec
