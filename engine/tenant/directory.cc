#include "engine/tenant/directory.h"

#include <charconv>

#include "engine/base/bytes.h"
#include "engine/commands.h"
#include "engine/schema/annotations.capnp.h"
#include "engine/space_meta.h"

namespace tenantry::tenant {
namespace {

constexpr std::string_view kNextGymCodeMeta = "next_gym_code";  // Big-endian u64.
constexpr std::string_view kNextTrainerCodeMeta = "next_trainer_code";
constexpr uint8_t kByKind = 3;      // Index of Tenant.
constexpr uint8_t kKeysByShop = 1;  // Index of ShopKey.
constexpr uint8_t kByGymName = 1;
constexpr uint8_t kByCode = 2;
constexpr std::string_view kTokenSecretName = "jwt";
// A tenant that was restored over more often, and undone, than this is not looked for.
constexpr int kMovesMax = 64;

std::string_view Trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// GYM0001 and on; a counter, so that codes never come back after a delete.
Result<std::string> NextCode(DirectoryTransaction& tx, std::string_view meta,
                             std::string_view prefix) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> stored, tx.Meta(meta));
  const uint64_t number = stored ? LoadBig64(stored->data()) : 1;
  std::string next;
  AppendBig64(&next, number + 1);
  TNT_RETURN_IF_ERROR(tx.SetMeta(meta, next));
  std::string digits = std::to_string(number);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return std::string(prefix) + digits;
}

}  // namespace

Result<std::string> NextTrainerCode(DirectoryTransaction& tx) {
  return NextCode(tx, kNextTrainerCodeMeta, "TR");
}

Result<std::string> NextGymCode(DirectoryTransaction& tx) {
  return NextCode(tx, kNextGymCodeMeta, "GYM");
}

Status NoteForeignCode(DirectoryTransaction& tx, std::string_view code) {
  const bool gym = code.starts_with("GYM");
  if (!gym && !code.starts_with("TR")) return Status::Ok();
  const std::string_view digits = code.substr(gym ? 3 : 2);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return Status::Ok();
  const std::string_view meta = gym ? kNextGymCodeMeta : kNextTrainerCodeMeta;
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> stored, tx.Meta(meta));
  if (stored && LoadBig64(stored->data()) > number) return Status::Ok();
  std::string next;
  AppendBig64(&next, number + 1);
  return tx.SetMeta(meta, next);
}

bool IsSuspended(const schema::Tenant::Reader& tenant) {
  return tenant.getSuspendedAt() != schema::NULL_INT;
}

TenantRef Directory::RefOf(const schema::Tenant::Reader& tenant) {
  return TenantRef(SpaceId(tenant.getSpace()));
}

Status Suspended() {
  return PermissionDenied("this account is suspended; its operator can resume it");
}

Result<TenantEntry> Directory::Find(const ReadView& view, std::string_view id,
                                    schema::TenantKind kind, ReadTier tier) {
  TNT_ASSIGN_OR_RETURN(TenantEntry entry, FindAlsoSuspended(view, id, kind, tier));
  if (IsSuspended(*entry.record)) return Suspended();
  return entry;
}

Result<TenantEntry> Directory::FindAlsoSuspended(const ReadView& view, std::string_view id,
                                                 schema::TenantKind kind, ReadTier tier) {
  TNT_ASSIGN_OR_RETURN(codec::Stored<schema::Tenant> record,
                       view.DirectorySpace(tier).Get<schema::Tenant>({id}));
  if (record->getKind() != kind) return NotFound("no such tenant");
  const TenantRef ref = RefOf(*record);
  return TenantEntry{ref, std::move(record)};
}

Result<TenantRef> Directory::FindByReference(const ReadView& view, schema::ReferenceKind kind,
                                             std::string_view id, ReadTier tier) {
  const SpaceReader directory = view.DirectorySpace(tier);
  TNT_ASSIGN_OR_RETURN(const codec::Stored<schema::Reference> reference,
                       directory.Get<schema::Reference>({static_cast<int64_t>(kind), id}));
  return FindServed(view, SpaceId(reference->getSpace()), tier);
}

