#include "tools/doctor/checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "engine/base/host_port.h"
#include "engine/base/time_format.h"
#include "engine/dump/format.h"
#include "engine/gym/local_day.h"
#include "tools/inspect/log_walk.h"

namespace tenantry::doctor {
namespace {

// A thousand connections, their files, and room.
constexpr uint64_t kFilesWanted = 4096;
constexpr uint64_t kFilesLeast = 1024;
constexpr uint64_t kMib = uint64_t{1} << 20;
// Below this the server refuses writes before long: a few segments and what the store rewrites.
constexpr uint64_t kFreeLeast = 1024 * kMib;
constexpr double kFreeShareWanted = 0.10;
constexpr int64_t kClockSlackMs = 5000;
constexpr int64_t kHourMs = 3'600'000;
constexpr long kTmpfsMagic = 0x01021994;

Finding Ok(std::string check, std::string message) {
  return {std::move(check), Level::kOk, std::move(message)};
}
Finding Warning(std::string check, std::string message) {
  return {std::move(check), Level::kWarning, std::move(message)};
}
Finding Failure(std::string check, std::string message) {
  return {std::move(check), Level::kFailure, std::move(message)};
}

// The first line, and the lines about tenants and the directory in order.
struct Digest {
  std::string position;
  std::vector<std::string> spaces;
};
Digest ParseDigest(std::string_view text) {
  Digest digest;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("position\t")) digest.position = line.substr(line.find('\t') + 1);
    if (line.starts_with("space ")) digest.spaces.push_back(line);
  }
  return digest;
}

bool IsDump(const std::filesystem::path& path) {
  std::array<char, dump::kHeaderMagic.size()> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == dump::kHeaderMagic;
}

}  // namespace

std::string_view LevelName(Level level) {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "warning", "failure"};
  return kNames[static_cast<size_t>(level)];
}

Finding CheckLimits(uint64_t soft_files, uint64_t hard_files) {
  const std::string have = fmt::format("{} open files, at most {}", soft_files, hard_files);
  // The server raises the soft limit by itself.
  if (hard_files < kFilesLeast) {
    return Failure("limits", have + "; raise LimitNOFILE of the service to 65536");
  }
  if (hard_files < kFilesWanted) {
    return Warning("limits",
                   have + "; 4096 and more carry a thousand connections: LimitNOFILE=65536");
  }
  return Ok("limits", have);
}

Finding CheckLimits() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Warning("limits", "cannot be read");
  return CheckLimits(limit.rlim_cur, limit.rlim_max);
}

Finding CheckDisk(const DiskFacts& disk) {
  const double share = disk.total_bytes == 0 ? 0
                                             : static_cast<double>(disk.free_bytes) /
                                                   static_cast<double>(disk.total_bytes);
  const std::string have =
      fmt::format("{} MiB free, {:.0f} %", disk.free_bytes / kMib, share * 100);
  if (disk.free_bytes < kFreeLeast) {
    return Failure("disk", have + "; below 1024 MiB writes are refused before long: make room");
  }
  if (disk.in_memory) {
    return Failure("disk", "the data folder is in memory (tmpfs): a restart loses it");
  }
  if (share < kFreeShareWanted)
    return Warning("disk", have + "; make room, or move to a larger disk");
  return Ok("disk", have);
}

Finding CheckFolder(const std::string& data) {
  for (const std::string& path : {data, data + "/log", data + "/store", data + "/LOCK"}) {
    std::error_code ignored;
    if (path != data && !std::filesystem::exists(path, ignored)) continue;  // Not made yet.
    if (::faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) == 0) continue;
    return Failure("folder",
                   fmt::format("{}: {}; run this and the server as the user who owns the folder",
                               path, std::strerror(errno)));
  }
  return Ok("folder", data + " can be read and written");
}

Finding CheckDisk(const std::string& data) {
  struct statfs facts {};
  if (::statfs(data.c_str(), &facts) != 0) {
    return Failure("disk", fmt::format("{}: {}", data, std::strerror(errno)));
  }
  const auto block = static_cast<uint64_t>(facts.f_bsize);
  return CheckDisk({.free_bytes = block * facts.f_bavail,
                    .total_bytes = block * facts.f_blocks,
                    .in_memory = facts.f_type == kTmpfsMagic});
}

