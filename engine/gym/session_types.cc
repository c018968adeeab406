#include "engine/gym/session_types.h"

#include "engine/gym/names.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByNameKey = 1;
constexpr uint8_t kByActiveAndName = 2;
constexpr uint8_t kByCategoryAndName = 3;

// Takes over what was sent. `before` is the type being changed, or nothing for a new one.
Status Fill(Transaction& tx, const codec::Input<schema::GymSessionTypeInput>& in,
            const std::optional<SessionType>& before, codec::Draft<schema::GymSessionType>* draft) {
  codec::CopySent(in, draft);
  const std::string name_key(TrimName(View((*draft)->getName())));
  TNT_ASSIGN_OR_RETURN(
      const std::optional<SessionType> taken,
      tx.FindUnique<schema::GymSessionType>(kByNameKey, {std::string_view(name_key)}));
  const bool free = !taken || (before && View((*taken)->getId()) == View((*before)->getId()));
  if (!tx.trace().Check("session_type.name_free", free, {{"name", name_key}})) {
    return AlreadyExists("Session type with name " + name_key + " already exists");
  }
  (*draft)->setName(Text(name_key));
  (*draft)->setNameKey(Text(name_key));
  (*draft)->setUpdatedAt(tx.now_unix_ms());
  return Status::Ok();
}

Result<SessionType> PlanCreate(Transaction& tx, const Scope& scope,
                               const codec::Input<schema::GymSessionTypeInput>& in) {
  codec::Draft<schema::GymSessionType> draft;
  TNT_RETURN_IF_ERROR(Fill(tx, in, std::nullopt, &draft));
  draft->setId(Text(NewGymId(tx.random())));
  draft->setTenantId(Text(std::string(scope.tenant_id)));
  draft->setCreatedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Insert(draft));
  return Freeze(draft);
}

Result<SessionType> Found(Transaction& tx, std::string_view id) {
  Result<SessionType> type = GetSessionType(tx, id);
  tx.trace().Check("session_type.exists", type.ok(), {{"sessionType", id}});
  return type;
}

Result<SessionType> PlanUpdate(Transaction& tx, std::string_view id,
                               const codec::Input<schema::GymSessionTypeInput>& in) {
  TNT_ASSIGN_OR_RETURN(const SessionType before, Found(tx, id));
  codec::Draft<schema::GymSessionType> after(before);
  TNT_RETURN_IF_ERROR(Fill(tx, in, before, &after));
  TNT_RETURN_IF_ERROR(tx.Update(before, after));
  return Freeze(after);
}

Result<SessionType> PlanRetire(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const SessionType before, Found(tx, id));
  if (!before->getIsActive()) return before;
  codec::Draft<schema::GymSessionType> after(before);
  after->setIsActive(false);
  after->setUpdatedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Update(before, after));
  return Freeze(after);
}

}  // namespace

Done<SessionType> CreateSessionType(const Scope& scope,
                                    const codec::Input<schema::GymSessionTypeInput>& in) {
  return Run<SessionType>(scope, CommandKind::kGymSessionTypeCreate,
                          [&](Transaction& tx) { return PlanCreate(tx, scope, in); });
}

Done<SessionType> UpdateSessionType(const Scope& scope, std::string_view id,
                                    const codec::Input<schema::GymSessionTypeInput>& in) {
  return Run<SessionType>(scope, CommandKind::kGymSessionTypeUpdate,
                          [&](Transaction& tx) { return PlanUpdate(tx, id, in); });
}

Done<SessionType> RetireSessionType(const Scope& scope, std::string_view id) {
  return Run<SessionType>(scope, CommandKind::kGymSessionTypeRetire,
                          [&](Transaction& tx) { return PlanRetire(tx, id); });
}

Result<std::vector<SessionType>> ListSessionTypes(const SpaceReader& space,
                                                  const SessionTypeFilter& filter) {
  IndexRange range{.index = kByActiveAndName, .equal = {int64_t{filter.active}}};
  if (!filter.category.empty()) {
    range = {.index = kByCategoryAndName, .equal = {filter.category}};
  }
  std::vector<SessionType> found;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymSessionType>(range, [&](const SessionType& type) {
    if (type->getIsActive() == filter.active) found.push_back(type);
    return true;
  }));
  return found;
}

Result<SessionType> GetSessionType(const SpaceReader& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(std::optional<SessionType> type, space.Find<schema::GymSessionType>({id}));
  if (!type) return NotFound("Session type with ID " + std::string(id) + " not found");
  return *std::move(type);
}

}  // namespace tenantry::gym
