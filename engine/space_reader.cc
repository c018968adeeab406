#include "engine/space_reader.h"

#include "engine/base/bytes.h"
#include "engine/partition/change_table.h"
#include "engine/read_recorder.h"
#include "engine/work_trace.h"

namespace tenantry {

namespace {

// A worker looks at the clock this often, since a row may cost a read of the disk.
constexpr uint32_t kRowsPerTimeCheck = 32;

}  // namespace

std::string SpaceReader::Tuple(std::initializer_list<keys::Part> parts) {
  std::string tuple;
  keys::AppendTuple(&tuple, {parts.begin(), parts.size()});
  return tuple;
}

Status SpaceReader::ChargeRow() const {
  ++rows_read_;
  if (tier_ == ReadTier::kInline) return rows_read_ > kInlineRowsMax ? WouldBlock() : Status::Ok();
  return rows_read_ % kRowsPerTimeCheck == 0 ? WorkTrace::CheckTime() : Status::Ok();
}

namespace {

using partition::ChangeTable;

void NoteRow(std::string_view key) {
  keys::KeyHead head;
  TNT_CHECK(keys::SplitHead(key, &head));
  const bool counts = head.kind == keys::Kind::kCounter || head.kind == keys::Kind::kSketch;
  const uint32_t slot = ChangeTable::MarkedByRow(head)
                            ? ChangeTable::SlotOfRow(key)
                            : ChangeTable::SlotOf(head.space, head.collection);
  counts ? ReadRecorder::NoteCounters(slot) : ReadRecorder::NoteRows(slot);
}

}  // namespace

void SpaceReader::NoteCollection(const schema::Collection& collection) const {
  ReadRecorder::NoteRows(ChangeTable::SlotOf(space_, collection.number));
}

Result<std::string> SpaceReader::GetRaw(const std::string& key) const {
  TNT_RETURN_IF_ERROR(ChargeRow());
  if (ReadRecorder::Active()) NoteRow(key);
  std::string value;
  if (tier_ == ReadTier::kInline) {  // Touches memory only: not worth two looks at the clock.
    TNT_RETURN_IF_ERROR(reader_->Get(key, &value));
    return value;
  }
  const TimedOperation timed({.kind = "get", .space = space_}, rows_read_);
  TNT_RETURN_IF_ERROR(reader_->Get(key, &value));
  return value;
}

Result<std::string> SpaceReader::GetRecord(const schema::Collection& collection,
                                           std::string_view tuple) const {
  return GetRaw(keys::RecordKey(space_, collection.number, tuple));
}

Result<std::string> SpaceReader::GetUniqueKey(const schema::Collection& collection, uint8_t index,
                                              std::span<const keys::Part> values) const {
  TNT_CHECK(collection.Index(index).unique);
  std::string key = keys::IndexPrefix(space_, keys::Kind::kUnique, collection.number, index);
  keys::AppendTuple(&key, values);
  return GetRaw(key);
}

namespace {

void AppendOnePart(std::string* key, const keys::Part& part) {
  keys::AppendTuple(key, std::span<const keys::Part>(&part, 1));
}

std::string CounterPrefix(SpaceId space, uint8_t family, std::string_view owner) {
  std::string prefix = keys::SpacePrefix(space, keys::Kind::kCounter);
  prefix.push_back(static_cast<char>(family));
  keys::AppendPart(&prefix, owner);
  return prefix;
}

// Drops the encoded values of the indexed fields; what is left is the primary key.
Status SkipIndexValues(const schema::IndexInfo& index, std::string_view* row) {
  std::string word;
  if (!index.words.empty() && !keys::TakeText(row, &word)) {
    return Corruption("a word row does not split");
  }
  for (const schema::FieldInfo* field : index.fields) {
    bool taken = false;
    if (field->type == schema::FieldType::kText) {
      std::string text;
      taken = keys::TakeText(row, &text);
    } else {
      int64_t number = 0;
      taken = keys::TakeInt(row, &number);
    }
    if (!taken) return Corruption("an index row does not split");
  }
  return Status::Ok();
}

}  // namespace

Status SpaceReader::ScanIndexKeys(const schema::Collection& collection, const IndexRange& range,
                                  const std::function<bool(std::string_view)>& visit) const {
  return ScanIndexRows(collection, range,
                       [&visit](std::string_view primary_key, std::string_view /*held*/) {
                         return visit(primary_key);
                       });
}

Status SpaceReader::ScanIndexBytes(const schema::Collection& collection, const IndexRange& range,
                                   const std::function<bool(std::string_view)>& visit) const {
  const bool covers = collection.Index(range.index).covers;
  Status found;
  TNT_RETURN_IF_ERROR(
      ScanIndexRows(collection, range, [&](std::string_view primary_key, std::string_view held) {
        // A row from before its index covered holds nothing.
        if (covers && !held.empty()) return visit(held);
        const Result<std::string> bytes = GetRecord(collection, primary_key);
        if (!bytes.ok()) found = bytes.status();
        return bytes.ok() && visit(*bytes);
      }));
  return found;
}

Status SpaceReader::ScanIndexRows(
    const schema::Collection& collection, const IndexRange& range,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const schema::IndexInfo& index = collection.Index(range.index);
  const keys::Kind kind = index.unique ? keys::Kind::kUnique : keys::Kind::kIndex;
  const std::string head = keys::IndexPrefix(space_, kind, collection.number, range.index);
  std::string prefix = head;
  keys::AppendTuple(&prefix, range.equal);
  std::string lower = prefix;
  std::string upper = prefix;
  if (range.from) AppendOnePart(&lower, *range.from);
  if (range.until) {
    AppendOnePart(&upper, *range.until);
  } else {
    upper = keys::PrefixEnd(std::move(upper));
  }
  if (lower >= upper) return Status::Ok();

  NoteCollection(collection);
  const TimedOperation timed(
      {.kind = "scan", .space = space_, .collection = &collection, .index = range.index},
      rows_read_);
  const std::unique_ptr<Cursor> cursor = reader_->Scan(lower, upper);
  range.reverse ? cursor->SeekToLast() : cursor->SeekToFirst();
  for (; cursor->Valid(); range.reverse ? cursor->Prev() : cursor->Next()) {
    TNT_RETURN_IF_ERROR(ChargeRow());
    std::string_view primary_key = cursor->value();
    if (!index.unique) {
      primary_key = cursor->key().substr(head.size());
      TNT_RETURN_IF_ERROR(SkipIndexValues(index, &primary_key));
    }
    if (!visit(primary_key, cursor->value())) return Status::Ok();
  }
  return cursor->status();
}

WordCursor::WordCursor(const SpaceReader& space, std::string head)
    : space_(space),
      head_(std::move(head)),
      cursor_(space.reader_->Scan(head_, keys::PrefixEnd(head_))) {}

WordCursor::~WordCursor() = default;

Status WordCursor::Seek(std::string_view from) {
  TNT_RETURN_IF_ERROR(space_.ChargeRow());
  std::string key = head_;
  keys::AppendTextStart(&key, from);
  cursor_->Seek(key);
  valid_ = cursor_->Valid();
  if (!valid_) return cursor_->status();
  std::string_view row = cursor_->key().substr(head_.size());
  if (!keys::TakeText(&row, &word_)) return Corruption("a word row does not split");
  return Status::Ok();
}

Status WordCursor::Skip(std::string_view start) {
  // No byte of a word is zero and none of UTF-8 is FF: these bytes sort behind all that start so.
  return Seek(std::string(start).append("\xFF"));
}

WordCursor SpaceReader::OpenWords(const schema::Collection& collection, uint8_t index) const {
  TNT_CHECK(!collection.Index(index).words.empty());
  NoteCollection(collection);
  return WordCursor(*this, keys::IndexPrefix(space_, keys::Kind::kIndex, collection.number, index));
}

Status SpaceReader::ScanRecordBytes(
    const schema::Collection& collection, std::string_view key_prefix, bool reverse,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  NoteCollection(collection);
  const TimedOperation timed({.kind = "records", .space = space_, .collection = &collection},
                             rows_read_);
  const std::string lower = keys::RecordKey(space_, collection.number, key_prefix);
  const std::string upper = keys::PrefixEnd(lower);
  const std::unique_ptr<Cursor> cursor = reader_->Scan(lower, upper);
  reverse ? cursor->SeekToLast() : cursor->SeekToFirst();
  for (; cursor->Valid(); reverse ? cursor->Prev() : cursor->Next()) {
    TNT_RETURN_IF_ERROR(ChargeRow());
    if (!visit(cursor->key(), cursor->value())) return Status::Ok();
  }
  return cursor->status();
}

Status SpaceReader::ScanRecordBytesAfter(
    const schema::Collection& collection, std::string_view after,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const TimedOperation timed({.kind = "records", .space = space_, .collection = &collection},
                             rows_read_);
  NoteCollection(collection);
  const std::string prefix = keys::RecordPrefix(space_, collection.number);
  std::string lower = keys::RecordKey(space_, collection.number, after);
  if (!after.empty()) lower.push_back('\0');  // The first key behind that one.
  const std::unique_ptr<Cursor> cursor = reader_->Scan(lower, keys::PrefixEnd(prefix));
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    TNT_RETURN_IF_ERROR(ChargeRow());
    if (!visit(cursor->key().substr(prefix.size()), cursor->value())) return Status::Ok();
  }
  return cursor->status();
}

