#include "replication/checkpoint_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/log/segment_log.h"

namespace tenantry::replication {
namespace {

// A copy that was cut may go on this long afterwards; the files and the log behind them are kept as long.
constexpr int64_t kUnusedMs = 5 * 60'000;
// A new copy of something older than this would only have more log to catch up with.
constexpr int64_t kFreshMs = 10 * 60'000;

std::string FormatId(uint64_t id) {
  std::string bytes;
  AppendBig64(&bytes, id);
  return FormatHex(bytes);
}

// Tables and their list; not what a process that has them open keeps beside them.
bool IsCopied(const std::string& name) {
  return name.ends_with(".sst") || name == "CURRENT" || name.starts_with("MANIFEST-") ||
         name.starts_with("OPTIONS-");
}

void RemoveAll(const std::string& folder) {
  std::error_code failed;  // What stays is removed by the next start.
  std::filesystem::remove_all(folder, failed);
}

}  // namespace

CheckpointSource::CheckpointSource(Engine& engine, std::function<void()> wake)
    : engine_(engine), root_(engine.directory() + "/checkpoints"), wake_(std::move(wake)) {
  RemoveAll(root_);
}

CheckpointSource::~CheckpointSource() {
  stop_.store(true, std::memory_order_release);
  Drop();
}

std::optional<uint64_t> CheckpointSource::pinned_index() const {
  return folder_.empty() ? std::nullopt : std::optional(pinned_);
}

uint64_t CheckpointSource::total_bytes() const {
  uint64_t bytes = 0;
  if (ready_) {
    for (const ManifestFile& file : ready_->files) bytes += file.bytes;
  }
  return bytes;
}

void CheckpointSource::Drop() {
  if (running_) thread_.Join();
  running_ = false;
  finished_.store(false, std::memory_order_release);
  open_files_.clear();
  ready_.reset();
  made_.reset();
  if (!folder_.empty()) RemoveAll(root_);
  folder_.clear();
}

void CheckpointSource::DropUnused(int64_t now_ms) {
  const bool busy = running_ && !finished_.load(std::memory_order_acquire);
  if (!folder_.empty() && !busy && now_ms - used_ms_ > kUnusedMs) Drop();
}

Result<std::shared_ptr<const Manifest>> CheckpointSource::Prepare(uint64_t known_id,
                                                                  int64_t now_ms) {
  used_ms_ = now_ms;
  if (running_ && finished_.load(std::memory_order_acquire)) {
    thread_.Join();
    running_ = false;
    if (!made_status_.ok()) {
      const Status failed = made_status_;
      Drop();
      return failed;
    }
    ready_ = std::move(made_);
  }
  const bool stale = ready_ && ready_->checkpoint_id != known_id && now_ms - made_ms_ > kFreshMs;
  if (stale) Drop();
  if (!folder_.empty()) return ready_;
  uint64_t id = 0;
  while (id == 0) id = engine_.random().Next64();
  folder_ = root_ + "/" + FormatId(id);
  made_ms_ = now_ms;
  // The copy will hold at least this; what was applied is never taken back.
  pinned_ = engine_.released_index();
  running_ = true;
  thread_ = Thread("tnt-checkpoint", [this, id, folder = folder_] {
    made_status_ = Make(id, folder);
    finished_.store(true, std::memory_order_release);
    wake_();
  });
  return ready_;
}

Status CheckpointSource::Make(uint64_t id, const std::string& folder) {
  FileSystem& files = engine_.files();
  TNT_RETURN_IF_ERROR(files.MakeDirectories(root_));
  TNT_ASSIGN_OR_RETURN(const uint64_t index, engine_.MakeCheckpoint(folder));
  auto manifest = std::make_shared<Manifest>();
  manifest->ready = true;
  manifest->checkpoint_id = id;
  manifest->cluster_id = engine_.cluster_id();
  manifest->epochs = engine_.node().epochs();
  manifest->applied.position = {manifest->epochs.EpochOf(index), index};
  TNT_ASSIGN_OR_RETURN(manifest->applied.chain, engine_.log().ChainAt(index));
  manifest->chunk_bytes = kChunkBytes;
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  for (const std::string& name : names) {
    if (IsCopied(name)) TNT_RETURN_IF_ERROR(AddFile(folder, name, manifest.get()));
  }
  made_ = std::move(manifest);
  return Status::Ok();
}

Status CheckpointSource::AddFile(const std::string& folder, const std::string& name,
                                 Manifest* manifest) {
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                       engine_.files().Open(folder + "/" + name, OpenMode::kRead));
  ManifestFile& entry = manifest->files.emplace_back();
  entry.name = name;
  TNT_ASSIGN_OR_RETURN(entry.bytes, file->Size());
  std::string buffer(kChunkBytes, '\0');
  for (uint64_t at = 0; at < entry.bytes; at += kChunkBytes) {
    if (stop_.load(std::memory_order_acquire)) return Unavailable("stopping");
    TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(at, buffer.data(), buffer.size()));
    entry.chunks.push_back(Hash128Of(std::string_view(buffer).substr(0, got)));
  }
  return Status::Ok();
}

Result<Chunk> CheckpointSource::Read(const ChunkRequest& request, int64_t now_ms) {
  Chunk chunk;
  chunk.file = request.file;
  chunk.chunk = request.chunk;
  if (!ready_ || ready_->checkpoint_id != request.checkpoint_id) return chunk;
  used_ms_ = now_ms;
  const bool exists = request.file < ready_->files.size() &&
                      request.chunk < ready_->files[request.file].chunks.size();
  if (!exists) return Corruption("a request for a chunk that is in no file");
  const ManifestFile& entry = ready_->files[request.file];
  std::unique_ptr<File>& file = open_files_[request.file];
  if (!file) {
    TNT_ASSIGN_OR_RETURN(file, engine_.files().Open(folder_ + "/" + entry.name, OpenMode::kRead));
  }
  const uint64_t at = uint64_t{request.chunk} * kChunkBytes;
  chunk.bytes.resize(static_cast<size_t>(std::min<uint64_t>(kChunkBytes, entry.bytes - at)));
  TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(at, chunk.bytes.data(), chunk.bytes.size()));
  chunk.bytes.resize(got);
  chunk.found = true;
  return chunk;
}

}  // namespace tenantry::replication
