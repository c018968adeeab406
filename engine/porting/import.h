#pragma once
// Import: rows of another system into this one, in bounded entries of the log.
//
//   GymTables() names what is taken and in which order ─▶ Add() every row, table by table ─▶ Finish()
//
// Rules    a row that is there already, by its id, is left as it is, so an import that ended half way is resumed by running
//          it again, and running it twice changes nothing. A row that breaks a rule is reported and skipped. Counters
//          change in the entry of the row they count. Rows come sorted by the columns that the tables name: what is
//          together in one tenant shares an entry.
// Errors   Add, Finish: only what stops the import (a full disk, a follower, damage); refused rows are in the report.
// Threads  one at a time. Blocks for disks. Two imports at once are safe, but each reports what it did itself.
// Owns     at most kRowsPerEntry rows that wait. Borrows the engine.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/porting/report.h"
#include "engine/porting/source.h"

namespace tenantry::porting {

inline constexpr size_t kRowsPerEntry = 128;

// A table that an import takes. Rows are sorted by `order`, and its first column tells which share an entry.
struct TableSpec {
  std::string_view name;
  std::string_view id;  // Column that names a row in reports.
  std::vector<std::string_view> order;
};

// What an import takes.
struct SourceTables {
  std::vector<TableSpec> taken;  // In the order to add them.
  // Tables that belong to the source but have no place here, each with the reason.
  std::vector<std::pair<std::string_view, std::string_view>> left_out;
};
SourceTables GymTables();
SourceTables PopupsTables();

class Import {
 public:
  virtual ~Import() = default;
  virtual Status Add(const SourceTable& table, SourceRow row) = 0;
  virtual Status Finish() = 0;
  Report& report() { return report_; }

 protected:
  Report report_;
};

std::unique_ptr<Import> MakeGymImport(Engine& engine);
std::unique_ptr<Import> MakePopupsImport(Engine& engine);

}  // namespace tenantry::porting
