#pragma once
// Insert hints: where the memtable puts rows that come in order. Without them each row of a tracked event is searched for from
// the top of the skip list.
//
// Shape    RocksDB remembers the place of the last row for each prefix that the extractor gives: counters and sketches of one
//          owner, and events of one owner, whose keys are owner, instant and id. Other rows have none, because a prefix costs
//          some 250 bytes of memory until the memtable is flushed, and rows in random order gain nothing.
// Errors   none: a prefix is only a hint. Range deletions must not begin inside such a prefix (RocksDB before 9.2 mixes their
//          hints with those of rows, its pull request 12558); the store writes none at all.
// Threads  any.

#include <memory>

namespace rocksdb {
class SliceTransform;
}  // namespace rocksdb

namespace tenantry::store {

std::shared_ptr<const rocksdb::SliceTransform> MakeInsertHints();

}  // namespace tenantry::store
