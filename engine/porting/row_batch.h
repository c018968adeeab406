#pragma once
// RowBatch: rows of one table that share a tenant, on their way into one entry of the log, or as few as fit.
//
// Rules    a row's plan looks first and writes last: when it refuses, it has written nothing, so that the rows around it
//          go on.
// Threads  one at a time.
// Owns     the rows. Borrows engine and report.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/commands.h"
#include "engine/engine.h"
#include "engine/porting/import.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::porting {

// True: added. False: was there already. kInvalidArgument, kNotFound, kAlreadyExists and kConflict refuse the row; anything
// else ends the import.
using TenantRowPlan = std::function<Result<bool>(Transaction&, const RowView&)>;
using DirectoryRowPlan = std::function<Result<bool>(DirectoryTransaction&, const RowView&)>;

inline CommandInfo ImportInfo() {
  return {static_cast<uint16_t>(CommandKind::kImport), "import", ""};
}

bool IsRefusal(const Status& status);

class RowBatch {
 public:
  RowBatch(Engine& engine, Report& report) : engine_(engine), report_(report) {}

  // From here on rows are judged, and nothing is written. Rows of one batch see each other.
  void JudgeOnly() { dry_ = true; }

  bool empty() const { return rows_.empty(); }
  bool full() const { return rows_.size() >= kRowsPerEntry; }
  const std::vector<SourceRow>& rows() const { return rows_; }
  void Add(SourceRow row) { rows_.push_back(std::move(row)); }
  void Clear() { rows_.clear(); }

  // Runs every row and empties the batch. `id` is the column that names rows.
  Status Run(const SourceTable& table, std::string_view id, const TenantRef& tenant,
             const TenantRowPlan& plan);
  // Refuses rows whose id leads to another tenant already.
  Status RefuseForeign(const SourceTable& table, std::string_view id, const TenantRef& tenant,
                       schema::ReferenceKind kind);
  Status RunInDirectory(const SourceTable& table, std::string_view id,
                        const DirectoryRowPlan& plan);
  // Refuses every row and empties the batch.
  void RefuseAll(const SourceTable& table, std::string_view id, const Status& why);

 private:
  struct Fate {
    bool added = false;
    Status refusal;
  };
  template <class Tx, class Plan>
  Status PlanSome(Tx& tx, const SourceTable& table, const Plan& plan, size_t first,
                  std::vector<Fate>* fates) const;
  template <class Execute>
  Status RunAll(const SourceTable& table, std::string_view id, const Execute& execute);
  void Count(const SourceTable& table, std::string_view id, const SourceRow& row, const Fate& fate);

  Engine& engine_;
  Report& report_;
  std::vector<SourceRow> rows_;
  bool dry_ = false;
};

}  // namespace tenantry::porting
