#pragma once
// Reader: entries in order from any index, each proven by its payload hash and its place in the
// chain.
//
// Errors   kCorruption names file, offset, index and, when known, space; kNotFound when the entry
// was trimmed. Threads  one thread per Reader, any number of Readers, while another thread appends
// or trims. Owns     its file handle and a buffer of one group. Borrows the log, which must outlive
// it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "engine/log/segment_format.h"
#include "engine/log/segment_index.h"

namespace tenantry::log {

class Reader {
 public:
  // Made by SegmentLog::ReadFrom.
  Reader(FileSystem& files, const SegmentIndex& index, uint64_t first)
      : files_(files), index_(index), next_index_(first) {}

  // True with the next durable entry, false when there is none yet: a later call may find more. The
  // entry's views live until the next call. After an error the Reader is done for.
  Result<bool> Next(EntryView* entry);
  uint64_t next_index() const { return next_index_; }

 private:
  Result<bool> FindMore();
  Status OpenSegment(const SegmentRef& segment);
  Status LoadGroup();
  Status Damaged(std::string_view what, uint64_t offset, uint64_t index) const;

  // Constant after construction.
  FileSystem& files_;
  const SegmentIndex& index_;
  // Owner thread only.
  uint64_t next_index_;
  uint64_t readable_index_ = 0;  // Known to be durable and in the open segment.
  std::unique_ptr<File> file_;
  std::string path_;
  SegmentHeader header_;
  uint64_t offset_ = 0;          // Of the next group.
  std::string group_;            // The entries of the current group.
  uint64_t entries_offset_ = 0;  // Of group_ in the file.
  std::string_view rest_;        // What is left of them.
  uint64_t rest_index_ = 0;      // Of the first entry in rest_.
  Hash128 chain_;                // Before that entry.
  bool chained_ = false;         // chain_ was established by an earlier group or segment.
};

}  // namespace tenantry::log
