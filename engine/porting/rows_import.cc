#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/ids.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/text.h"
#include "engine/porting/gym_import.h"
#include "engine/porting/popups_import.h"
#include "engine/porting/rows.h"
#include "engine/porting/rows_undo.h"

namespace tenantry::porting {
namespace {

// Names a row in reports, as people count them. Not a name that a field can have.
constexpr std::string_view kNumberColumn = "#row";

const std::vector<RowKind>& Kinds() {
  using schema::TenantKind;
  static const std::vector<RowKind> kKinds = {
      {"members", TenantKind::GYM, "MOV_MEMBER", MemberColumns(), "tenantId",
       &schema::CollectionOf<schema::GymMember>()},
      {"sessions", TenantKind::GYM, "MOV_SESSION_INSTANCE", SessionColumns(), "tenantId",
       &schema::CollectionOf<schema::GymSession>()},
      {"bookings", TenantKind::GYM, "MOV_BOOKING", BookingColumns(), "tenantId",
       &schema::CollectionOf<schema::GymBooking>()},
      {"subscribers", TenantKind::SHOP, "email_subscribers", SubscriberColumns(), "shopId",
       &schema::CollectionOf<schema::EmailSubscriber>()},
      {"codes", TenantKind::SHOP, "discount_codes", CodeColumns(), "shopId",
       &schema::CollectionOf<schema::DiscountCode>()},
      {"popups", TenantKind::SHOP, "popups", PopupColumns(), "shopId",
       &schema::CollectionOf<schema::Popup>()},
  };
  return kKinds;
}

// Fields that a table need not have, and what they are then.
struct Fallback {
  std::string_view kind;
  std::string_view field;
  std::string_view cell;  // Empty: the time of the import.
};
constexpr Fallback kFallbacks[] = {
    {"", "createdAt", ""},
    {"", "updatedAt", ""},
    {"bookings", "bookedAt", ""},
    {"codes", "isActive", "true"},
    {"subscribers", "isActive", "true"},
};

class RowsImport final : public Import {
 public:
  RowsImport(Engine& engine, const RowKind& kind, tenant::TenantEntry tenant, std::string token)
      : engine_(engine),
        batch_(engine, report_),
        kind_(kind),
        tenant_(std::move(tenant)),
        token_(std::move(token)) {
    table_.name = kind.name;
    if (token_.empty()) batch_.JudgeOnly();
    for (const ColumnField& column : kind.columns) table_.columns.emplace_back(column.column);
    table_.columns.emplace_back(kNumberColumn);
  }

  Status Add(const SourceTable& table, SourceRow row) override {
    if (batch_.full()) TNT_RETURN_IF_ERROR(Flush());
    batch_.Add(Translate(RowView(table, row)));
    return Status::Ok();
  }
  Status Finish() override { return Flush(); }

 private:
  SourceRow Translate(const RowView& given);
  Status Flush();
  Result<bool> PlanInGym(Transaction& tx, const RowView& row) const;
  Status Note(SpaceWriter& space, const RowView& row) const;
  std::string_view IdColumn() const { return kind_.columns.front().column; }

