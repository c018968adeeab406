#include "engine/transaction.h"

#include "engine/base/bytes.h"
#include "engine/codec/row_keys.h"
#include "engine/command_observer.h"
#include "engine/partition/execution.h"
#include "engine/space_meta.h"
#include "engine/work_trace.h"

namespace tenantry {

Status SpaceWriter::SetObserved(bool observed) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, Meta(kAliveMeta));
  return SetMeta(kAliveMeta, AliveValue(observed, alive && HasFlag(*alive, kSuspendedFlag)));
}

Status SpaceWriter::SetSuspended(bool suspended) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, Meta(kAliveMeta));
  return SetMeta(kAliveMeta, AliveValue(alive && HasFlag(*alive, kObservedFlag), suspended));
}

void SpaceWriter::Describe(const schema::Collection& collection,
                           const capnp::DynamicStruct::Reader* before,
                           const capnp::DynamicStruct::Reader* after) {
  std::string* const notes = execution_->NotesOf(space_);
  if (notes == nullptr) return;
  execution_->observer()->Describe({collection, before, after, now_unix_ms()}, notes);
}

bool SpaceWriter::HasRoomFor(size_t rows, size_t bytes) const {
  return execution_->HasRoomFor(rows, bytes);
}
int64_t SpaceWriter::now_unix_ms() const {
  return execution_->clock().NowUnixMs();
}
Random& SpaceWriter::random() {
  return execution_->random();
}
RuleTrace& SpaceWriter::trace() {
  return execution_->trace();
}

Status SpaceWriter::PutUniqueRow(const std::string& key, std::string value,
                                 std::string_view collection) {
  std::string taken;
  Status found = execution_->Get(key, &taken);
  if (found.ok()) return AlreadyExists(std::string(collection) + ": a unique value is taken");
  if (found.code() != StatusCode::kNotFound) return found;
  return execution_->Put(key, std::move(value));
}

Status SpaceWriter::CheckFreeRows(const schema::Collection& collection,
                                  capnp::DynamicStruct::Reader record) const {
  const std::string tuple = codec::PrimaryKey(collection, record);
  std::vector<std::string> unique = {keys::RecordKey(space_, collection.number, tuple)};
  for (codec::IndexRow& row : codec::IndexRows(space_, collection, record, tuple)) {
    if (row.index->unique) unique.push_back(std::move(row.key));
  }
  for (const std::string& key : unique) {
    std::string taken;
    const Status found = execution_->Get(key, &taken);
    if (found.ok()) return AlreadyExists(collection.name + ": a unique value is taken");
    if (found.code() != StatusCode::kNotFound) return found;
  }
  return Status::Ok();
}

Status SpaceWriter::InsertBytes(const schema::Collection& collection,
                                capnp::DynamicStruct::Reader record, std::string bytes) {
  Describe(collection, nullptr, &record);
  const std::string tuple = codec::PrimaryKey(collection, record);
  const std::string key = keys::RecordKey(space_, collection.number, tuple);
  std::vector<codec::IndexRow> rows = codec::IndexRows(space_, collection, record, tuple, bytes);
  TNT_RETURN_IF_ERROR(PutUniqueRow(key, std::move(bytes), collection.name));
  for (codec::IndexRow& row : rows) {
    if (row.index->unique) {
      TNT_RETURN_IF_ERROR(PutUniqueRow(row.key, std::move(row.value), collection.name));
    } else {
      TNT_RETURN_IF_ERROR(execution_->Put(std::move(row.key), std::move(row.value)));
    }
  }
  return Status::Ok();
}

Status SpaceWriter::PutUnchecked(SpaceId space, const schema::Collection& collection,
                                 capnp::DynamicStruct::Reader record, std::string bytes) {
  if (space == space_) Describe(collection, nullptr, &record);
  const std::string tuple = codec::PrimaryKey(collection, record);
  for (codec::IndexRow& row : codec::IndexRows(space, collection, record, tuple, bytes)) {
    TNT_CHECK(!row.index->unique);  // Uniqueness needs a look, and the space's partition.
    TNT_RETURN_IF_ERROR(execution_->Put(std::move(row.key), std::move(row.value)));
  }
  return execution_->Put(keys::RecordKey(space, collection.number, tuple), std::move(bytes));
}

