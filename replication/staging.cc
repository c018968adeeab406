#include "replication/staging.h"

#include <algorithm>
#include <filesystem>

#include "engine/base/checksum.h"
#include "engine/engine.h"
#include "engine/staged_copy.h"
#include "replication/checkpoint_source.h"

namespace tenantry::replication {
namespace {

constexpr uint64_t kManifestBytesMax = 16u << 20;

std::pair<uint64_t, uint64_t> KeyOf(const Hash128& hash) {
  return {hash.high, hash.low};
}

// What a store's files are called; nothing that leaves the folder.
bool IsPlainName(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), plain);
}

Status RemoveFolder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  return failed ? IoError("cannot remove " + folder + ": " + failed.message()) : Status::Ok();
}

Result<std::unique_ptr<File>> OpenOrCreate(FileSystem& files, const std::string& path) {
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  return files.Open(path, exists ? OpenMode::kReadWrite : OpenMode::kCreate);
}

}  // namespace

Staging::Staging(FileSystem& files, std::string data_directory)
    : files_(files),
      data_directory_(std::move(data_directory)),
      folder_(StagedFolder(data_directory_)) {}

Result<bool> Staging::IsUnderWay(FileSystem& files, const std::string& data_directory) {
  return files.Exists(StagedFolder(data_directory));
}

Result<uint64_t> Staging::CheckpointId() {
  if (manifest_.checkpoint_id != 0) return manifest_.checkpoint_id;
  const std::string path = folder_ + "/MANIFEST";
  TNT_ASSIGN_OR_RETURN(const bool exists, files_.Exists(path));
  if (!exists) return uint64_t{0};
  TNT_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(files_, path, kManifestBytesMax));
  const Result<Message> message = Decode(bytes);
  const Manifest* const manifest = message.ok() ? std::get_if<Manifest>(&*message) : nullptr;
  // One that cannot be read only costs the question for another.
  return manifest == nullptr ? uint64_t{0} : manifest->checkpoint_id;
}

Status Staging::CheckManifest(const Manifest& manifest) const {
  const Status wrong = Corruption("a manifest that describes no store");
  if (manifest.chunk_bytes == 0 || manifest.chunk_bytes > kChunkBytes) return wrong;
  for (const ManifestFile& file : manifest.files) {
    const uint64_t chunks = (file.bytes + manifest.chunk_bytes - 1) / manifest.chunk_bytes;
    if (!IsPlainName(file.name) || chunks != file.chunks.size()) return wrong;
  }
  return manifest.files.empty() ? wrong : Status::Ok();
}

uint64_t Staging::ChunkLength(uint32_t file_number, uint32_t chunk) const {
  const ManifestFile& file = manifest_.files[file_number];
  return std::min<uint64_t>(manifest_.chunk_bytes,
                            file.bytes - uint64_t{chunk} * manifest_.chunk_bytes);
}

// Every whole chunk of the folder, by its hash.
Status Staging::IndexOldChunks(const std::string& folder) {
  TNT_ASSIGN_OR_RETURN(const bool exists, files_.Exists(folder));
  if (!exists) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(folder));
  std::string buffer(kChunkBytes, '\0');
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files_.Open(path, OpenMode::kRead));
    for (uint64_t at = 0;; at += kChunkBytes) {
      TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(at, buffer.data(), buffer.size()));
      if (got == 0) break;
      old_chunks_[KeyOf(Hash128Of(std::string_view(buffer).substr(0, got)))] = {path, at};
    }
  }
  return Status::Ok();
}

Status Staging::Begin(const Manifest& manifest) {
  if (manifest.checkpoint_id == manifest_.checkpoint_id) return Status::Ok();
  TNT_RETURN_IF_ERROR(CheckManifest(manifest));
  const std::string store = folder_ + "/store";
  const std::string old = folder_ + "/old-chunks";
  open_.reset();
  // What is here under an earlier manifest, also when the process stopped right in this function.
  TNT_ASSIGN_OR_RETURN(const bool again, files_.Exists(old));
  if (again) {
    TNT_RETURN_IF_ERROR(IndexOldChunks(store));
  } else {
    TNT_ASSIGN_OR_RETURN(const bool filled, files_.Exists(store));
    if (filled) TNT_RETURN_IF_ERROR(files_.Rename(store, old));
  }
  TNT_RETURN_IF_ERROR(IndexOldChunks(old));
  TNT_RETURN_IF_ERROR(MakeDurableDirectories(files_, store));
  TNT_RETURN_IF_ERROR(ReplaceFile(files_, folder_ + "/MANIFEST", Encode(manifest)));
  manifest_ = manifest;
  here_.clear();
  progress_.total_bytes = progress_.here_bytes = 0;
  for (uint32_t i = 0; i < manifest_.files.size(); ++i) {
    progress_.total_bytes += manifest_.files[i].bytes;
    here_.emplace_back(manifest_.files[i].chunks.size(), false);
    TNT_RETURN_IF_ERROR(TakeOver(i));
  }
  old_chunks_.clear();
  return RemoveFolder(old);
}

