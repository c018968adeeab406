#pragma once
// Rows: members, sessions, bookings, subscribers, codes and popups of one tenant, from and to tables that people keep.
//
// Shape    a table's columns are named like the fields in the API's JSON. Rows without an id get one. What a run added can
//          be taken back: the entry that adds a row also notes its id below the run's token.
// Rules    those of import.h: rows that are there stay as they are, a row that breaks a rule is reported and skipped.
//          Undo takes back what nothing else hangs on by now: a member with bookings stays, and so does a session with any.
// Errors   FindRowKind: nullptr. The rest as import.h.
// Threads  one at a time.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/porting/import.h"
#include "engine/porting/row_record.h"
#include "engine/schema/catalog.h"
#include "engine/tenant/directory.h"

namespace tenantry::porting {

struct RowKind {
  std::string_view name;  // Such as "members".
  schema::TenantKind tenant;
  std::string_view table;                // Of the original, whose rules its rows keep.
  std::span<const ColumnField> columns;  // Its columns; the first one is the id.
  std::string_view tenant_field;         // Filled in.
  const schema::Collection* collection;
};
std::span<const RowKind> RowKinds();
const RowKind* FindRowKind(std::string_view name);

// The tenant of a kind, by its id.
Result<tenant::TenantEntry> FindTenantOf(const Engine& engine, const RowKind& kind,
                                         std::string_view tenant_id);

// `token` names the run for UndoRows; without one rows are only judged, and nothing is written.
std::unique_ptr<Import> MakeRowsImport(Engine& engine, const RowKind& kind,
                                       const tenant::TenantEntry& tenant, std::string token);

struct Undone {
  std::string kind;
  uint64_t erased = 0;
  uint64_t gone = 0;  // Somebody else's doing, or an earlier undo's.
  std::vector<Problem> kept;
};
// kNotFound for a token that is unknown in this tenant.
Result<Undone> UndoRows(Engine& engine, const tenant::TenantEntry& tenant, std::string_view token);

// Calls `line` with the header, when `csv`, and one text per record, each with its end of line. False ends it early.
Status ExportRows(const Engine& engine, const RowKind& kind, const tenant::TenantEntry& tenant,
                  bool csv, const std::function<bool(const std::string&)>& line);

}  // namespace tenantry::porting
