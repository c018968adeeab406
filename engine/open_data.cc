#include "engine/open_data.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/log/reader.h"
#include "engine/log/segment_log.h"
#include "engine/log/write_set.h"
#include "engine/store/store.h"

namespace tenantry {
namespace {

constexpr uint64_t kReplayBatchBytes = 4u << 20;
constexpr uint64_t kReplayProgressEntries = 200'000;
constexpr size_t kHandedEntries = 64;

}  // namespace

Result<uint64_t> EnsureClusterId(const EngineOptions& options) {
  FileSystem& files = *options.files;
  const std::string& directory = options.directory;
  const std::string path = directory + "/IDENTITY";
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(path));
  if (exists) {
    TNT_ASSIGN_OR_RETURN(const std::string content, ReadFile(files, path, 4096));
    std::string bytes;
    constexpr std::string_view kLabel = "cluster ";
    const bool sound = content.size() == kLabel.size() + 17 && content.starts_with(kLabel) &&
                       ParseHex(std::string_view(content).substr(kLabel.size(), 16), &bytes);
    if (!sound)
      return Corruption(path + " is damaged: expected 'cluster' and 16 hexadecimal digits");
    return LoadBig64(bytes.data());
  }
  std::string bytes;
  AppendBig64(&bytes,
              options.new_cluster_id != 0 ? options.new_cluster_id : options.random->Next64() | 1);
  TNT_RETURN_IF_ERROR(ReplaceFile(files, path, "cluster " + FormatHex(bytes) + "\n"));
  return LoadBig64(bytes.data());
}

Status Replay(const log::SegmentLog& log, store::Store& store, uint64_t last) {
  const uint64_t end = std::min(log.end().index, last);
  uint64_t applied = store.applied_index();
  if (applied > log.end().index) {
    return Corruption("the store holds entry " + std::to_string(applied) +
                      " but the log ends at entry " + std::to_string(log.end().index));
  }
  if (applied >= end) return Status::Ok();
  if (log.first_index() > applied + 1) {
    return Corruption("the store ends at entry " + std::to_string(applied) +
                      " but the log begins at entry " + std::to_string(log.first_index()) +
                      "; restore the data folder from a copy");
  }
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader, log.ReadFrom(applied + 1));
  const uint64_t first = applied;
  store::Batch batch;
  uint64_t batch_bytes = 0;
  log::EntryView entry;
  while (applied < end) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
    if (!more) break;
    TNT_RETURN_IF_ERROR(log::VisitWriteSet(entry.payload, [&batch](const log::Effect& effect) {
      effect.kind == log::EffectKind::kPut ? batch.Put(effect.key, effect.value)
                                           : batch.Delete(effect.key);
    }));
    applied = entry.header.index;
    batch_bytes += entry.payload.size();
    if (batch_bytes >= kReplayBatchBytes) {
      TNT_RETURN_IF_ERROR(store.Apply(&batch, applied));
      batch_bytes = 0;
    }
    if ((applied - first) % kReplayProgressEntries == 0) {
      std::fprintf(stderr, "tenantry: replaying the log: entry %llu of %llu\n",
                   static_cast<unsigned long long>(applied), static_cast<unsigned long long>(end));
    }
  }
  if (batch_bytes > 0) TNT_RETURN_IF_ERROR(store.Apply(&batch, applied));
  if (applied != end) return Corruption("the log ended early while it was replayed");
  return Status::Ok();
}

Result<std::unique_ptr<store::Store>> OpenStore(const store::StoreOptions& options,
                                                const log::SegmentLog& log, FileSystem& files,
                                                int64_t now_unix_ms) {
  Result<std::unique_ptr<store::Store>> opened = store::Store::Open(options);
  const bool log_is_whole = log.first_index() == 1 && log.end().index > 0;
  if (opened.ok() || opened.status().code() != StatusCode::kCorruption || !log_is_whole)
    return opened;
  const std::string aside = options.directory + ".damaged-" + std::to_string(now_unix_ms);
  std::fprintf(
      stderr,
      "tenantry: the store does not open (%s); keeping it as %s and rebuilding it from the log\n",
      opened.status().ToString().c_str(), aside.c_str());
  TNT_RETURN_IF_ERROR(files.Rename(options.directory, aside));
  return store::Store::Open(options);
}

Status HandOverUnconfirmed(const log::SegmentLog& log, uint64_t applied,
                           const std::function<void(std::vector<log::Entry>)>& adopt) {
  if (applied == log.end().index) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader, log.ReadFrom(applied + 1));
  std::vector<log::Entry> entries;
  for (log::EntryView entry;;) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
    if (more) entries.push_back(log::ToEntry(entry));
    if (entries.size() == kHandedEntries || (!more && !entries.empty())) {
      adopt(std::exchange(entries, {}));
    }
    if (!more) return Status::Ok();
  }
}

}  // namespace tenantry
