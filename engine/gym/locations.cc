#include "engine/gym/locations.h"

#include "engine/gym/local_day.h"
#include "engine/gym/names.h"
#include "engine/gym/text.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByNameKey = 1;
constexpr uint8_t kByActiveAndName = 2;

}  // namespace

Done<Location> CreateLocation(const Scope& scope,
                              const codec::Input<schema::GymLocationInput>& in) {
  const auto plan = [&](Transaction& tx) -> Result<Location> {
    const std::string zone =
        View((*in).getTimezone()).empty() ? "UTC" : String((*in).getTimezone());
    if (!tx.trace().Check("location.time_zone_known", IsTimeZone(zone), {{"timezone", zone}})) {
      return InvalidFields({"timezone must be a valid IANA time zone"});
    }
    const std::string name_key(TrimName(View((*in).getName())));
    TNT_ASSIGN_OR_RETURN(
        const std::optional<Location> taken,
        tx.FindUnique<schema::GymLocation>(kByNameKey, {std::string_view(name_key)}));
    if (!tx.trace().Check("location.name_free", !taken, {{"name", name_key}})) {
      return AlreadyExists("Location with name " + name_key + " already exists");
    }

    codec::Draft<schema::GymLocation> draft;
    codec::CopySent(in, &draft);
    const std::string id = NewGymId(tx.random());
    draft->setId(Text(id));
    draft->setTenantId(Text(std::string(scope.tenant_id)));
    draft->setName(Text(name_key));
    draft->setNameKey(Text(name_key));
    draft->setTimezone(Text(zone));
    draft->setCreatedAt(tx.now_unix_ms());
    draft->setUpdatedAt(tx.now_unix_ms());
    TNT_RETURN_IF_ERROR(tx.Insert(draft));
    TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::LOCATION, id));
    return Freeze(draft);
  };
  return Run<Location>(scope, CommandKind::kGymLocationCreate, plan);
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
