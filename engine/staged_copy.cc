#include "engine/staged_copy.h"

#include <filesystem>
#include <sstream>

#include "engine/base/bytes.h"
#include "engine/node_file.h"

namespace tenantry {
namespace {

constexpr uint64_t kReadyBytesMax = 1u << 20;

std::string ReadyPath(const std::string& data_directory) {
  return StagedFolder(data_directory) + "/READY";
}

std::string Format(const StagedCopy& copy) {
  std::string chain;
  AppendBig64(&chain, copy.chain.high);
  AppendBig64(&chain, copy.chain.low);
  std::string text = "end " + std::to_string(copy.end.epoch) + " " +
                     std::to_string(copy.end.index) + "\nchain " + FormatHex(chain) + "\n";
  for (const EpochRow& row : copy.epochs.rows()) {
    text += "epoch " + std::to_string(row.epoch) + " " + std::to_string(row.first_index) + "\n";
  }
  return text;
}

Result<StagedCopy> Parse(const std::string& path, const std::string& text) {
  const Status damaged =
      Corruption(path + " is damaged: expected lines 'end', 'chain' and 'epoch'");
  StagedCopy copy;
  std::istringstream lines(text);
  std::string word;
  std::string hex;
  std::string chain;
  if (!(lines >> word >> copy.end.epoch >> copy.end.index) || word != "end") return damaged;
  if (!(lines >> word >> hex) || word != "chain" || hex.size() != 32) return damaged;
  if (!ParseHex(hex, &chain)) return damaged;
  copy.chain.high = LoadBig64(chain.data());
  copy.chain.low = LoadBig64(chain.data() + 8);
  for (EpochRow row; lines >> word;) {
    if (word != "epoch" || !(lines >> row.epoch >> row.first_index)) return damaged;
    if (!copy.epochs.Append(row).ok()) return damaged;
  }
  if (copy.epochs.rows().empty() || !text.ends_with('\n')) return damaged;
  return copy;
}

// Puts aside what is there, unless that happened before.
Status MoveAside(FileSystem& files, const std::string& from, const std::string& to) {
  TNT_ASSIGN_OR_RETURN(const bool moved, files.Exists(to));
  if (moved) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const bool there, files.Exists(from));
  return there ? files.Rename(from, to) : Status::Ok();
}

}  // namespace

std::string StagedFolder(const std::string& data_directory) {
  return data_directory + "/sync";
}

Status CommitStagedCopy(FileSystem& files, const std::string& data_directory,
                        const StagedCopy& copy) {
  const std::string folder = StagedFolder(data_directory);
  TNT_RETURN_IF_ERROR(files.SyncDirectory(folder + "/store"));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(folder));
  return ReplaceFile(files, ReadyPath(data_directory), Format(copy));
}

Result<std::optional<StagedCopy>> InstallStagedCopy(FileSystem& files, Random& random,
                                                    const std::string& data_directory) {
  const std::string folder = StagedFolder(data_directory);
  const std::string ready = ReadyPath(data_directory);
  TNT_ASSIGN_OR_RETURN(const bool due, files.Exists(ready));
  if (!due) return std::optional<StagedCopy>();
  TNT_ASSIGN_OR_RETURN(const std::string text, ReadFile(files, ready, kReadyBytesMax));
  TNT_ASSIGN_OR_RETURN(StagedCopy copy, Parse(ready, text));
  TNT_RETURN_IF_ERROR(MoveAside(files, data_directory + "/log", folder + "/old-log"));
  TNT_RETURN_IF_ERROR(MoveAside(files, data_directory + "/store", folder + "/old-store"));
  TNT_ASSIGN_OR_RETURN(const bool staged, files.Exists(folder + "/store"));
  if (staged) TNT_RETURN_IF_ERROR(files.Rename(folder + "/store", data_directory + "/store"));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(folder));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(data_directory));
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<NodeFile> node,
                       NodeFile::Open(files, data_directory, random, false));
  TNT_RETURN_IF_ERROR(node->ReplaceHistory(copy.epochs));
  return std::optional<StagedCopy>(std::move(copy));
}

Status ForgetStagedCopy(FileSystem& files, const std::string& data_directory) {
  const std::string folder = StagedFolder(data_directory);
  TNT_ASSIGN_OR_RETURN(const bool there, files.Exists(folder));
  if (!there) return Status::Ok();
  // First the word that it counts, so that half a removal is never installed.
  TNT_ASSIGN_OR_RETURN(const bool ready, files.Exists(ReadyPath(data_directory)));
  if (ready) {
    TNT_RETURN_IF_ERROR(files.Remove(ReadyPath(data_directory)));
    TNT_RETURN_IF_ERROR(files.SyncDirectory(folder));
  }
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  return failed ? IoError("cannot remove " + folder + ": " + failed.message()) : Status::Ok();
}

}  // namespace tenantry
