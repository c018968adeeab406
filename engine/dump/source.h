#pragma once
// Source: one published state of a data folder as a dump. Only what cannot be derived is in it: meta rows, records, counters
// and sketches; index rows are made anew by a restore.
//
// Rules    everything comes from one view, so it is the state at one position, however long it takes. Spaces of deleted and
//          replaced tenants are left out, and so is what belongs to this cluster's nodes. A tenant's dump holds its own
//          directory rows, never secrets of the cluster. With `since` it holds what the log says has changed after that.
// Errors   kNotFound for an unknown tenant, or when the log no longer reaches back to `since`; kUnavailable when `report`
//          said to stop; those of the sink.
// Threads  any; the view is pinned meanwhile.

#include <functional>
#include <string>

#include "engine/base/byte_stream.h"
#include "engine/dump/format.h"
#include "engine/engine.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::dump {

struct SourceOptions {
  std::string tenant;  // Empty: all of them.
  Position since;      // Index 0: everything.
  std::string build;   // For the header.
  // Hears rows written, and about how many there will be (0: not known); false ends the dump.
  std::function<bool(uint64_t done, uint64_t total)> report = {};
};

Result<Footer> WriteDump(const Engine& engine, const ReadView& view, const SourceOptions& options,
                         ByteSink& sink);

// The space and record of a tenant of either kind; kNotFound.
struct FoundTenant {
  SpaceId space;
  codec::Stored<schema::Tenant> record;
};
Result<FoundTenant> FindTenant(const SpaceReader& directory, std::string_view id);

// Whether a row of space 0 belongs to this cluster rather than to its data: how far it got, its nodes, spaces on their way out.
bool IsNodeLocal(std::string_view key);

}  // namespace tenantry::dump