  Engine& engine_;
  RowBatch batch_;
  const RowKind& kind_;
  const tenant::TenantEntry tenant_;
  const std::string token_;
  SourceTable table_;  // As the original has it, and a row's number.
  uint64_t rows_ = 0;
};

SourceRow RowsImport::Translate(const RowView& given) {
  const std::string now = std::to_string(engine_.clock().NowUnixMs());
  SourceRow row;
  for (const ColumnField& column : kind_.columns) {
    std::optional<std::string> cell = given.Cell(column.field);
    if (cell && cell->empty()) cell.reset();
    if (column.field == kind_.tenant_field) cell = gym::String(tenant_.record->getId());
    if (!cell && &column == &kind_.columns.front()) {
      cell = kind_.tenant == schema::TenantKind::GYM ? NewGymId(engine_.random())
                                                     : NewUuid(engine_.random());
    }
    for (const Fallback& fallback : kFallbacks) {
      const bool meant =
          fallback.field == column.field && (fallback.kind.empty() || fallback.kind == kind_.name);
      if (!cell && meant) cell = fallback.cell.empty() ? now : std::string(fallback.cell);
    }
    row.cells.push_back(std::move(cell));
  }
  row.cells.emplace_back(std::to_string(++rows_));
  return row;
}

Status RowsImport::Note(SpaceWriter& space, const RowView& row) const {
  return NoteAdded(space, {.token = token_,
                           .kind = kind_.name,
                           .number = row.Text(kNumberColumn),
                           .id = row.Text(IdColumn())});
}

Result<bool> RowsImport::PlanInGym(Transaction& tx, const RowView& row) const {
  using Plan = Result<bool> (*)(Transaction&, const RowView&);
  constexpr std::pair<std::string_view, Plan> kPlans[] = {{"sessions", AddSession},
                                                          {"bookings", AddBooking},
                                                          {"popups", AddPopup},
                                                          {"subscribers", AddSubscriber},
                                                          {"codes", AddCode}};
  const auto plan = std::find_if(std::begin(kPlans), std::end(kPlans),
                                 [this](const auto& p) { return p.first == kind_.name; });
  TNT_CHECK(plan != std::end(kPlans));
  TNT_ASSIGN_OR_RETURN(const bool added, plan->second(tx, row));
  if (!added) return false;
  if (kind_.name == "bookings") {
    TNT_RETURN_IF_ERROR(gym::RebuildStats(tx, row.Text("BOK_MEMBER_ID")));
  }
  TNT_RETURN_IF_ERROR(Note(tx, row));
  return true;
}

Status RowsImport::Flush() {
  if (batch_.empty()) return Status::Ok();
  if (kind_.name == "members") {
    return batch_.RunInDirectory(
        table_, kNumberColumn,
        [this](DirectoryTransaction& tx, const RowView& row) -> Result<bool> {
          TNT_ASSIGN_OR_RETURN(const bool added, AddMember(tx, row));
          if (!added) return false;
          TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.OpenSpace(tenant_.ref.space()));
          TNT_RETURN_IF_ERROR(Note(*space, row));
          return true;
        });
  }
  if (kind_.name == "sessions" || kind_.name == "popups") {
    const auto kind =
        kind_.name == "popups" ? schema::ReferenceKind::POPUP : schema::ReferenceKind::SESSION;
    TNT_RETURN_IF_ERROR(batch_.RefuseForeign(table_, IdColumn(), tenant_.ref, kind));
  }
  return batch_.Run(table_, kNumberColumn, tenant_.ref,
                    [this](Transaction& tx, const RowView& row) { return PlanInGym(tx, row); });
}

}  // namespace

std::span<const RowKind> RowKinds() {
  return Kinds();
}

const RowKind* FindRowKind(std::string_view name) {
  const auto found = std::find_if(Kinds().begin(), Kinds().end(),
                                  [name](const RowKind& kind) { return kind.name == name; });
  return found == Kinds().end() ? nullptr : &*found;
}

Result<tenant::TenantEntry> FindTenantOf(const Engine& engine, const RowKind& kind,
                                         std::string_view tenant_id) {
  Result<tenant::TenantEntry> found =
      tenant::Directory::Find(engine.View(), tenant_id, kind.tenant, ReadTier::kBlocking);
  if (found.ok() || found.status().code() != StatusCode::kNotFound) return found;
  const bool gym = kind.tenant == schema::TenantKind::GYM;
  return NotFound(std::string(gym ? "no gym " : "no shop ") + std::string(tenant_id));
}

std::unique_ptr<Import> MakeRowsImport(Engine& engine, const RowKind& kind,
                                       const tenant::TenantEntry& tenant, std::string token) {
  return std::make_unique<RowsImport>(engine, kind, tenant, std::move(token));
}

}  // namespace tenantry::porting