// Follows a space that a restore replaced to the one its tenant has now: references and tokens name the old one.
Result<TenantRef> Directory::FindServed(const ReadView& view, SpaceId space, ReadTier tier) {
  for (int moves = 0; moves < kMovesMax; ++moves) {
    const TenantRef ref(space);
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive,
                         view.Space(ref, tier).Meta(kAliveMeta));
    if (alive && HasFlag(*alive, kSuspendedFlag)) return Suspended();
    if (alive) return ref;
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> moved,
                         view.DirectorySpace(tier).Meta(SpaceMeta(kMovedPrefix, space)));
    if (!moved || moved->size() != 8) break;
    space = SpaceId(LoadBig64(moved->data()));
  }
  return NotFound("no such tenant");
}

Result<TenantRef> Directory::FindBySpace(const ReadView& view, SpaceId space, ReadTier tier) {
  const TenantRef ref(space);
  TNT_ASSIGN_OR_RETURN(const bool alive, IsAlive(view.Space(ref, tier)));
  if (!alive) return NotFound("no such tenant");
  return ref;
}

Result<std::optional<std::string>> Directory::IdOfSpace(const ReadView& view, SpaceId space,
                                                        ReadTier tier) {
  return view.Space(TenantRef(space), tier).Meta(kTenantMeta);
}

Result<std::vector<TenantEntry>> Directory::List(const ReadView& view, schema::TenantKind kind,
                                                 ReadTier tier, size_t rows_max) {
  std::vector<TenantEntry> tenants;
  IndexRange range;
  range.index = kByKind;
  range.equal = {static_cast<int64_t>(kind)};
  TNT_RETURN_IF_ERROR(view.DirectorySpace(tier).ScanIndex<schema::Tenant>(
      range, [&tenants, rows_max](const codec::Stored<schema::Tenant>& tenant) {
        tenants.push_back({RefOf(*tenant), tenant});
        return tenants.size() < rows_max;
      }));
  return tenants;
}

Result<SpaceWriter*> Directory::Create(DirectoryTransaction& tx, const NewTenant& tenant) {
  TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.CreateSpace());
  TNT_RETURN_IF_ERROR(space->SetMeta(kTenantMeta, tenant.id));
  codec::Draft<schema::Tenant> record;
  record->setId(std::string(tenant.id));
  record->setKind(tenant.kind);
  record->setSpace(space->space().value());
  const std::string name(Trimmed(tenant.name));
  record->setName(name);
  if (tenant.kind == schema::TenantKind::GYM) {
    std::string code(tenant.code);
    if (code.empty()) {
      TNT_ASSIGN_OR_RETURN(code, NextGymCode(tx));
    } else {
      TNT_RETURN_IF_ERROR(NoteForeignCode(tx, code));
    }
    record->setGymName(name);
    record->setCode(code);
  }
  const bool moved_in = tenant.created_unix_ms != 0;
  record->setCreatedAt(moved_in ? tenant.created_unix_ms : tx.now_unix_ms());
  record->setUpdatedAt(moved_in ? tenant.updated_unix_ms : tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Insert(record));
  return space;
}

Status Directory::CheckGymFree(const DirectoryTransaction& tx, std::string_view name,
                               std::string_view code) {
  TNT_ASSIGN_OR_RETURN(const auto named,
                       tx.FindUnique<schema::Tenant>(kByGymName, {Trimmed(name)}));
  if (named) return AlreadyExists("another gym has this name");
  if (code.empty()) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const auto coded, tx.FindUnique<schema::Tenant>(kByCode, {code}));
  return coded ? AlreadyExists("another gym has this code") : Status::Ok();
}

