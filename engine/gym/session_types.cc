#include "engine/gym/session_types.h"

#include "engine/gym/names.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByNameKey = 1;
constexpr uint8_t kByActiveAndName = 2;
constexpr uint8_t kByCategoryAndName = 3;

}  // namespace

Done<SessionType> CreateSessionType(const Scope& scope,
                                    const codec::Input<schema::GymSessionTypeInput>& in) {
  const auto plan = [&](Transaction& tx) -> Result<SessionType> {
    const std::string name_key(TrimName(View((*in).getName())));
    TNT_ASSIGN_OR_RETURN(
        const std::optional<SessionType> taken,
        tx.FindUnique<schema::GymSessionType>(kByNameKey, {std::string_view(name_key)}));
    if (!tx.trace().Check("session_type.name_free", !taken, {{"name", name_key}})) {
      return AlreadyExists("Session type with name " + name_key + " already exists");
    }
    codec::Draft<schema::GymSessionType> draft;
    codec::CopySent(in, &draft);
    draft->setId(Text(NewGymId(tx.random())));
    draft->setTenantId(Text(std::string(scope.tenant_id)));
    draft->setName(Text(name_key));
    draft->setNameKey(Text(name_key));
    draft->setCreatedAt(tx.now_unix_ms());
    draft->setUpdatedAt(tx.now_unix_ms());
    TNT_RETURN_IF_ERROR(tx.Insert(draft));
    return Freeze(draft);
  };
  return Run<SessionType>(scope, CommandKind::kGymSessionTypeCreate, plan);
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
