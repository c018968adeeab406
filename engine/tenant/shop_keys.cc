#include "engine/tenant/shop_keys.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/commands.h"
#include "engine/tenant/directory.h"

namespace tenantry::tenant {
namespace {

constexpr uint8_t kByShop = 1;
constexpr size_t kHintChars = 4;
constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string HashOf(std::string_view key) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(key.data()), key.size());
  return FormatHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool LooksLikeKey(std::string_view key) {
  if (!key.starts_with(kShopKeyPrefix)) return false;
  key.remove_prefix(kShopKeyPrefix.size());
  return key.size() == kShopKeyRandomChars &&
         key.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::string GenerateKey(Random& random) {
  std::string key(kShopKeyPrefix);
  for (size_t i = 0; i < kShopKeyRandomChars; ++i) key += kAlphabet[random.Below(kAlphabet.size())];
  return key;
}

CommandInfo As(CommandKind kind, const CommandInfo& info) {
  CommandInfo as = info;
  as.command = static_cast<uint16_t>(kind);
  return as;
}

}  // namespace

Result<NewShopKey> CreateShopKey(Engine& engine, std::string_view shop_id, std::string_view label,
                                 const CommandInfo& info) {
  if (shop_id.empty()) return InvalidArgument("a shop id must not be empty");
  NewShopKey made;
  const Outcome outcome = engine.ExecuteDirectory(
      As(CommandKind::kKeyCreate, info), ReadTier::kBlocking,
      [&](DirectoryTransaction& tx) -> Status {
        made = {};
        TNT_ASSIGN_OR_RETURN(const auto shop, tx.Find<schema::Tenant>({shop_id}));
        if (shop.has_value() && (*shop)->getKind() != schema::TenantKind::SHOP) {
          return AlreadyExists("this shop id is taken by another tenant");
        }
        if (!shop.has_value()) {
          TNT_RETURN_IF_ERROR(
              Directory::Create(tx,
                                {.id = shop_id, .kind = schema::TenantKind::SHOP, .name = shop_id})
                  .status());
          made.shop_created = true;
        }
        made.key = GenerateKey(tx.random());
        codec::Draft<schema::ShopKey> record;
        record->setHash(HashOf(made.key));
        record->setShopId(std::string(shop_id));
        record->setLabel(std::string(label));
        record->setHint(made.key.substr(made.key.size() - kHintChars));
        record->setCreatedAt(tx.now_unix_ms());
        return tx.Insert(record);
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  made.release_index = outcome.release_index;
  return made;
}

Result<codec::Stored<schema::ShopKey>> FindShopKey(const ReadView& view, std::string_view key,
                                                   ReadTier tier) {
  if (!LooksLikeKey(key)) return NotFound("no such key");
  const std::string hash = HashOf(key);
  return view.DirectorySpace(tier).Get<schema::ShopKey>({std::string_view(hash)});
}

Result<bool> ShopHasKey(const ReadView& view, std::string_view shop_id, ReadTier tier) {
  bool found = false;
  TNT_RETURN_IF_ERROR(view.DirectorySpace(tier).ScanIndexKeys(
      schema::CollectionOf<schema::ShopKey>(), {.index = kByShop, .equal = {shop_id}},
      [&found](std::string_view) {
        found = true;
        return false;
      }));
  return found;
}

Result<std::vector<codec::Stored<schema::ShopKey>>> ListShopKeys(const ReadView& view,
                                                                 std::string_view shop_id,
                                                                 ReadTier tier) {
  std::vector<codec::Stored<schema::ShopKey>> keys;
  TNT_RETURN_IF_ERROR(view.DirectorySpace(tier).ScanIndex<schema::ShopKey>(
      {.index = kByShop, .equal = {shop_id}}, [&keys](const codec::Stored<schema::ShopKey>& key) {
        keys.push_back(key);
        return true;
      }));
  return keys;
}

Outcome RevokeShopKey(Engine& engine, std::string_view shop_id, std::string_view hint,
                      const CommandInfo& info) {
  return engine.ExecuteDirectory(
      As(CommandKind::kKeyRevoke, info), ReadTier::kBlocking,
      [&](DirectoryTransaction& tx) -> Status {
        std::vector<codec::Stored<schema::ShopKey>> matches;
        TNT_RETURN_IF_ERROR(tx.ScanIndex<schema::ShopKey>(
            {.index = kByShop, .equal = {shop_id}}, [&](const codec::Stored<schema::ShopKey>& key) {
              if (hint == std::string_view(key->getHint().cStr())) matches.push_back(key);
              return true;
            }));
        if (matches.empty()) return NotFound("this shop has no key ending in these characters");
        if (matches.size() > 1)
          return Conflict("several keys of this shop end in these characters");
        return tx.Erase(matches.front());
      });
}

}  // namespace tenantry::tenant
