#pragma once
// Directory: which tenants exist and where their data lives. Everything that crosses tenants goes through here, and it is
// the only maker of TenantRef, so an engine call without a looked-up tenant cannot be written.
//
// Errors   lookups: kNotFound when there is no such tenant, kWouldBlock on the inline tier when the row is not cached.
//          kPermissionDenied while the tenant is suspended. Creation: kAlreadyExists when an id, gym name or code is taken.
// Threads  any; stateless apart from the engine it borrows.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::tenant {

struct TenantEntry {
  TenantRef ref;
  codec::Stored<schema::Tenant> record;
};

struct NewTenant {
  std::string_view id;
  schema::TenantKind kind;
  std::string_view name;
  // Of a gym that moves in from elsewhere: its code, kept, and its times. Empty and 0: the next code, and now.
  std::string_view code = {};
  int64_t created_unix_ms = 0;
  int64_t updated_unix_ms = 0;
};

class Directory {
 public:
  // Lookups in one view.
  static Result<TenantEntry> Find(const ReadView& view, std::string_view id,
                                  schema::TenantKind kind, ReadTier tier);
  // For sign-in, which says so only to who knows the password.
  static Result<TenantEntry> FindAlsoSuspended(const ReadView& view, std::string_view id,
                                               schema::TenantKind kind, ReadTier tier);
  // The tenant that owns a random id, such as a popup's.
  static Result<TenantRef> FindByReference(const ReadView& view, schema::ReferenceKind kind,
                                           std::string_view id, ReadTier tier);
  // For tokens that carry their space. kNotFound when the space was dropped.
  static Result<TenantRef> FindServed(const ReadView& view, SpaceId space, ReadTier tier);
  // The same for background work, which goes on while the tenant is suspended.
  static Result<TenantRef> FindBySpace(const ReadView& view, SpaceId space, ReadTier tier);
  // The id of a space's tenant, as logs name it; nullopt for the directory and for spaces older than this row.
  static Result<std::optional<std::string>> IdOfSpace(const ReadView& view, SpaceId space,
                                                      ReadTier tier);
  // The tenants of a kind, in order of creation, at most `rows_max` of them.
  static Result<std::vector<TenantEntry>> List(const ReadView& view, schema::TenantKind kind,
                                               ReadTier tier, size_t rows_max = SIZE_MAX);
  // The tenant of a loaded directory record.
  static TenantRef RefOf(const schema::Tenant::Reader& tenant);

  // Steps of directory commands. Creates the space and the directory row; a gym also gets its unique name and the next
  // code (GYM0001, wider past 9999).
  static Result<SpaceWriter*> Create(DirectoryTransaction& tx, const NewTenant& tenant);
  // kAlreadyExists naming what another gym has: the name, or the code unless it is empty.
  static Status CheckGymFree(const DirectoryTransaction& tx, std::string_view name,
                             std::string_view code);
  // Removes the mapping, which ends every read and command of the tenant at once; bytes are reclaimed later.
  static Status Delete(DirectoryTransaction& tx, std::string_view id);
  // Stops or resumes serving a tenant. Fine when it already is so.
  static Status SetSuspended(DirectoryTransaction& tx, std::string_view id, bool suspended);
};

bool IsSuspended(const schema::Tenant::Reader& tenant);
// What requests of a suspended tenant are refused with.
Status Suspended();

// GYM0001 and on, wider past 9999.
Result<std::string> NextGymCode(DirectoryTransaction& tx);
// A code that came from elsewhere (GYM… or TR…): later ones are higher.
Status NoteForeignCode(DirectoryTransaction& tx, std::string_view code);
// TR0001 and on, wider past 9999: unique across gyms, because trainers work for several.
Result<std::string> NextTrainerCode(DirectoryTransaction& tx);

// Random id -> space, written with the entity it names.
Status PutReference(Transaction& tx, schema::ReferenceKind kind, std::string_view id);
Status EraseReference(Transaction& tx, schema::ReferenceKind kind, std::string_view id);

// Secrets that every node of a cluster shares. Made on the first start, in the log, and so replicated.
struct TokenSecret {
  std::string kid;
  std::string key;  // 32 random bytes.
};
Result<TokenSecret> EnsureTokenSecret(Engine& engine);
// A follower has none until its leader's first entries arrived.
bool HasTokenSecret(const ReadView& view);

}  // namespace tenantry::tenant
