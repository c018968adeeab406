#pragma once
// Report: what an import did, per table, and each row it could not take.
//
// Threads  one at a time.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenantry::porting {

struct TableCounts {
  std::string table;
  uint64_t read = 0;
  uint64_t added = 0;
  uint64_t there = 0;    // Already, from an earlier run: left as it is.
  uint64_t refused = 0;  // Each with a problem.
};

struct Problem {
  std::string table;
  std::string id;  // Of the row, or its number.
  std::string message;
};

class Report {
 public:
  // So many are kept; the rest only count.
  static constexpr size_t kProblemsMax = 1000;

  TableCounts& Table(std::string_view name) {
    for (TableCounts& counts : tables_) {
      if (counts.table == name) return counts;
    }
    return tables_.emplace_back(TableCounts{std::string(name)});
  }
  void AddProblem(Problem problem) {
    if (problems_.size() < kProblemsMax) problems_.push_back(std::move(problem));
  }
  // Something about the whole that people should know.
  void AddNote(std::string note) { notes_.push_back(std::move(note)); }

  const std::vector<TableCounts>& tables() const { return tables_; }
  const std::vector<Problem>& problems() const { return problems_; }
  const std::vector<std::string>& notes() const { return notes_; }
  uint64_t refused() const {
    uint64_t sum = 0;
    for (const TableCounts& counts : tables_) sum += counts.refused;
    return sum;
  }

 private:
  std::vector<TableCounts> tables_;
  std::vector<Problem> problems_;
  std::vector<std::string> notes_;
};

}  // namespace tenantry::porting