Result<int64_t> SpaceReader::Counter(uint8_t family, std::string_view owner,
                                     std::string_view metric, int64_t bucket) const {
  Result<std::string> value = GetRaw(keys::CounterKey(space_, family, owner, metric, bucket));
  if (!value.ok()) {
    if (value.status().code() == StatusCode::kNotFound) return int64_t{0};
    return value.status();
  }
  if (value->size() != sizeof(int64_t)) return Corruption("a counter is malformed");
  return LoadLittle<int64_t>(value->data());
}

Status SpaceReader::VisitCounters(
    const std::string& lower, const std::string& upper, size_t prefix_bytes,
    const std::function<bool(std::string_view, int64_t, int64_t)>& visit) const {
  if (lower >= upper) return Status::Ok();
  const TimedOperation timed({.kind = "counters", .space = space_}, rows_read_);
  ReadRecorder::NoteCounters(ChangeTable::SlotOf(space_, 0));
  const std::unique_ptr<Cursor> cursor = reader_->Scan(lower, upper);
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    TNT_RETURN_IF_ERROR(ChargeRow());
    std::string_view rest = cursor->key().substr(prefix_bytes);
    std::string metric;
    int64_t bucket = 0;
    if (!keys::TakeText(&rest, &metric) || !keys::TakeInt(&rest, &bucket) ||
        cursor->value().size() != sizeof(int64_t)) {
      return Corruption("a counter row does not split");
    }
    if (!visit(metric, bucket, LoadLittle<int64_t>(cursor->value().data()))) return Status::Ok();
  }
  return cursor->status();
}

