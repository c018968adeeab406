#pragma once
// Loader: writes rows of a dump into spaces that nobody uses yet, with the index rows their records have.
//
// Rules    a bounded number of bytes is on its way at a time; `gentle` keeps entries small and few, so that a
//          serving node hardly notices.
// Errors   those of the engine; kCorruption for records that do not decode; kInvalidArgument for records of a newer build.
// Threads  one at a time.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tenantry::dump {

// A sum over rows that does not depend on their order.
class RowSum {
 public:
  void Add(std::string_view key, std::string_view value);
  friend bool operator==(const RowSum&, const RowSum&) = default;

 private:
  uint64_t rows_ = 0, low_ = 0, high_ = 0;
};

// The index rows of a record; `key` and theirs are without the space. Other rows have none.
struct DerivedRow {
  std::string key, value;
};
Result<std::vector<DerivedRow>> DerivedRows(std::string_view key, std::string_view value);

class Loader {
 public:
  Loader(Engine& engine, bool gentle) : engine_(engine), gentle_(gentle) {}

  // A row that the space does not have yet.
  Status Put(SpaceId space, std::string_view key, std::string_view value);
  // A row that may replace or remove an older one, whose index rows go with it.
  Status Change(SpaceId space, bool put, std::string_view key, std::string_view value);
  // Everything is in the newest view when this returns OK.
  Status Finish();
  // Of what Put wrote, index rows included.
  const RowSum& sum() const { return sum_; }

 private:
  struct Op {
    SpaceId space;
    bool put;
    bool replaces;
    std::string key, value;
    std::vector<DerivedRow> derived = {};
  };
  Status Add(Op op);
  Status Flush();
  Status PlanOp(DirectoryTransaction& tx, const Op& op) const;

  Engine& engine_;
  const bool gentle_;
  std::vector<Op> ops_;
  size_t rows_ = 0;  // With index rows, about.
  size_t bytes_ = 0;
  uint64_t last_index_ = 0;
  RowSum sum_;
};

}  // namespace tenantry::dump