Status SpaceWriter::UpdateBytes(const schema::Collection& collection,
                                capnp::DynamicStruct::Reader before,
                                capnp::DynamicStruct::Reader after, std::string bytes) {
  Describe(collection, &before, &after);
  const std::string tuple = codec::PrimaryKey(collection, before);
  TNT_CHECK(tuple == codec::PrimaryKey(collection, after));
  const std::vector<codec::IndexRow> old_rows = codec::IndexRows(space_, collection, before, tuple);
  std::vector<codec::IndexRow> new_rows = codec::IndexRows(space_, collection, after, tuple, bytes);
  TNT_RETURN_IF_ERROR(
      execution_->Put(keys::RecordKey(space_, collection.number, tuple), std::move(bytes)));
  const auto contains = [](const std::vector<codec::IndexRow>& rows, const std::string& key) {
    for (const codec::IndexRow& row : rows) {
      if (row.key == key) return true;
    }
    return false;
  };
  // Old rows go first, so that a unique value may move within one record.
  for (const codec::IndexRow& row : old_rows) {
    if (!contains(new_rows, row.key)) TNT_RETURN_IF_ERROR(execution_->Delete(row.key));
  }
  for (codec::IndexRow& row : new_rows) {
    if (!row.index->covers && contains(old_rows, row.key)) continue;
    if (row.index->unique) {
      TNT_RETURN_IF_ERROR(PutUniqueRow(row.key, std::move(row.value), collection.name));
    } else {
      TNT_RETURN_IF_ERROR(execution_->Put(std::move(row.key), std::move(row.value)));
    }
  }
  return Status::Ok();
}

Status SpaceWriter::EraseRecord(const schema::Collection& collection,
                                capnp::DynamicStruct::Reader before) {
  Describe(collection, &before, nullptr);
  const std::string tuple = codec::PrimaryKey(collection, before);
  for (codec::IndexRow& row : codec::IndexRows(space_, collection, before, tuple)) {
    TNT_RETURN_IF_ERROR(execution_->Delete(std::move(row.key)));
  }
  return execution_->Delete(keys::RecordKey(space_, collection.number, tuple));
}

Status SpaceWriter::SetCounter(uint8_t family, std::string_view owner, std::string_view metric,
                               int64_t bucket, int64_t value) {
  std::string bytes;
  AppendLittle(&bytes, value);
  return execution_->Put(keys::CounterKey(space_, family, owner, metric, bucket), std::move(bytes));
}

Status SpaceWriter::EraseCounter(uint8_t family, std::string_view owner, std::string_view metric,
                                 int64_t bucket) {
  return execution_->Delete(keys::CounterKey(space_, family, owner, metric, bucket));
}

Status SpaceWriter::SetSketchBlock(uint8_t family, std::string_view owner, int64_t bucket,
                                   uint8_t block, std::string_view registers) {
  return execution_->Put(keys::SketchKey(space_, family, owner, bucket, block),
                         std::string(registers));
}

Status SpaceWriter::EraseSketchBlock(uint8_t family, std::string_view owner, int64_t bucket,
                                     uint8_t block) {
  return execution_->Delete(keys::SketchKey(space_, family, owner, bucket, block));
}

Status SpaceWriter::SetMeta(std::string_view name, std::string_view value) {
  return execution_->Put(keys::MetaKey(space_, name), std::string(value));
}

Status SpaceWriter::EraseMeta(std::string_view name) {
  return execution_->Delete(keys::MetaKey(space_, name));
}

Status SpaceWriter::PutDirectoryBytes(const schema::Collection& collection,
                                      capnp::DynamicStruct::Reader record, std::string bytes) {
  return PutUnchecked(kDirectorySpace, collection, record, std::move(bytes));
}

Status SpaceWriter::EraseDirectoryKey(const schema::Collection& collection,
                                      const std::string& tuple) {
  TNT_CHECK(collection.indexes.empty());
  return execution_->Delete(keys::RecordKey(kDirectorySpace, collection.number, tuple));
}

