#pragma once
// SpaceReader: typed reads of one tenant. Every key it asks for carries its space, so no call can reach a neighbour.
//
// Shape    records by primary key, index rows in order, counters, sketches, and the tenant's meta rows.
// Units    limits in rows.
// Errors   Get: kNotFound. All: kWouldBlock on the inline tier when a block is not cached or more than
//          kInlineRowsMax rows were read; kCorruption for bytes that do not decode.
// Threads  one at a time.
// Owns     nothing: borrows the KeyReader it was made from, and keeps `keep_alive`, if any, from going.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/codec/stored.h"
#include "engine/key_reader.h"
#include "engine/keys/keys.h"
#include "engine/schema/catalog.h"

namespace tenantry {

// A request that reads more rows than this leaves the loop for the blocking lane.
inline constexpr uint32_t kInlineRowsMax = 2000;

enum class ReadTier : uint8_t { kInline, kBlocking };

// Which index rows to visit: those whose leading fields equal `equal`; the next field may be bounded.
struct IndexRange {
  uint8_t index = 0;
  std::vector<keys::Part> equal = {};
  std::optional<keys::Part> from = {};   // Inclusive bound of the field after `equal`.
  std::optional<keys::Part> until = {};  // Exclusive.
  bool reverse = false;                  // Highest first.
};

class SpaceReader;

// Walks the distinct words of an index with `words`, in the order of their bytes. Each step charges
// its reader a row.
//
// Errors   those of the reader. Threads and lifetime: its reader's.
class WordCursor {
 public:
  ~WordCursor();
  // Onto the first word that is not below `from`.
  Status Seek(std::string_view from);
  // Onto the first word behind all that start with `start`.
  Status Skip(std::string_view start);
  bool Valid() const { return valid_; }
  // Until the next step.
  const std::string& word() const { return word_; }

 private:
  friend class SpaceReader;
  WordCursor(const SpaceReader& space, std::string head);

  const SpaceReader& space_;
  const std::string head_;
  std::unique_ptr<Cursor> cursor_;
  bool valid_ = false;
  std::string word_;
};

class SpaceReader {
 public:
  SpaceReader(const KeyReader& reader, SpaceId space, ReadTier tier,
              std::shared_ptr<const void> keep_alive = nullptr)
      : reader_(&reader), space_(space), tier_(tier), keep_alive_(std::move(keep_alive)) {}
  virtual ~SpaceReader() = default;

  SpaceId space() const { return space_; }
  ReadTier tier() const { return tier_; }
  uint32_t rows_read() const { return rows_read_; }

  template <class T>
  Result<codec::Stored<T>> Get(std::initializer_list<keys::Part> key) const {
    TNT_ASSIGN_OR_RETURN(std::string bytes, GetRecord(schema::CollectionOf<T>(), Tuple(key)));
    return codec::Stored<T>::Decode(bytes);
  }
  // By the encoded key that ScanIndexKeys gives.
  template <class T>
  Result<codec::Stored<T>> GetAt(std::string_view primary_key) const {
    TNT_ASSIGN_OR_RETURN(std::string bytes, GetRecord(schema::CollectionOf<T>(), primary_key));
    return codec::Stored<T>::Decode(bytes);
  }
  template <class T>
  Result<std::optional<codec::Stored<T>>> Find(std::initializer_list<keys::Part> key) const {
    return Optional(Get<T>(key));
  }
  // The same as its stored bytes.
  template <class T>
  Result<std::optional<std::string>> FindBytes(std::initializer_list<keys::Part> key) const {
    return Optional(GetRecord(schema::CollectionOf<T>(), Tuple(key)));
  }
  // The one record with these values in a unique index.
  template <class T>
  Result<std::optional<codec::Stored<T>>> FindUnique(
      uint8_t index, std::initializer_list<keys::Part> values) const {
    return Optional(GetUnique<T>(index, values));
  }

  // Visits records in index order until `visit` returns false.
  template <class T>
  Status ScanIndex(const IndexRange& range,
                   const std::function<bool(const codec::Stored<T>&)>& visit) const {
    const schema::Collection& collection = schema::CollectionOf<T>();
    Status decoded;
    TNT_RETURN_IF_ERROR(ScanIndexBytes(collection, range, [&](std::string_view bytes) {
      Result<codec::Stored<T>> record = codec::Stored<T>::Decode(bytes);
      if (!record.ok()) {
        decoded = record.status();
        return false;
      }
      return visit(*record);
    }));
    return decoded;
  }
  // The same, undecoded. Rows of a covering index bring their record along.
  Status ScanIndexBytes(const schema::Collection& collection, const IndexRange& range,
                        const std::function<bool(std::string_view bytes)>& visit) const;
  // Visits only the encoded primary keys: enough to count.
  Status ScanIndexKeys(const schema::Collection& collection, const IndexRange& range,
                       const std::function<bool(std::string_view primary_key)>& visit) const;
  template <class T>
  Result<uint64_t> CountIndex(const IndexRange& range) const {
    uint64_t rows = 0;
    TNT_RETURN_IF_ERROR(ScanIndexKeys(schema::CollectionOf<T>(), range, [&rows](std::string_view) {
      ++rows;
      return true;
    }));
    return rows;
  }