Status Directory::Delete(DirectoryTransaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const codec::Stored<schema::Tenant> record, tx.Get<schema::Tenant>({id}));
  TNT_RETURN_IF_ERROR(tx.DropSpace(SpaceId(record->getSpace())));
  // A later shop of the same name must not be opened by the keys of this one.
  std::vector<codec::Stored<schema::ShopKey>> keys;
  IndexRange range;
  range.index = kKeysByShop;
  range.equal = {id};
  TNT_RETURN_IF_ERROR(
      tx.ScanIndex<schema::ShopKey>(range, [&keys](const codec::Stored<schema::ShopKey>& key) {
        keys.push_back(key);
        return true;
      }));
  for (const codec::Stored<schema::ShopKey>& key : keys) TNT_RETURN_IF_ERROR(tx.Erase(key));
  return tx.Erase(record);
}

Status Directory::SetSuspended(DirectoryTransaction& tx, std::string_view id, bool suspended) {
  TNT_ASSIGN_OR_RETURN(const codec::Stored<schema::Tenant> record, tx.Get<schema::Tenant>({id}));
  if (IsSuspended(*record) == suspended) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.OpenSpace(SpaceId(record->getSpace())));
  TNT_RETURN_IF_ERROR(space->SetSuspended(suspended));
  codec::Draft<schema::Tenant> changed(record);
  changed->setSuspendedAt(suspended ? tx.now_unix_ms() : schema::NULL_INT);
  changed->setUpdatedAt(tx.now_unix_ms());
  return tx.Update(record, changed);
}

Status PutReference(Transaction& tx, schema::ReferenceKind kind, std::string_view id) {
  codec::Draft<schema::Reference> reference;
  reference->setKind(kind);
  reference->setId(std::string(id));
  reference->setSpace(tx.space().value());
  return tx.PutInDirectory(reference);
}

Status EraseReference(Transaction& tx, schema::ReferenceKind kind, std::string_view id) {
  return tx.EraseInDirectory<schema::Reference>({static_cast<int64_t>(kind), id});
}

namespace {

Status LoadTokenSecret(const codec::Stored<schema::ClusterSecret>& stored, TokenSecret* secret) {
  secret->kid = stored->getKid().cStr();
  return ParseHex(stored->getSecret().cStr(), &secret->key)
             ? Status::Ok()
             : Corruption("the token secret is not hexadecimal");
}

}  // namespace

Result<TokenSecret> EnsureTokenSecret(Engine& engine) {
  TokenSecret secret;
  // Looking first: a server on a full disk must still start.
  const SpaceReader directory = engine.View().DirectorySpace(ReadTier::kBlocking);
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::ClusterSecret>> known,
                       directory.Find<schema::ClusterSecret>({kTokenSecretName}));
  if (known) {
    TNT_RETURN_IF_ERROR(LoadTokenSecret(*known, &secret));
    return secret;
  }
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kBootstrap), "system", ""};
  const Outcome outcome = engine.ExecuteDirectory(
      info, ReadTier::kBlocking, [&secret](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::ClusterSecret>> stored,
                             tx.Find<schema::ClusterSecret>({kTokenSecretName}));
        if (stored) return LoadTokenSecret(*stored, &secret);
        secret.kid = FormatHex(tx.random().Bytes(4));
        secret.key = tx.random().Bytes(32);
        codec::Draft<schema::ClusterSecret> record;
        record->setName(std::string(kTokenSecretName));
        record->setKid(secret.kid);
        record->setSecret(FormatHex(secret.key));
        record->setCreatedAt(tx.now_unix_ms());
        return tx.Insert(record);
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return secret;
}

bool HasTokenSecret(const ReadView& view) {
  const SpaceReader directory = view.DirectorySpace(ReadTier::kBlocking);
  const auto known = directory.Find<schema::ClusterSecret>({kTokenSecretName});
  return known.ok() && known->has_value();
}

}  // namespace tenantry::tenant