Result<SpaceWriter*> DirectoryTransaction::OpenSpace(SpaceId space) {
  WorkTrace::NoteSpace(space);
  execution_->Hold(space);
  opened_.push_back(SpaceWriter(execution_, *execution_, space, tier_));
  SpaceWriter& opened = opened_.back();
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, opened.Meta(kAliveMeta));
  if (!alive) return NotFound("the tenant was deleted");
  if (HasFlag(*alive, kObservedFlag)) execution_->Observe(space);
  return &opened;
}

Result<SpaceWriter*> DirectoryTransaction::CreateSpace() {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> next, Meta(kNextSpaceMeta));
  const uint64_t id = next ? LoadBig64(next->data()) : 1;
  std::string after;
  AppendBig64(&after, id + 1);
  TNT_RETURN_IF_ERROR(SetMeta(kNextSpaceMeta, after));
  WorkTrace::NoteSpace(SpaceId(id));
  execution_->Hold(SpaceId(id));
  opened_.push_back(SpaceWriter(execution_, *execution_, SpaceId(id), tier_));
  TNT_RETURN_IF_ERROR(opened_.back().SetMeta(kAliveMeta, kAlive));
  return &opened_.back();
}

Status DirectoryTransaction::DropSpace(SpaceId space) {
  TNT_ASSIGN_OR_RETURN(SpaceWriter * writer, OpenSpace(space));
  TNT_RETURN_IF_ERROR(writer->EraseMeta(kAliveMeta));
  return SetMeta(DroppedMeta(space), kDropped);
}

Result<std::vector<SpaceId>> DirectoryTransaction::SpacesListed(std::string_view prefix) const {
  std::vector<SpaceId> spaces;
  const std::string lower = keys::MetaKey(kDirectorySpace, prefix);
  const std::string upper = keys::PrefixEnd(lower);
  const std::unique_ptr<Cursor> cursor = reader_->Scan(lower, upper);
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    spaces.push_back(SpaceId(LoadBig64(cursor->key().data() + lower.size())));
  }
  TNT_RETURN_IF_ERROR(cursor->status());
  return spaces;
}

Result<bool> DirectoryTransaction::ReclaimSome(SpaceId space, size_t rows_max) {
  execution_->Hold(space);
  keys::Bounds bounds = keys::SpaceBounds(space);
  // Behind what earlier calls deleted, which the store would walk over again, each time longer.
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> mark, Meta(DroppedMeta(space)));
  if (mark && mark->starts_with(kDroppedUnnamed) && *mark != kDroppedUnnamed) {
    bounds.lower = keys::RowKey(space, std::string_view(*mark).substr(kDroppedUnnamed.size()));
  }
  const std::unique_ptr<Cursor> cursor = reader_->Scan(bounds.lower, bounds.upper);
  std::vector<std::string> found;
  for (cursor->SeekToFirst(); cursor->Valid() && found.size() < rows_max; cursor->Next()) {
    found.emplace_back(cursor->key());
  }
  TNT_RETURN_IF_ERROR(cursor->status());
  const bool all = found.size() < rows_max;
  TNT_RETURN_IF_ERROR(
      all ? EraseMeta(DroppedMeta(space))
          : SetMeta(DroppedMeta(space),
                    std::string(kDroppedUnnamed) + found.back().substr(keys::kSpaceBytes)));
  for (std::string& key : found) TNT_RETURN_IF_ERROR(execution_->Delete(std::move(key)));
  return all;
}

Result<std::optional<std::string>> DirectoryTransaction::GetRow(SpaceId space,
                                                                std::string_view key) {
  execution_->Hold(space);
  std::string value;
  const Status found = reader_->Get(keys::RowKey(space, key), &value);
  if (found.code() == StatusCode::kNotFound) return std::optional<std::string>();
  TNT_RETURN_IF_ERROR(found);
  return std::optional<std::string>(std::move(value));
}

Status DirectoryTransaction::PutRow(SpaceId space, std::string_view key, std::string_view value) {
  execution_->Hold(space);
  return execution_->Put(keys::RowKey(space, key), std::string(value));
}

Status DirectoryTransaction::DeleteRow(SpaceId space, std::string_view key) {
  execution_->Hold(space);
  return execution_->Delete(keys::RowKey(space, key));
}

std::string AliveKey(SpaceId space) {
  return keys::MetaKey(space, kAliveMeta);
}

}  // namespace tenantry
