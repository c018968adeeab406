#include "engine/porting/row_batch.h"

#include <utility>

namespace tenantry::porting {
namespace {

// What a row may write beyond itself: index rows, words, a session with its counters, a promoted member.
constexpr size_t kRowEffects = 120;
constexpr size_t kRowBytes = 48 * 1024;

// A refusal leaves nothing of what was planned.
Status DropWhenDry(const Status& planned, bool dry) {
  return planned.ok() && dry ? Conflict("only judged") : planned;
}

}  // namespace

bool IsRefusal(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
    case StatusCode::kAlreadyExists:
    case StatusCode::kConflict:
      return true;
    default:
      return false;
  }
}

// Plans rows from `first` on while they surely fit. At least one fate comes back.
template <class Tx, class Plan>
Status RowBatch::PlanSome(Tx& tx, const SourceTable& table, const Plan& plan, size_t first,
                          std::vector<Fate>* fates) const {
  fates->clear();
  for (size_t i = first; i < rows_.size(); ++i) {
    const RowView row(table, rows_[i]);
    if (!tx.HasRoomFor(kRowEffects, kRowBytes + 4 * row.bytes())) {
      if (!fates->empty()) return Status::Ok();
      fates->push_back({false, InvalidArgument("the row is too large: " +
                                               std::to_string(row.bytes()) + " bytes")});
      continue;
    }
    const Result<bool> planned = plan(tx, row);
    if (!planned.ok() && !IsRefusal(planned.status())) return planned.status();
    fates->push_back({planned.ok() && *planned, planned.ok() ? Status::Ok() : planned.status()});
  }
  return Status::Ok();
}

template <class Execute>
Status RowBatch::RunAll(const SourceTable& table, std::string_view id, const Execute& execute) {
  for (size_t first = 0; first < rows_.size();) {
    std::vector<Fate> fates;
    const Outcome outcome = execute(first, &fates);
    const bool dropped = dry_ && outcome.status.code() == StatusCode::kConflict;
    if (!dropped) TNT_RETURN_IF_ERROR(outcome.status);
    engine_.WaitReleased(outcome.release_index);
    for (size_t i = 0; i < fates.size(); ++i) Count(table, id, rows_[first + i], fates[i]);
    first += fates.size();
  }
  rows_.clear();
  return Status::Ok();
}

Status RowBatch::Run(const SourceTable& table, std::string_view id, const TenantRef& tenant,
                     const TenantRowPlan& plan) {
  return RunAll(table, id, [&](size_t first, std::vector<Fate>* fates) {
    return engine_.Execute(tenant, ImportInfo(), ReadTier::kBlocking, [&](Transaction& tx) {
      return DropWhenDry(PlanSome(tx, table, plan, first, fates), dry_);
    });
  });
}

Status RowBatch::RunInDirectory(const SourceTable& table, std::string_view id,
                                const DirectoryRowPlan& plan) {
  return RunAll(table, id, [&](size_t first, std::vector<Fate>* fates) {
    return engine_.ExecuteDirectory(
        ImportInfo(), ReadTier::kBlocking, [&](DirectoryTransaction& tx) {
          return DropWhenDry(PlanSome(tx, table, plan, first, fates), dry_);
        });
  });
}

Status RowBatch::RefuseForeign(const SourceTable& table, std::string_view id,
                               const TenantRef& tenant, schema::ReferenceKind kind) {
  const SpaceReader directory = engine_.View().DirectorySpace(ReadTier::kBlocking);
  std::vector<SourceRow> kept;
  for (SourceRow& row : rows_) {
    TNT_ASSIGN_OR_RETURN(const auto reference,
                         directory.Find<schema::Reference>(
                             {static_cast<int64_t>(kind), RowView(table, row).Text(id)}));
    if (reference && (*reference)->getSpace() != tenant.space().value()) {
      Count(table, id, row, {false, AlreadyExists("another tenant has this id")});
    } else {
      kept.push_back(std::move(row));
    }
  }
  rows_ = std::move(kept);
  return Status::Ok();
}

void RowBatch::RefuseAll(const SourceTable& table, std::string_view id, const Status& why) {
  for (const SourceRow& row : rows_) Count(table, id, row, {false, why});
  rows_.clear();
}

void RowBatch::Count(const SourceTable& table, std::string_view id, const SourceRow& row,
                     const Fate& fate) {
  TableCounts& counts = report_.Table(table.name);
  ++counts.read;
  if (fate.refusal.ok()) {
    ++(fate.added ? counts.added : counts.there);
    return;
  }
  ++counts.refused;
  report_.AddProblem(
      {table.name, std::string(RowView(table, row).Text(id)), std::string(fate.refusal.message())});
}

}  // namespace tenantry::porting