// Copies what is here by its hash.
Status Staging::TakeOver(uint32_t file_number) {
  const ManifestFile& file = manifest_.files[file_number];
  std::string buffer;
  for (uint32_t i = 0; i < file.chunks.size(); ++i) {
    const auto found = old_chunks_.find(KeyOf(file.chunks[i]));
    if (found == old_chunks_.end()) continue;
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> old,
                         files_.Open(found->second.first, OpenMode::kRead));
    buffer.resize(static_cast<size_t>(ChunkLength(file_number, i)));
    TNT_ASSIGN_OR_RETURN(const size_t got,
                         old->ReadAt(found->second.second, buffer.data(), buffer.size()));
    if (got != buffer.size() || Hash128Of(buffer) != file.chunks[i]) continue;
    TNT_RETURN_IF_ERROR(Write(file_number, i, buffer));
  }
  return Status::Ok();
}

Status Staging::Write(uint32_t file_number, uint32_t chunk, std::string_view bytes) {
  if (!open_ || open_number_ != file_number) {
    if (open_) TNT_RETURN_IF_ERROR(open_->SyncData());
    TNT_ASSIGN_OR_RETURN(
        open_, OpenOrCreate(files_, folder_ + "/store/" + manifest_.files[file_number].name));
    open_number_ = file_number;
  }
  TNT_RETURN_IF_ERROR(
      open_->WriteAt(uint64_t{chunk} * manifest_.chunk_bytes, std::span(&bytes, 1)));
  here_[file_number][chunk] = true;
  progress_.here_bytes += bytes.size();
  return Status::Ok();
}

std::optional<ChunkRequest> Staging::NextMissing() const {
  for (uint32_t i = 0; i < here_.size(); ++i) {
    const auto missing = std::find(here_[i].begin(), here_[i].end(), false);
    if (missing == here_[i].end()) continue;
    return ChunkRequest{manifest_.checkpoint_id, i,
                        static_cast<uint32_t>(missing - here_[i].begin())};
  }
  return std::nullopt;
}

Status Staging::Put(const Chunk& chunk) {
  const bool asked = chunk.file < here_.size() && chunk.chunk < here_[chunk.file].size();
  if (!asked) return Corruption("a chunk of no file");
  progress_.received_bytes += chunk.bytes.size();
  const bool fits = Hash128Of(chunk.bytes) == manifest_.files[chunk.file].chunks[chunk.chunk];
  if (!fits || here_[chunk.file][chunk.chunk]) progress_.wasted_bytes += chunk.bytes.size();
  if (!fits) {
    return Corruption("chunk " + std::to_string(chunk.chunk) + " of " +
                      manifest_.files[chunk.file].name + " arrived damaged");
  }
  if (here_[chunk.file][chunk.chunk]) return Status::Ok();
  return Write(chunk.file, chunk.chunk, chunk.bytes);
}

Status Staging::Seal() {
  TNT_CHECK(!NextMissing());
  open_.reset();
  std::string buffer(kChunkBytes, '\0');
  for (uint32_t i = 0; i < manifest_.files.size(); ++i) {
    const ManifestFile& entry = manifest_.files[i];
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                         OpenOrCreate(files_, folder_ + "/store/" + entry.name));
    TNT_RETURN_IF_ERROR(file->Truncate(entry.bytes));
    TNT_RETURN_IF_ERROR(file->SyncData());
    for (uint32_t j = 0; j < entry.chunks.size(); ++j) {
      TNT_ASSIGN_OR_RETURN(const size_t got,
                           file->ReadAt(uint64_t{j} * manifest_.chunk_bytes, buffer.data(),
                                        static_cast<size_t>(ChunkLength(i, j))));
      if (Hash128Of(std::string_view(buffer).substr(0, got)) == entry.chunks[j]) continue;
      here_[i][j] = false;
      progress_.here_bytes -= ChunkLength(i, j);
      return Corruption(entry.name + " was damaged on this disk after it arrived");
    }
  }
  TNT_ASSIGN_OR_RETURN(const uint64_t index, CheckpointIndex(folder_ + "/store"));
  if (index != manifest_.applied.position.index) {
    return Corruption("the copied store ends at entry " + std::to_string(index) +
                      " instead of entry " + std::to_string(manifest_.applied.position.index));
  }
  return CommitStagedCopy(files_, data_directory_,
                          {manifest_.applied.position, manifest_.applied.chain, manifest_.epochs});
}

}  // namespace tenantry::replication
