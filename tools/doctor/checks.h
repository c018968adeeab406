#pragma once
// Checks: what makes a server fail later, looked at now. Each check is a function of what it looks at, so that a test can show
// it something broken.
//
// Errors   findings, never statuses: what cannot be looked at is a warning that says so.
// Threads  any.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/file.h"

namespace tenantry::doctor {

enum class Level : uint8_t { kOk, kWarning, kFailure };
std::string_view LevelName(Level level);

struct Finding {
  std::string check;
  Level level = Level::kOk;
  std::string message;  // What is so, and what to do about it.
};

// Open files: a connection each, and the store's.
Finding CheckLimits(uint64_t soft_files, uint64_t hard_files);
// Of this process.
Finding CheckLimits();

// Whether this user may use the data folder.
Finding CheckFolder(const std::string& data);

// Room where the data is.
struct DiskFacts {
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
  bool in_memory = false;  // tmpfs: gone after a restart.
};
Finding CheckDisk(const DiskFacts& disk);
Finding CheckDisk(const std::string& data);

// The log must not be ahead of the clock: new entries would be older than what is there.
Finding CheckClock(int64_t now_unix_ms, int64_t newest_entry_unix_ms, bool synchronized);
Finding CheckClock(FileSystem& files, const Clock& clock, const std::string& data);

// Time zones of gyms come from the system's zone data (TZDIR, else /usr/share/zoneinfo).
Finding CheckZones();

// Whether `HOST:PORT` can be listened on. `serving`: a server answers for the data folder, so it is taken by it.
Finding CheckPort(const std::string& listen, bool serving);

// The newest dump in a folder, by its time of writing; other files do not count. Empty `folder`: not told where.
Finding CheckLastDump(const std::string& folder, int64_t now_unix_ms, int64_t age_max_ms);

// What `admin digest` prints here, and what it printed on another node.
Finding CompareDigests(std::string_view here, std::string_view there);

}  // namespace tenantry::doctor
