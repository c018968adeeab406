#include "engine/gym/locations.h"

#include "engine/gym/local_day.h"
#include "engine/gym/names.h"
#include "engine/gym/text.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByNameKey = 1;
constexpr uint8_t kByActiveAndName = 2;

// Takes over what was sent. `before` is the place being changed, or nothing for a new one.
Status Fill(Transaction& tx, const codec::Input<schema::GymLocationInput>& in,
            const std::optional<Location>& before, codec::Draft<schema::GymLocation>* draft) {
  codec::CopySent(in, draft);
  const std::string zone =
      View((*draft)->getTimezone()).empty() ? "UTC" : String((*draft)->getTimezone());
  if (!tx.trace().Check("location.time_zone_known", IsTimeZone(zone), {{"timezone", zone}})) {
    return InvalidFields({"timezone must be a valid IANA time zone"});
  }
  const std::string name_key(TrimName(View((*draft)->getName())));
  TNT_ASSIGN_OR_RETURN(
      const std::optional<Location> taken,
      tx.FindUnique<schema::GymLocation>(kByNameKey, {std::string_view(name_key)}));
  const bool free = !taken || (before && View((*taken)->getId()) == View((*before)->getId()));
  if (!tx.trace().Check("location.name_free", free, {{"name", name_key}})) {
    return AlreadyExists("Location with name " + name_key + " already exists");
  }
  (*draft)->setName(Text(name_key));
  (*draft)->setNameKey(Text(name_key));
  (*draft)->setTimezone(Text(zone));
  (*draft)->setUpdatedAt(tx.now_unix_ms());
  return Status::Ok();
}

Result<Location> PlanCreate(Transaction& tx, const Scope& scope,
                            const codec::Input<schema::GymLocationInput>& in) {
  codec::Draft<schema::GymLocation> draft;
  TNT_RETURN_IF_ERROR(Fill(tx, in, std::nullopt, &draft));
  const std::string id = NewGymId(tx.random());
  draft->setId(Text(id));
  draft->setTenantId(Text(std::string(scope.tenant_id)));
  draft->setCreatedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Insert(draft));
  TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::LOCATION, id));
  return Freeze(draft);
}

Result<Location> Found(Transaction& tx, std::string_view id) {
  Result<Location> location = GetLocation(tx, id);
  tx.trace().Check("location.exists", location.ok(), {{"location", id}});
  return location;
}

Result<Location> PlanUpdate(Transaction& tx, std::string_view id,
                            const codec::Input<schema::GymLocationInput>& in) {
  TNT_ASSIGN_OR_RETURN(const Location before, Found(tx, id));
  codec::Draft<schema::GymLocation> after(before);
  TNT_RETURN_IF_ERROR(Fill(tx, in, before, &after));
  TNT_RETURN_IF_ERROR(tx.Update(before, after));
  return Freeze(after);
}

Result<Location> PlanClose(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const Location before, Found(tx, id));
  if (!before->getIsActive()) return before;
  codec::Draft<schema::GymLocation> after(before);
  after->setIsActive(false);
  after->setUpdatedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Update(before, after));
  return Freeze(after);
}

}  // namespace

Done<Location> CreateLocation(const Scope& scope,
                              const codec::Input<schema::GymLocationInput>& in) {
  return Run<Location>(scope, CommandKind::kGymLocationCreate,
                       [&](Transaction& tx) { return PlanCreate(tx, scope, in); });
}

Done<Location> UpdateLocation(const Scope& scope, std::string_view id,
                              const codec::Input<schema::GymLocationInput>& in) {
  return Run<Location>(scope, CommandKind::kGymLocationUpdate,
                       [&](Transaction& tx) { return PlanUpdate(tx, id, in); });
}

Done<Location> CloseLocation(const Scope& scope, std::string_view id) {
  return Run<Location>(scope, CommandKind::kGymLocationClose,
                       [&](Transaction& tx) { return PlanClose(tx, id); });
}

Result<std::vector<Location>> ListLocations(const SpaceReader& space, size_t limit) {
  std::vector<Location> found;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymLocation>(
      {.index = kByActiveAndName, .equal = {int64_t{1}}}, [&](const Location& location) {
        if (found.size() == limit) return false;
        found.push_back(location);
        return true;
      }));
  return found;
}

Result<Location> GetLocation(const SpaceReader& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(std::optional<Location> location, space.Find<schema::GymLocation>({id}));
  if (!location) return NotFound("Location with ID " + std::string(id) + " not found");
  return *std::move(location);
}

}  // namespace tenantry::gym