Finding CheckClock(int64_t now_unix_ms, int64_t newest_entry_unix_ms, bool synchronized) {
  if (newest_entry_unix_ms > now_unix_ms + kClockSlackMs) {
    return Failure(
        "clock",
        fmt::format("it is {} here, but the newest entry of the log is of {}: set the clock",
                    FormatInstant(now_unix_ms), FormatInstant(newest_entry_unix_ms)));
  }
  if (!synchronized) {
    return Warning("clock", "the system says that nothing keeps it right; run an NTP client");
  }
  return Ok("clock", FormatInstant(now_unix_ms));
}

Finding CheckClock(FileSystem& files, const Clock& clock, const std::string& data) {
  int64_t newest_ms = INT64_MIN;
  const Result<std::vector<std::string>> segments = inspect::SegmentPaths(files, data);
  if (!segments.ok()) return Warning("clock", std::string(segments.status().message()));
  if (!segments->empty()) {
    const Status walked =
        inspect::WalkSegment(files, segments->back(),
                             [&newest_ms](const log::EntryView& entry, const inspect::EntryPlace&) {
                               newest_ms = entry.header.time_unix_ms;
                               return true;
                             });
    if (!walked.ok()) return Warning("clock", std::string(walked.message()));
  }
  timex state{};
  const bool synchronized = adjtimex(&state) != TIME_ERROR;
  return CheckClock(clock.NowUnixMs(), newest_ms, synchronized);
}

Finding CheckZones() {
  for (const std::string_view zone : {"America/New_York", "Africa/Nairobi", "Asia/Kolkata"}) {
    if (!gym::IsTimeZone(zone)) {
      return Failure("zones", fmt::format("no zone data for {}: install the package tzdata", zone));
    }
  }
  return Ok("zones", "zone data is there");
}

Finding CheckPort(const std::string& listen, bool serving) {
  const Result<HostPort> at = SplitHostPort(listen);
  if (!at.ok()) return Failure("port", std::string(at.status().message()));
  if (serving) return Ok("port", "a server runs on the data folder");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(at->host.c_str(), at->port.c_str(), &hints, &found);
      error != 0) {
    return Failure("port", fmt::format("{}: {}", listen, gai_strerror(error)));
  }
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound =
      fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  freeaddrinfo(found);
  if (bound) return Ok("port", listen + " is free");
  return Failure(
      "port", fmt::format("{}: {}; stop what listens there, or name another with --listen", listen,
                          std::strerror(error)));
}

Finding CheckLastDump(const std::string& folder, int64_t now_unix_ms, int64_t age_max_ms) {
  if (folder.empty()) {
    return Warning("dump", "not looked for: say where dumps are kept with --dumps");
  }
  std::error_code error;
  int64_t newest_ms = INT64_MIN;
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::error_code ignored;
    if (!entry.is_regular_file(ignored) || !IsDump(entry.path())) continue;
    const auto written = std::chrono::file_clock::to_sys(entry.last_write_time(ignored));
    const int64_t written_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(written.time_since_epoch()).count();
    if (written_ms <= newest_ms) continue;
    newest_ms = written_ms;
    newest = entry.path().filename().string();
  }
  if (error) return Failure("dump", fmt::format("{}: {}", folder, error.message()));
  if (newest.empty()) {
    return Failure("dump", folder + " holds no dump; `tenantry admin dump` makes one");
  }
  const int64_t hours = (now_unix_ms - newest_ms) / kHourMs;
  const std::string have = fmt::format("{} is {} hours old", newest, hours);
  if (now_unix_ms - newest_ms > age_max_ms) {
    return Failure("dump", have + "; look at what should dump daily");
  }
  return Ok("dump", have);
}

Finding CompareDigests(std::string_view here, std::string_view there) {
  const Digest ours = ParseDigest(here);
  const Digest theirs = ParseDigest(there);
  if (theirs.position.empty()) {
    return Failure("replica", "the other node's file is not what `admin digest` prints");
  }
  if (ours.position != theirs.position) {
    return Warning("replica",
                   fmt::format("this node is at {}, the other was at {}: digests compare "
                               "at one position, while nothing is written",
                               ours.position, theirs.position));
  }
  if (ours.spaces == theirs.spaces) return Ok("replica", "the same at " + ours.position);
  std::string first = "another number of tenants";
  const auto [mine, other] = std::mismatch(ours.spaces.begin(), ours.spaces.end(),
                                           theirs.spaces.begin(), theirs.spaces.end());
  if (mine != ours.spaces.end()) first = *mine;
  std::replace(first.begin(), first.end(), '\t', ' ');
  return Failure("replica",
                 fmt::format("nodes differ at {}: {}; rebuild the follower", ours.position, first));
}

}  // namespace tenantry::doctor
