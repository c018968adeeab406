#pragma once
// FormatVersion: which version of the entries' contents a cluster writes. A program writes the version that the cluster agreed on,
// and reads all that it knows, so that nodes can be upgraded, and taken back, one by one. `tenantry admin finalize` raises the
// cluster's version once every listed node knows the next.
//
// Source   docs/replication.md#upgrading-a-cluster, docs/file-formats.md.

#include <cstdint>

#include "engine/engine.h"

namespace tenantry::replication {

// The newest that this program knows. Version 1: everything so far.
inline constexpr uint32_t kFormatVersionMax = 1;

// What the cluster agreed on; 1 while nobody raised it.
Result<uint32_t> ClusterFormatVersion(const Engine& engine);
// Raises it, never lowers it; waits until that is released.
Status RaiseClusterFormatVersion(Engine& engine, uint32_t version);

}  // namespace tenantry::replication