Status SpaceReader::ScanCounters(
    uint8_t family, std::string_view owner,
    const std::function<bool(std::string_view, int64_t, int64_t)>& visit) const {
  const std::string lower = CounterPrefix(space_, family, owner);
  return VisitCounters(lower, keys::PrefixEnd(lower), lower.size(), visit);
}

Status SpaceReader::ScanCounterBuckets(uint8_t family, std::string_view owner,
                                       std::string_view metric, int64_t from, int64_t until,
                                       const std::function<bool(int64_t, int64_t)>& visit) const {
  const std::string prefix = CounterPrefix(space_, family, owner);
  std::string lower = prefix;
  keys::AppendPart(&lower, metric);
  std::string upper = lower;
  keys::AppendPart(&lower, from);
  keys::AppendPart(&upper, until);
  return VisitCounters(lower, upper, prefix.size(),
                       [&visit](std::string_view /*metric*/, int64_t bucket, int64_t value) {
                         return visit(bucket, value);
                       });
}

Status SpaceReader::ScanCounterMetrics(
    uint8_t family, std::string_view owner, std::string_view from, std::string_view until,
    const std::function<bool(std::string_view, int64_t, int64_t)>& visit) const {
  const std::string prefix = CounterPrefix(space_, family, owner);
  std::string lower = prefix;
  std::string upper = prefix;
  keys::AppendPart(&lower, from);
  keys::AppendPart(&upper, until);
  return VisitCounters(lower, upper, prefix.size(), visit);
}

Result<std::string> SpaceReader::SketchBlock(uint8_t family, std::string_view owner, int64_t bucket,
                                             uint8_t block) const {
  Result<std::string> value = GetRaw(keys::SketchKey(space_, family, owner, bucket, block));
  if (!value.ok() && value.status().code() == StatusCode::kNotFound) return std::string();
  return value;
}

Status SpaceReader::ScanSketches(
    uint8_t family, std::string_view owner, int64_t from, int64_t until,
    const std::function<bool(int64_t, uint8_t, std::string_view)>& visit) const {
  if (from >= until) return Status::Ok();
  const TimedOperation timed({.kind = "sketches", .space = space_}, rows_read_);
  std::string prefix = keys::SpacePrefix(space_, keys::Kind::kSketch);
  prefix.push_back(static_cast<char>(family));
  keys::AppendPart(&prefix, owner);
  std::string lower = prefix;
  std::string upper = prefix;
  keys::AppendPart(&lower, from);
  keys::AppendPart(&upper, until);
  ReadRecorder::NoteCounters(ChangeTable::SlotOf(space_, 0));
  const std::unique_ptr<Cursor> cursor = reader_->Scan(lower, upper);
  for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
    TNT_RETURN_IF_ERROR(ChargeRow());
    std::string_view rest = cursor->key().substr(prefix.size());
    int64_t bucket = 0;
    if (!keys::TakeInt(&rest, &bucket) || rest.size() != 1) {
      return Corruption("a sketch row does not split");
    }
    if (!visit(bucket, static_cast<uint8_t>(rest[0]), cursor->value())) return Status::Ok();
  }
  return cursor->status();
}

Result<std::optional<std::string>> SpaceReader::Meta(std::string_view name) const {
  return Optional(GetRaw(keys::MetaKey(space_, name)));
}

}  // namespace tenantry
