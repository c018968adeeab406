#pragma once
// EngineStats: figures of log, pipeline and store at one moment, for metrics and readiness. Nothing decides by them.
//
// Units    bytes; counts since the process started unless stated.

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/base/ids.h"

namespace tenantry {

// Groups of up to 1, 2, 4, ... 4096 entries, and larger ones.
inline constexpr size_t kGroupSizeBuckets = 14;

struct EngineStats {
  // Log.
  Position end;              // Of the newest durable entry.
  uint64_t first_index = 0;  // Oldest entry still here.
  uint64_t segments = 0;
  uint64_t segment_bytes = 0;  // Size of one segment.
  bool growth_possible = true;

  // Pipeline.
  uint64_t released_index = 0;
  uint64_t pending_bytes = 0;
  uint64_t pending_bytes_max = 0;
  uint64_t groups = 0;
  uint64_t group_entries = 0;
  std::array<uint64_t, kGroupSizeBuckets> group_sizes{};

  // Store.
  uint64_t applied_index = 0;
  uint64_t table_bytes = 0;     // Files.
  uint64_t memtable_bytes = 0;  // Waiting to be flushed.
  uint64_t block_cache_bytes = 0;
  uint64_t block_cache_bytes_max = 0;
  uint64_t table_reader_bytes = 0;  // Index and filter blocks held in memory.
  uint64_t rows_estimate = 0;
  uint64_t compaction_pending_bytes = 0;
  struct Kind {
    std::string_view name;
    uint64_t rows = 0;
    uint64_t bytes = 0;
  };
  std::array<Kind, 6> kinds{};  // By kind of key, in files only.
};

}  // namespace tenantry
