#pragma once
// GymImport: the tables of the original gym. Private to this folder.
//
// Shape    gym_people.cc: gyms, members, invitations. gym_schedule.cc: places, types, sessions, bookings and what hangs on
//          them. gym_import.cc: the order, and the numbers of each member, which need all of the member's bookings.

#include <map>
#include <set>
#include <string>

#include "engine/porting/import.h"
#include "engine/porting/row_batch.h"
#include "engine/porting/row_record.h"
#include "engine/tenant/directory.h"

namespace tenantry::porting {

// Directory plans.
Result<bool> AddGym(DirectoryTransaction& tx, const RowView& row);
Result<bool> AddMember(DirectoryTransaction& tx, const RowView& row);
Result<bool> AddInvitation(DirectoryTransaction& tx, const RowView& row);
// Tenant plans.
Result<bool> AddLocation(Transaction& tx, const RowView& row);
Result<bool> AddSessionType(Transaction& tx, const RowView& row);
Result<bool> AddSession(Transaction& tx, const RowView& row);
Result<bool> AddBooking(Transaction& tx, const RowView& row);
Result<bool> AddEvent(Transaction& tx, const RowView& row);
Result<bool> AddWaiting(Transaction& tx, const RowView& row);
Result<bool> AddFavorite(Transaction& tx, const RowView& row);
Result<bool> AddPlan(Transaction& tx, const RowView& row);
Result<bool> AddSubscription(Transaction& tx, const RowView& row);
Result<bool> AddCharge(Transaction& tx, const RowView& row);

// Which column of the original's tables is which field.
std::span<const ColumnField> MemberColumns();
std::span<const ColumnField> SessionColumns();
std::span<const ColumnField> BookingColumns();

class GymImport final : public Import {
 public:
  explicit GymImport(Engine& engine) : engine_(engine), batch_(engine, report_) {}

  Status Add(const SourceTable& table, SourceRow row) override;
  Status Finish() override;

 private:
  Status Flush();
  Status RebuildStats(const tenant::TenantEntry& gym);
  void NoteGymsWithoutOwner(const tenant::TenantEntry& gym);

  Engine& engine_;
  RowBatch batch_;
  SourceTable table_;  // Of what waits in the batch.
  std::string group_;
  std::set<std::string> gyms_;  // Ids seen.
};

}  // namespace tenantry::porting
