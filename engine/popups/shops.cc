#include "engine/popups/shops.h"

#include <optional>
#include <string>

#include "engine/commands.h"
#include "engine/popups/metrics.h"

namespace tenantry::popups {
namespace {

// Counter of the directory space: shops that exist because of an open first write.
constexpr uint8_t kDirectoryTotals = 1;
constexpr std::string_view kOpenShops = "openShops";

Status NoShop(std::string_view shop_id) {
  return NotFound("Shop with ID " + std::string(shop_id) + " not found");
}

}  // namespace

Result<TenantRef> FindShop(const ReadView& view, std::string_view shop_id, ReadTier tier) {
  if (shop_id.empty() || shop_id.size() > kShopIdBytesMax) return NoShop(shop_id);
  Result<tenant::TenantEntry> entry =
      tenant::Directory::Find(view, shop_id, schema::TenantKind::SHOP, tier);
  if (entry.ok()) return entry->ref;
  if (entry.status().code() == StatusCode::kNotFound) return NoShop(shop_id);
  return entry.status();
}

Result<TenantRef> EnsureShop(Engine& engine, std::string_view shop_id, const ShopCreation& creation,
                             const CommandInfo& info, ReadTier tier) {
  Result<TenantRef> found = FindShop(engine.View(), shop_id, tier);
  if (found.ok() || found.status().code() != StatusCode::kNotFound || !creation.allowed) {
    return found;
  }
  std::optional<TenantRef> ref;
  CommandInfo create = info;
  create.command = static_cast<uint16_t>(CommandKind::kTenantCreate);
  const Outcome outcome = engine.ExecuteDirectory(create, tier, [&](DirectoryTransaction& tx) {
    ref.reset();
    // Another first write may have won since the view was read.
    TNT_ASSIGN_OR_RETURN(const auto existing, tx.Find<schema::Tenant>({shop_id}));
    if (existing.has_value()) {
      if ((*existing)->getKind() != schema::TenantKind::SHOP) {
        return AlreadyExists("this shop id is taken by another tenant");
      }
      ref = tenant::Directory::RefOf(**existing);
      return Status::Ok();
    }
    TNT_ASSIGN_OR_RETURN(const int64_t open, tx.Counter(kDirectoryTotals, kShopOwner, kOpenShops));
    if (!tx.trace().Check("shop.open_limit", open < int64_t{creation.shops_max},
                          {{"shops", open}, {"max", creation.shops_max}})) {
      return PermissionDenied("no more shops can be created without a key");
    }
    TNT_ASSIGN_OR_RETURN(
        SpaceWriter * space,
        tenant::Directory::Create(
            tx, {.id = shop_id, .kind = schema::TenantKind::SHOP, .name = shop_id}));
    static_cast<void>(space);
    TNT_RETURN_IF_ERROR(tx.SetCounter(kDirectoryTotals, kShopOwner, kOpenShops, 0, open + 1));
    TNT_ASSIGN_OR_RETURN(const auto created, tx.Get<schema::Tenant>({shop_id}));
    ref = tenant::Directory::RefOf(*created);
    return Status::Ok();
  });
  TNT_RETURN_IF_ERROR(outcome.status);
  return *ref;
}

}  // namespace tenantry::popups
