#include "engine/porting/gym_import.h"

#include <algorithm>
#include <utility>

#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "engine/gym/text.h"

namespace tenantry::porting {
namespace {

using tenant::Directory;

// Members whose numbers one entry holds.
constexpr size_t kStatsPerEntry = 64;

// One of the two plans is set.
struct Stage {
  TableSpec spec;
  Result<bool> (*in_directory)(DirectoryTransaction&, const RowView&) = nullptr;
  Result<bool> (*in_gym)(Transaction&, const RowView&) = nullptr;
  std::optional<schema::ReferenceKind> reference = {};  // Its ids lead to their gym.
};

const std::vector<Stage>& Stages() {
  static const std::vector<Stage> kStages = {
      {{"MOV_TENANT", "TEN_ID", {"TEN_CREATED_AT", "TEN_ID"}}, AddGym, nullptr},
      {{"MOV_MEMBER", "MEM_ID", {"MEM_TENANT_ID", "MEM_CREATED_AT", "MEM_ID"}}, AddMember, nullptr},
      {{"MOV_LOCATION", "LOC_ID", {"LOC_TENANT_ID", "LOC_ID"}},
       nullptr,
       AddLocation,
       schema::ReferenceKind::LOCATION},
      {{"MOV_SESSION_TYPE", "STY_ID", {"STY_TENANT_ID", "STY_ID"}}, nullptr, AddSessionType},
      {{"MOV_SESSION_INSTANCE", "SIN_ID", {"SIN_TENANT_ID", "SIN_START_TIME", "SIN_ID"}},
       nullptr,
       AddSession,
       schema::ReferenceKind::SESSION},
      {{"MOV_BOOKING",
        "BOK_ID",
        {"BOK_TENANT_ID", "BOK_SESSION_INSTANCE_ID", "BOK_CREATED_AT", "BOK_ID"}},
       nullptr,
       AddBooking},
      {{"PLP_MOVEMENT_EVENT",
        "MVE_ID",
        {"MVE_TENANT_ID", "MVE_MEMBER_ID", "MVE_CREATED_AT", "MVE_ID"}},
       nullptr,
       AddEvent},
      {{"MOV_WAITLIST",
        "WAI_ID",
        {"WAI_TENANT_ID", "WAI_SESSION_INSTANCE_ID", "WAI_POSITION", "WAI_ID"}},
       nullptr,
       AddWaiting},
      {{"MOV_FAVORITE", "FAV_ID", {"FAV_TENANT_ID", "FAV_MEMBER_ID", "FAV_ID"}},
       nullptr,
       AddFavorite},
      {{"MOV_INVITATION", "INV_ID", {"INV_TENANT_ID", "INV_CREATED_AT", "INV_ID"}},
       AddInvitation,
       nullptr},
      {{"PAY_MEMBERSHIP_PLAN", "MBP_ID", {"MBP_TENANT_ID", "MBP_ID"}}, nullptr, AddPlan},
      {{"PAY_MEMBERSHIP_SUBSCRIPTION", "MBS_ID", {"MBS_TENANT_ID", "MBS_CREATED_AT", "MBS_ID"}},
       nullptr,
       AddSubscription},
      {{"PAY_PAYMENT_REQUEST", "PAY_ID", {"PAY_TENANT_ID", "PAY_CREATED_AT", "PAY_ID"}},
       nullptr,
       AddCharge},
  };
  return kStages;
}

const Stage* FindStage(std::string_view table) {
  const auto found = std::find_if(Stages().begin(), Stages().end(),
                                  [table](const Stage& s) { return s.spec.name == table; });
  return found == Stages().end() ? nullptr : &*found;
}

// A command opens one new space at most, so each gym is an entry of its own.
std::string_view GroupColumn(const Stage& stage) {
  return stage.in_directory == &AddGym ? stage.spec.id : stage.spec.order.front();
}

}  // namespace

SourceTables GymTables() {
  SourceTables tables;
  for (const Stage& stage : Stages()) tables.taken.push_back(stage.spec);
  tables.left_out = {{"PAY_MPESA_TRANSACTION", "this version takes no payments"},
                     {"PAY_TRAINER_EARNINGS", "this version pays no trainers"}};
  return tables;
}

Status GymImport::Add(const SourceTable& table, SourceRow row) {
  const Stage* const stage = FindStage(table.name);
  if (stage == nullptr) return InvalidArgument("the gym has no table " + table.name);
  const std::string group(RowView(table, row).Text(GroupColumn(*stage)));
  if (batch_.full() || group != group_ || table.name != table_.name) {
    TNT_RETURN_IF_ERROR(Flush());
    table_ = table;
    group_ = group;
  }
  if (stage->in_directory == &AddGym) gyms_.emplace(RowView(table, row).Text("TEN_ID"));
  batch_.Add(std::move(row));
  return Status::Ok();
}

Status GymImport::Flush() {
  if (batch_.empty()) return Status::Ok();
  const Stage& stage = *FindStage(table_.name);
  if (stage.in_directory != nullptr) {
    return batch_.RunInDirectory(table_, stage.spec.id, stage.in_directory);
  }
  const Result<tenant::TenantEntry> gym =
      Directory::Find(engine_.View(), group_, schema::TenantKind::GYM, ReadTier::kBlocking);
  if (gym.status().code() == StatusCode::kNotFound) {
    batch_.RefuseAll(table_, stage.spec.id, NotFound("there is no gym " + group_));
    return Status::Ok();
  }
  TNT_RETURN_IF_ERROR(gym.status());
  if (stage.reference) {
    TNT_RETURN_IF_ERROR(batch_.RefuseForeign(table_, stage.spec.id, gym->ref, *stage.reference));
  }
  return batch_.Run(table_, stage.spec.id, gym->ref, stage.in_gym);
}

// A run before may have ended between bookings and numbers, so all members are looked at.
Status GymImport::RebuildStats(const tenant::TenantEntry& gym) {
  std::string after;
  while (true) {
    std::vector<std::string> ids;
    const SpaceReader space = engine_.View().Space(gym.ref, ReadTier::kBlocking);
    TNT_RETURN_IF_ERROR(space.ScanRecordBytesAfter(
        schema::CollectionOf<schema::GymMember>(), after,
        [&](std::string_view tuple, std::string_view bytes) {
          const auto member = codec::Stored<schema::GymMember>::Decode(bytes);
          if (member.ok()) ids.emplace_back(gym::View((*member)->getId()));
          after = tuple;
          return ids.size() < kStatsPerEntry;
        }));
    if (ids.empty()) return Status::Ok();
    const Outcome outcome = engine_.Execute(gym.ref, ImportInfo(), ReadTier::kBlocking,
                                            [&ids](Transaction& tx) -> Status {
                                              for (const std::string& id : ids)
                                                TNT_RETURN_IF_ERROR(gym::RebuildStats(tx, id));
                                              return Status::Ok();
                                            });
    TNT_RETURN_IF_ERROR(outcome.status);
    engine_.WaitReleased(outcome.release_index);
    if (ids.size() < kStatsPerEntry) return Status::Ok();
  }
}

void GymImport::NoteGymsWithoutOwner(const tenant::TenantEntry& gym) {
  const SpaceReader space = engine_.View().Space(gym.ref, ReadTier::kBlocking);
  const Result<bool> owned = gym::HasOtherOwnerRights(space, "");
  if (!owned.ok() || *owned) return;
  report_.AddNote("gym " + std::string(gym::View(gym.record->getId())) +
                  " has no OWNER: nobody can manage it until a member is made one");
}

Status GymImport::Finish() {
  TNT_RETURN_IF_ERROR(Flush());
  for (const std::string& id : gyms_) {
    const Result<tenant::TenantEntry> gym =
        Directory::Find(engine_.View(), id, schema::TenantKind::GYM, ReadTier::kBlocking);
    if (!gym.ok()) continue;  // Refused, with a problem.
    TNT_RETURN_IF_ERROR(RebuildStats(*gym));
    NoteGymsWithoutOwner(*gym);
  }
  return Status::Ok();
}

std::unique_ptr<Import> MakeGymImport(Engine& engine) {
  return std::make_unique<GymImport>(engine);
}

}  // namespace tenantry::porting