  // The words of an index that has them.
  WordCursor OpenWords(const schema::Collection& collection, uint8_t index) const;

  // Visits records whose primary key starts with `key_prefix`, in key order or reversed.
  template <class T>
  Status ScanRecords(std::initializer_list<keys::Part> key_prefix, bool reverse,
                     const std::function<bool(const codec::Stored<T>&)>& visit) const {
    Status decoded;
    TNT_RETURN_IF_ERROR(ScanRecordBytes(schema::CollectionOf<T>(), Tuple(key_prefix), reverse,
                                        [&](std::string_view /*key*/, std::string_view bytes) {
                                          Result<codec::Stored<T>> record =
                                              codec::Stored<T>::Decode(bytes);
                                          if (!record.ok()) {
                                            decoded = record.status();
                                            return false;
                                          }
                                          return visit(*record);
                                        }));
    return decoded;
  }
  Status ScanRecordBytes(
      const schema::Collection& collection, std::string_view key_prefix, bool reverse,
      const std::function<bool(std::string_view key, std::string_view bytes)>& visit) const;

  // The same for records behind `after`, an encoded primary key; empty starts at the first.
  Status ScanRecordBytesAfter(
      const schema::Collection& collection, std::string_view after,
      const std::function<bool(std::string_view tuple, std::string_view bytes)>& visit) const;

  // Counters that were never written are 0.
  Result<int64_t> Counter(uint8_t family, std::string_view owner, std::string_view metric,
                          int64_t bucket = 0) const;
  // Visits (metric, bucket, value) of one owner in key order.
  Status ScanCounters(uint8_t family, std::string_view owner,
                      const std::function<bool(std::string_view metric, int64_t bucket,
                                               int64_t value)>& visit) const;
  // The same for one metric and the buckets [from, until).
  Status ScanCounterBuckets(uint8_t family, std::string_view owner, std::string_view metric,
                            int64_t from, int64_t until,
                            const std::function<bool(int64_t bucket, int64_t value)>& visit) const;
  // The same for the metrics [from, until), as text.
  Status ScanCounterMetrics(
      uint8_t family, std::string_view owner, std::string_view from, std::string_view until,
      const std::function<bool(std::string_view metric, int64_t bucket, int64_t value)>& visit)
      const;
  // The 64 registers of a sketch block; empty when never written.
  Result<std::string> SketchBlock(uint8_t family, std::string_view owner, int64_t bucket,
                                  uint8_t block) const;
  // Visits the rows of one owner's sketches with buckets in [from, until), in key order; counters::MergeSketchRow reads them.
  Status ScanSketches(uint8_t family, std::string_view owner, int64_t from, int64_t until,
                      const std::function<bool(int64_t bucket, uint8_t block,
                                               std::string_view registers)>& visit) const;
  // For caches: the answer also depends on this collection, although nothing of it is read (engine/read_recorder.h).
  template <class T>
  void DependsOn() const {
    NoteCollection(schema::CollectionOf<T>());
  }
  // A meta row of this space, or nullopt.
  Result<std::optional<std::string>> Meta(std::string_view name) const;

 protected:
  friend class WordCursor;
  static std::string Tuple(std::initializer_list<keys::Part> parts);
  Result<std::string> GetRecord(const schema::Collection& collection, std::string_view tuple) const;
  Result<std::string> GetUniqueKey(const schema::Collection& collection, uint8_t index,
                                   std::span<const keys::Part> values) const;
  Result<std::string> GetRaw(const std::string& key) const;
  Status ChargeRow() const;
  // Visits the encoded primary key of each row and what the row holds.
  Status ScanIndexRows(
      const schema::Collection& collection, const IndexRange& range,
      const std::function<bool(std::string_view primary_key, std::string_view held)>& visit) const;
  void NoteCollection(const schema::Collection& collection) const;
  // Visits counter rows of [lower, upper), whose keys start with `prefix_bytes` of family and owner.
  Status VisitCounters(const std::string& lower, const std::string& upper, size_t prefix_bytes,
                       const std::function<bool(std::string_view metric, int64_t bucket,
                                                int64_t value)>& visit) const;

  const KeyReader* reader_;
  SpaceId space_;
  ReadTier tier_;
  std::shared_ptr<const void> keep_alive_;
  mutable uint32_t rows_read_ = 0;

 private:
  template <class T>
  Result<codec::Stored<T>> GetUnique(uint8_t index,
                                     std::initializer_list<keys::Part> values) const {
    const schema::Collection& collection = schema::CollectionOf<T>();
    TNT_ASSIGN_OR_RETURN(const std::string primary_key,
                         GetUniqueKey(collection, index, {values.begin(), values.size()}));
    TNT_ASSIGN_OR_RETURN(const std::string bytes, GetRecord(collection, primary_key));
    return codec::Stored<T>::Decode(bytes);
  }
  template <class Value>
  static Result<std::optional<Value>> Optional(Result<Value> found) {
    if (found.ok()) return std::optional<Value>(std::move(found).value());
    if (found.status().code() == StatusCode::kNotFound) return std::optional<Value>();
    return found.status();
  }
};

}  // namespace tenantry
