#include "engine/dump/tenant_rows.h"

#include "engine/base/bytes.h"
#include "engine/codec/stored.h"
#include "engine/codec/text_view.h"
#include "engine/keys/keys.h"
#include "engine/schema/directory.capnp.h"
#include "engine/space_meta.h"

namespace tenantry::dump {

using codec::View;

void TenantRows::Found(SpaceId space) {
  if (!all_.insert(space).second) return;
  const auto [first, last] = moved_.equal_range(space);
  for (auto from = first; from != last; ++from) Found(from->second);
}

Result<bool> TenantRows::Wants(std::string_view key, std::string_view value) {
  const std::string whole = keys::RowKey(kDirectorySpace, key);
  keys::KeyHead head;
  if (!keys::SplitHead(whole, &head)) return Corruption("a row with a malformed key");
  if (head.kind == keys::Kind::kMeta) {
    const std::string_view name = key.substr(1);
    if (name.size() == kMovedPrefix.size() + 8 && name.starts_with(kMovedPrefix) &&
        value.size() == 8) {
      moved_.emplace(LoadBig64(value.data()), LoadBig64(name.data() + kMovedPrefix.size()));
    }
    return false;
  }
  if (head.kind != keys::Kind::kRecord) return false;
  if (head.collection == schema::CollectionOf<schema::Tenant>().number) {
    TNT_ASSIGN_OR_RETURN(const auto tenant, codec::Stored<schema::Tenant>::Decode(value));
    if (View(tenant->getId()) != tenant_) return false;
    space_ = SpaceId(tenant->getSpace());
    Found(*space_);
    return true;
  }
  if (head.collection == schema::CollectionOf<schema::EmailMembership>().number) {
    TNT_ASSIGN_OR_RETURN(const auto member, codec::Stored<schema::EmailMembership>::Decode(value));
    return View(member->getTenantId()) == tenant_;
  }
  if (head.collection == schema::CollectionOf<schema::Reference>().number) {
    TNT_ASSIGN_OR_RETURN(const auto reference, codec::Stored<schema::Reference>::Decode(value));
    return all_.contains(SpaceId(reference->getSpace()));
  }
  if (head.collection == schema::CollectionOf<schema::ShopKey>().number) {
    TNT_ASSIGN_OR_RETURN(const auto shop_key, codec::Stored<schema::ShopKey>::Decode(value));
    return View(shop_key->getShopId()) == tenant_;
  }
  return false;
}

}  // namespace tenantry::dump
