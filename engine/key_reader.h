#pragma once
// KeyReader: ordered reads of raw keys. Implemented by a snapshot of the store and by a partition's overlay on one; all
// typed access goes through SpaceReader.
//
// Errors   kNotFound for an absent key; kWouldBlock when only memory may be used and the block is on disk; kCorruption
//          and kIoError from the store.
// Threads  as the implementation says; a Cursor belongs to one thread and must not outlive its reader.

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/status.h"

namespace tenantry {

class Cursor {
 public:
  virtual ~Cursor() = default;
  // Position on the first or last key of the range, or on the first key >= `key`, or the last key < `key`.
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(std::string_view key) = 0;
  virtual void SeekBefore(std::string_view key) = 0;
  virtual void Next() = 0;
  virtual void Prev() = 0;
  // False at either end and after an error: then look at status().
  virtual bool Valid() const = 0;
  virtual Status status() const = 0;
  // Valid until the cursor moves.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

class KeyReader {
 public:
  virtual ~KeyReader() = default;
  virtual Status Get(std::string_view key, std::string* value) const = 0;
  // A cursor that never leaves [lower, upper).
  virtual std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const = 0;
};

}  // namespace tenantry
