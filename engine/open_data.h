#pragma once
// OpenData: the steps of Engine::Open that bring a data folder into order: its identity, its store, and the replay of the log.
//
// Errors   kCorruption names the file or entry and what to do about it.
// Threads  the thread that opens the engine.
// Source   docs/architecture.md, INV-4.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/engine.h"

namespace tenantry {

namespace store {
class Store;
struct StoreOptions;
}  // namespace store

// Which cluster the folder's log belongs to. Written once.
Result<uint64_t> EnsureClusterId(const EngineOptions& options);

// Opens the store. One that is damaged is set aside and made anew from the log, as long as the log still begins at entry 1:
// then nothing is lost but the time.
Result<std::unique_ptr<store::Store>> OpenStore(const store::StoreOptions& options,
                                                const log::SegmentLog& log, FileSystem& files,
                                                int64_t now_unix_ms);

// Brings the store up to the end of the log, or to `last` when that comes before.
Status Replay(const log::SegmentLog& log, store::Store& store, uint64_t last);

// Hands over what the log holds behind `applied`, in small groups.
Status HandOverUnconfirmed(const log::SegmentLog& log, uint64_t applied,
                           const std::function<void(std::vector<log::Entry>)>& adopt);

}  // namespace tenantry
