#include "tools/tenantry/folder_restore.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/random.h"

namespace tenantry::tools {
namespace {

constexpr char kBuilding[] = ".restoring";
constexpr char kReplaced[] = ".replaced-";

// DIR without slashes at its end, so that names can be added to it.
std::string Plain(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Status Build(const std::string& folder, const std::vector<dump::OpenDump>& dumps,
             const FolderRestore& wanted) {
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  EngineOptions options;
  options.directory = folder;
  options.clock = &clock;
  options.random = &random;
  options.files = &files;
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::Open(options));
  const dump::TenantRestore& tenant = wanted.tenant;
  if (tenant.tenant.empty() && tenant.as.empty()) {
    return dump::RestoreAll(*engine, dumps, wanted.options);
  }
  return dump::RestoreTenant(*engine, dumps, tenant, wanted.options).status();
}

// Moves what is at `data` aside, under a number that is not taken.
Result<std::string> MoveAside(FileSystem& files, const std::string& data) {
  for (int64_t number = SystemClock().NowUnixMs() / 1000;; ++number) {
    std::string aside = data + kReplaced + std::to_string(number);
    TNT_ASSIGN_OR_RETURN(const bool taken, files.Exists(aside));
    if (taken) continue;
    TNT_RETURN_IF_ERROR(files.Rename(data, aside));
    return aside;
  }
}

}  // namespace

Result<bool> HoldsData(const std::string& data) {
  PosixFileSystem files;
  TNT_ASSIGN_OR_RETURN(const bool identity, files.Exists(data + "/IDENTITY"));
  if (identity) return true;
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(data));
  if (!exists) return false;
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(data));
  if (names.empty()) return false;
  return InvalidArgument(data + " holds files but is no data folder; name an empty or new one");
}

Result<std::string> RestoreFolder(const std::vector<dump::OpenDump>& dumps,
                                  const FolderRestore& wanted) {
  PosixFileSystem files;
  const std::string data = Plain(wanted.data);
  const std::string building = data + kBuilding;
  TNT_ASSIGN_OR_RETURN(const bool holds, HoldsData(data));
  if (holds && !wanted.replace) {
    return AlreadyExists(data + " holds data; --replace restores over it and keeps it aside");
  }
  // Held until the new folder has the name, so that no server starts in between.
  std::optional<FolderLock> lock;
  if (holds) {
    TNT_ASSIGN_OR_RETURN(FolderLock held, FolderLock::Acquire(data));
    lock.emplace(std::move(held));
  }
  std::error_code ignored;
  std::filesystem::remove_all(building, ignored);
  const Status built = Build(building, dumps, wanted);
  if (!built.ok()) {
    std::filesystem::remove_all(building, ignored);
    return built;
  }
  std::string aside;
  if (holds) {
    TNT_ASSIGN_OR_RETURN(aside, MoveAside(files, data));
  }
  TNT_RETURN_IF_ERROR(files.Rename(building, data));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(ParentOf(data)));
  return aside;
}

Result<SwappedFolders> UndoFolderRestore(const std::string& folder) {
  PosixFileSystem files;
  const std::string data = Plain(folder);
  const std::string parent = ParentOf(data);
  const std::string prefix = std::filesystem::path(data).filename().string() + kReplaced;
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(parent));
  int64_t newest = -1;
  for (const std::string& name : names) {
    int64_t number = 0;
    if (!name.starts_with(prefix)) continue;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    newest = std::max(newest, number);
  }
  if (newest < 0) return NotFound("nothing is kept that a restore of " + data + " replaced");
  TNT_ASSIGN_OR_RETURN(const FolderLock lock, FolderLock::Acquire(data));
  std::string former = data + kReplaced + std::to_string(newest);
  TNT_ASSIGN_OR_RETURN(std::string aside, MoveAside(files, data));
  TNT_RETURN_IF_ERROR(files.Rename(former, data));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(parent));
  return SwappedFolders{std::move(former), std::move(aside)};
}

}  // namespace tenantry::tools
