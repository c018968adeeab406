#pragma once
// Transaction: what a command sees while it is planned. Reads are the partition's newest state (open group, waiting
// groups, snapshot); writes are collected and become one log entry when the plan returns OK, nothing otherwise.
//
// Rules    a plan may be run twice (first to warm the cache, outside its partition), so it assigns what it hands out and
//          never appends to it. Plan completely: return a refusal before or after any write, both leave no trace. Take time and random bytes
//          from here only, so that a plan can be run again, dry or simulated.
// Errors   Insert: kAlreadyExists naming the collection when the primary key or a unique value is taken. Any write beyond
//          the entry limits: kInvalidArgument.
// Threads  belongs to the plan running it.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/codec/stored.h"
#include "engine/rule_trace.h"
#include "engine/space_reader.h"

namespace tenantry {

namespace partition {
class Execution;  // The write set and the read-your-writes view of one running command.
}

// Reads and writes of one space inside a command.
class SpaceWriter : public SpaceReader {
 public:
  template <class T>
  Status Insert(const codec::Draft<T>& record) {
    return InsertBytes(schema::CollectionOf<T>(), capnp::DynamicStruct::Reader(record.reader()),
                       record.Encode());
  }
  // What Insert would say, without writing: kAlreadyExists when the key or a unique value is taken.
  template <class T>
  Status CheckFree(const codec::Draft<T>& record) const {
    return CheckFreeRows(schema::CollectionOf<T>(), capnp::DynamicStruct::Reader(record.reader()));
  }
  // Adds a record without looking for another: for keys that hold a fresh random id, which cannot
  // be taken, in collections without unique indexes. Saves a read of a key that is never cached, and
  // stores the record as it was written: set each field once.
  template <class T>
  Status InsertFresh(const codec::Draft<T>& record) {
    return PutUnchecked(space(), schema::CollectionOf<T>(),
                        capnp::DynamicStruct::Reader(record.reader()), record.EncodeAsWritten());
  }
  template <class T>
  Status Update(const codec::Stored<T>& before, const codec::Draft<T>& after) {
    return UpdateBytes(schema::CollectionOf<T>(), capnp::DynamicStruct::Reader(*before),
                       capnp::DynamicStruct::Reader(after.reader()), after.Encode());
  }
  template <class T>
  Status Erase(const codec::Stored<T>& before) {
    return EraseRecord(schema::CollectionOf<T>(), capnp::DynamicStruct::Reader(*before));
  }
  // Absolute values, so that replay is idempotent.
  Status SetCounter(uint8_t family, std::string_view owner, std::string_view metric, int64_t bucket,
                    int64_t value);
  Status EraseCounter(uint8_t family, std::string_view owner, std::string_view metric,
                      int64_t bucket);
  // A row of a sketch; counters::SketchRow says what it holds.
  Status SetSketchBlock(uint8_t family, std::string_view owner, int64_t bucket, uint8_t block,
                        std::string_view registers);
  Status EraseSketchBlock(uint8_t family, std::string_view owner, int64_t bucket, uint8_t block);
  Status SetMeta(std::string_view name, std::string_view value);
  Status EraseMeta(std::string_view name);

  // Adds a directory row without looking: for rows keyed by fresh random ids, which cannot collide.
  template <class T>
  Status PutInDirectory(const codec::Draft<T>& record) {
    return PutDirectoryBytes(schema::CollectionOf<T>(),
                             capnp::DynamicStruct::Reader(record.reader()), record.Encode());
  }
  // Removes a directory row by primary key, without looking.
  template <class T>
  Status EraseInDirectory(std::initializer_list<keys::Part> key) {
    return EraseDirectoryKey(schema::CollectionOf<T>(), Tuple(key));
  }

  // Whether later commands describe this space's changes to the engine's CommandObserver.
  Status SetObserved(bool observed);
  // Whether requests for this space's tenant are refused (tenant::Directory::SetSuspended).
  Status SetSuspended(bool suspended);
  // Whether so many more rows and bytes fit into the entry.
  bool HasRoomFor(size_t rows, size_t bytes) const;

  int64_t now_unix_ms() const;
  Random& random();
  RuleTrace& trace();

 protected:
  friend class DirectoryTransaction;
  friend class KeyedCall;
  friend class Engine;
  SpaceWriter(partition::Execution* execution, const KeyReader& reader, SpaceId space,
              ReadTier tier)
      : SpaceReader(reader, space, tier), execution_(execution) {}

  Status InsertBytes(const schema::Collection& collection, capnp::DynamicStruct::Reader record,
                     std::string bytes);
  Status UpdateBytes(const schema::Collection& collection, capnp::DynamicStruct::Reader before,
                     capnp::DynamicStruct::Reader after, std::string bytes);
  Status EraseRecord(const schema::Collection& collection, capnp::DynamicStruct::Reader before);
  Status PutUnchecked(SpaceId space, const schema::Collection& collection,
                      capnp::DynamicStruct::Reader record, std::string bytes);
  Status PutDirectoryBytes(const schema::Collection& collection,
                           capnp::DynamicStruct::Reader record, std::string bytes);
  Status EraseDirectoryKey(const schema::Collection& collection, const std::string& tuple);
  // Tells the observer of a change, when it wants to know. Null: there was, or is, no such record.
  void Describe(const schema::Collection& collection, const capnp::DynamicStruct::Reader* before,
                const capnp::DynamicStruct::Reader* after);
  Status CheckFreeRows(const schema::Collection& collection,
                       capnp::DynamicStruct::Reader record) const;
  Status PutUniqueRow(const std::string& key, std::string value, std::string_view collection);

  partition::Execution* execution_;
};

// A command of one tenant.
class Transaction : public SpaceWriter {
 private:
  friend class Engine;
  using SpaceWriter::SpaceWriter;
};

// A command of the directory, which may open or create spaces. All it writes is one entry.
class DirectoryTransaction : public SpaceWriter {
 public:
  // The space of an existing tenant; takes its partition. kNotFound when the tenant was deleted.
  Result<SpaceWriter*> OpenSpace(SpaceId space);
  // A fresh space id, never used before, marked alive.
  Result<SpaceWriter*> CreateSpace();
  // Marks a space deleted: no command or read finds it any more; its bytes are reclaimed later.
  Status DropSpace(SpaceId space);
  // Spaces with a meta row under this prefix of engine/space_meta.h, such as dropped ones that still hold bytes.
  Result<std::vector<SpaceId>> SpacesListed(std::string_view prefix) const;
  // Deletes up to `rows_max` rows of a dropped space; true when none is left.
  Result<bool> ReclaimSome(SpaceId space, size_t rows_max);

  // For restoring: rows as they are, below all rules, in a space that nobody else uses. Keys are without the space.
  Result<std::optional<std::string>> GetRow(SpaceId space, std::string_view key);
  Status PutRow(SpaceId space, std::string_view key, std::string_view value);
  Status DeleteRow(SpaceId space, std::string_view key);

 private:
  friend class Engine;
  using SpaceWriter::SpaceWriter;
  std::deque<SpaceWriter> opened_;  // Stable addresses for what OpenSpace and CreateSpace hand out.
};

}  // namespace tenantry
