#pragma once
// CommandObserver: hears what commands change in the tenants that asked for it (SpaceWriter::SetObserved), and may add to
// their entries. Webhooks stand on it: an event exists exactly when the command that caused it happened.
//
//   Describe   at each written record: appends what is worth telling to the command's notes, or nothing
//   Conclude   once an accepted plan has notes: writes, within the same entry
//
// Rules    both run inside the partition and maybe more than once per command: no state, no other reads than through `tx`.
//          What Conclude writes is described too, into notes that nobody reads.
// Errors   Conclude: refuses the whole command.
// Threads  any, concurrently.

#include <cstdint>
#include <string>
#include <string_view>

#include <capnp/dynamic.h>

#include "engine/base/status.h"
#include "engine/schema/catalog.h"

namespace tenantry {

class SpaceWriter;

struct RecordChange {
  const schema::Collection& collection;
  const capnp::DynamicStruct::Reader* before;  // Null for a new record.
  const capnp::DynamicStruct::Reader* after;   // Null for an erased one.
  int64_t now_unix_ms;
};

class CommandObserver {
 public:
  virtual ~CommandObserver() = default;
  virtual void Describe(const RecordChange& change, std::string* notes) const = 0;
  virtual Status Conclude(SpaceWriter& tx, std::string_view notes) const = 0;
};

}  // namespace tenantry
