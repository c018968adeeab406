#include "engine/node_file.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "engine/base/bytes.h"

namespace tenantry {
namespace {

constexpr uint64_t kFileBytesMax = 1u << 20;

}  // namespace

NodeFile::NodeFile(FileSystem& files, std::string path, Random& random)
    : files_(files), path_(std::move(path)), random_(random) {}

Result<std::unique_ptr<NodeFile>> NodeFile::Open(FileSystem& files, const std::string& directory,
                                                 Random& random, bool leads_new) {
  std::unique_ptr<NodeFile> node(new NodeFile(files, directory + "/NODE", random));
  State state;
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(node->path_));
  if (exists) {
    TNT_ASSIGN_OR_RETURN(const std::string text, ReadFile(files, node->path_, kFileBytesMax));
    TNT_RETURN_IF_ERROR(Parse(node->path_, text, &state));
  } else {
    TNT_RETURN_IF_ERROR(state.epochs.Append({1, 1}));
    state.led = leads_new ? 1 : 0;
  }
  MutexLock lock(node->mutex_);
  node->state_ = std::move(state);
  return node;
}

Status NodeFile::Parse(const std::string& path, const std::string& text, State* state) {
  const Status damaged =
      Corruption(path + " is damaged: expected lines 'node', 'promised', 'led' and 'epoch'");
  std::istringstream lines(text);
  std::string word;
  std::string id;
  if (!(lines >> word >> id) || word != "node" || id.size() != 16) return damaged;
  std::string bytes;
  if (!ParseHex(id, &bytes)) return damaged;
  state->id = LoadBig64(bytes.data());
  if (!(lines >> word >> state->promised) || word != "promised") return damaged;
  if (!(lines >> word >> state->led) || word != "led") return damaged;
  for (EpochRow row; lines >> word;) {
    if (word != "epoch" || !(lines >> row.epoch >> row.first_index)) return damaged;
    if (!state->epochs.Append(row).ok()) return damaged;
  }
  const bool sound = !state->epochs.rows().empty() && text.ends_with('\n') &&
                     state->promised >= state->epochs.newest_epoch();
  return sound ? Status::Ok() : damaged;
}

Status NodeFile::StoreLocked(State state) {
  while (state.id == 0) state.id = random_.Next64();
  std::string id;
  AppendBig64(&id, state.id);
  std::string text = "node " + FormatHex(id) + "\npromised " + std::to_string(state.promised) +
                     "\nled " + std::to_string(state.led) + "\n";
  for (const EpochRow& row : state.epochs.rows()) {
    text += "epoch " + std::to_string(row.epoch) + " " + std::to_string(row.first_index) + "\n";
  }
  TNT_RETURN_IF_ERROR(ReplaceFile(files_, path_, text));
  state_ = std::move(state);
  return Status::Ok();
}

Result<uint64_t> NodeFile::EnsureId() {
  MutexLock lock(mutex_);
  if (state_.id == 0) TNT_RETURN_IF_ERROR(StoreLocked(state_));
  return state_.id;
}

uint64_t NodeFile::promised() const {
  MutexLock lock(mutex_);
  return state_.promised;
}

bool NodeFile::leads() const {
  MutexLock lock(mutex_);
  return state_.led == state_.promised && state_.led == state_.epochs.newest_epoch();
}

EpochTable NodeFile::epochs() const {
  MutexLock lock(mutex_);
  return state_.epochs;
}

Status NodeFile::Promise(uint64_t epoch) {
  MutexLock lock(mutex_);
  if (epoch == state_.promised) return Status::Ok();
  if (epoch < state_.promised) {
    return Conflict("this node obeys epoch " + std::to_string(state_.promised) +
                    " and refuses epoch " + std::to_string(epoch));
  }
  State next = state_;
  next.promised = epoch;
  return StoreLocked(std::move(next));
}

Status NodeFile::Adopt(const EpochTable& table) {
  MutexLock lock(mutex_);
  if (table.newest_epoch() < state_.promised) {
    return Conflict("this node obeys epoch " + std::to_string(state_.promised) +
                    " and refuses a history that ends in epoch " +
                    std::to_string(table.newest_epoch()));
  }
  if (table == state_.epochs && table.newest_epoch() == state_.promised) return Status::Ok();
  State next = state_;
  next.epochs = table;
  next.promised = table.newest_epoch();
  return StoreLocked(std::move(next));
}

Status NodeFile::ReplaceHistory(const EpochTable& table) {
  MutexLock lock(mutex_);
  State next = state_;
  next.epochs = table;
  next.promised = std::max(state_.promised, table.newest_epoch());
  return StoreLocked(std::move(next));
}

Status NodeFile::Begin(uint64_t epoch, uint64_t first_index) {
  MutexLock lock(mutex_);
  if (epoch < state_.promised || epoch <= state_.epochs.newest_epoch()) {
    return Conflict("epoch " + std::to_string(epoch) + " is not above epoch " +
                    std::to_string(std::max(state_.promised - 1, state_.epochs.newest_epoch())));
  }
  State next = state_;
  // Rows of leaders that never reached this log.
  next.epochs.CutBehind(first_index - 1);
  TNT_RETURN_IF_ERROR(next.epochs.Append({epoch, first_index}));
  next.promised = epoch;
  next.led = epoch;
  return StoreLocked(std::move(next));
}

}  // namespace tenantry
