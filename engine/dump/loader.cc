#include "engine/dump/loader.h"

#include <chrono>
#include <thread>

#include <capnp/dynamic.h>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/codec/row_keys.h"
#include "engine/commands.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"

namespace tenantry::dump {
namespace {

using keys::Kind;

constexpr CommandInfo kLoad{static_cast<uint16_t>(CommandKind::kRestoreLoad), "admin", ""};

// Well below the limits of an entry: 4,096 effects and 1 MiB.
constexpr size_t kRowsMax = 3000, kBytesMax = 512u << 10;
// A command of a tenant that comes meanwhile waits for one of these, and the pauses leave four fifths of log and store to others:
// with pauses of 1 ms a restore wrote as much as four busy clients, and their p99 doubled.
constexpr size_t kGentleRowsMax = 64, kGentleBytesMax = 12u << 10;
constexpr auto kGentlePause = std::chrono::milliseconds(5);
// Entries on their way when nobody else is served: enough to keep log and store busy.
constexpr uint64_t kEntriesAheadMax = 16, kGentleEntriesAheadMax = 1;

}  // namespace

void RowSum::Add(std::string_view key, std::string_view value) {
  std::string row;
  AppendSized(&row, key);
  AppendSized(&row, value);
  const Hash128 hash = Hash128Of(row);
  ++rows_;
  low_ += hash.low;
  high_ += hash.high;
}

Result<std::vector<DerivedRow>> DerivedRows(std::string_view key, std::string_view value) {
  std::vector<DerivedRow> rows;
  const std::string whole = keys::RowKey(kDirectorySpace, key);
  keys::KeyHead head;
  if (!keys::SplitHead(whole, &head)) return Corruption("a row with a malformed key");
  if (head.kind != Kind::kRecord) return rows;
  const schema::Collection* const collection = schema::FindCollection(head.collection);
  if (collection == nullptr) {
    return InvalidArgument("collection " + std::to_string(head.collection) +
                           " is not known to this build: restore with the build that made it");
  }
  TNT_ASSIGN_OR_RETURN(const std::shared_ptr<const codec::Message> message,
                       codec::Message::Decode(value, collection->info));
  const auto record = message->root().as<capnp::DynamicStruct>(collection->info->schema);
  const std::string tuple = codec::PrimaryKey(*collection, record);
  if (tuple != head.rest) {
    return Corruption("a record of " + collection->name + " lies under another key");
  }
  for (codec::IndexRow& row :
       codec::IndexRows(kDirectorySpace, *collection, record, tuple, value)) {
    rows.push_back({row.key.substr(keys::kSpaceBytes), std::move(row.value)});
  }
  return rows;
}

Status Loader::PlanOp(DirectoryTransaction& tx, const Op& op) const {
  if (op.replaces) {
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> before, tx.GetRow(op.space, op.key));
    if (before) {
      TNT_ASSIGN_OR_RETURN(const std::vector<DerivedRow> old, DerivedRows(op.key, *before));
      for (const DerivedRow& row : old) TNT_RETURN_IF_ERROR(tx.DeleteRow(op.space, row.key));
    }
  }
  if (!op.put) return tx.DeleteRow(op.space, op.key);
  TNT_RETURN_IF_ERROR(tx.PutRow(op.space, op.key, op.value));
  for (const DerivedRow& row : op.derived) {
    TNT_RETURN_IF_ERROR(tx.PutRow(op.space, row.key, row.value));
  }
  return Status::Ok();
}

Status Loader::Put(SpaceId space, std::string_view key, std::string_view value) {
  sum_.Add(keys::RowKey(space, key), value);
  return Add({space, true, false, std::string(key), std::string(value)});
}

Status Loader::Change(SpaceId space, bool put, std::string_view key, std::string_view value) {
  return Add({space, put, true, std::string(key), std::string(value)});
}

Status Loader::Add(Op op) {
  if (op.put) {
    TNT_ASSIGN_OR_RETURN(op.derived, DerivedRows(op.key, op.value));
  }
  // What it replaces has about as many.
  const size_t count = (1 + op.derived.size()) * (op.replaces ? 2 : 1);
  size_t bytes = op.key.size() + op.value.size();
  for (const DerivedRow& row : op.derived) bytes += row.key.size() + row.value.size();
  if (op.replaces) bytes *= 2;
  for (const DerivedRow& row : op.derived) {
    if (!op.replaces) sum_.Add(keys::RowKey(op.space, row.key), row.value);
  }
  const size_t rows_max = gentle_ ? kGentleRowsMax : kRowsMax;
  const size_t bytes_max = gentle_ ? kGentleBytesMax : kBytesMax;
  if (!ops_.empty() && (rows_ + count > rows_max || bytes_ + bytes > bytes_max)) {
    TNT_RETURN_IF_ERROR(Flush());
  }
  ops_.push_back(std::move(op));
  rows_ += count;
  bytes_ += bytes;
  return Status::Ok();
}

Status Loader::Flush() {
  if (ops_.empty()) return Status::Ok();
  for (;;) {
    const Outcome outcome = engine_.ExecuteDirectory(kLoad, ReadTier::kBlocking,
                                                     [this](DirectoryTransaction& tx) -> Status {
                                                       for (const Op& op : ops_)
                                                         TNT_RETURN_IF_ERROR(PlanOp(tx, op));
                                                       return Status::Ok();
                                                     });
    if (outcome.status.ok()) {
      last_index_ = outcome.release_index;
      break;
    }
    // Queues are full: they empty while we wait for what we wrote.
    const bool retry = outcome.status.code() == StatusCode::kUnavailable && engine_.writable() &&
                       engine_.released_index() < last_index_;
    if (!retry) return outcome.status;
    engine_.WaitReleased(last_index_);
  }
  ops_.clear();
  rows_ = bytes_ = 0;
  const uint64_t ahead = gentle_ ? kGentleEntriesAheadMax : kEntriesAheadMax;
  if (last_index_ > ahead) engine_.WaitReleased(last_index_ - ahead);
  // Whoever waited for the partition or the disk meanwhile goes first.
  if (gentle_) std::this_thread::sleep_for(kGentlePause);
  return Status::Ok();
}

Status Loader::Finish() {
  TNT_RETURN_IF_ERROR(Flush());
  engine_.WaitReleased(last_index_);
  return Status::Ok();
}

}  // namespace tenantry::dump
