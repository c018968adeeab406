#include "server/admin/admin_commands.h"

#include "engine/base/bytes.h"
#include "engine/base/time_format.h"
#include "engine/commands.h"
#include "engine/popups/plans.h"
#include "engine/popups/shops.h"
#include "engine/tenant/directory.h"
#include "engine/tenant/shop_keys.h"
#include "server/admin/dump_commands.h"
#include "server/admin/import_command.h"
#include "server/admin/inspect_command.h"
#include "server/admin/job_commands.h"
#include "server/admin/status_command.h"
#include "server/admin/verify_command.h"

namespace tenantry::server {
namespace {

using tenant::Directory;

constexpr ReadTier kTier = ReadTier::kBlocking;

CommandInfo Info(CommandKind kind) {
  const bool frees_space = kind == CommandKind::kTenantDelete || kind == CommandKind::kKeyRevoke;
  return {static_cast<uint16_t>(kind), "admin", "", frees_space};
}

AdminReply Failed(const Status& status) {
  return {ExitCodeOf(status), "", std::string(status.message())};
}

AdminReply CreateKey(Engine& engine, const AdminRequest& request) {
  const std::string& shop = request.Argument("shop");
  if (shop.empty()) return {kExitUsage, "", "key create needs --shop"};
  const Result<tenant::NewShopKey> key =
      tenant::CreateShopKey(engine, shop, request.Argument("label"), Info(CommandKind::kKeyCreate));
  if (!key.ok()) return Failed(key.status());
  engine.WaitReleased(key->release_index);
  AdminReply reply;
  reply.output = key->key + "\n";
  reply.error = std::string(key->shop_created ? "created shop " : "new key for shop ") + shop +
                "; the key is shown only now";
  return reply;
}

AdminReply ListKeys(Engine& engine, const AdminRequest& request) {
  const std::string& shop = request.Argument("shop");
  const auto known = Directory::Find(engine.View(), shop, schema::TenantKind::SHOP, kTier);
  if (known.status().code() == StatusCode::kNotFound) return {kExitNotFound, "", "no shop " + shop};
  const auto keys = tenant::ListShopKeys(engine.View(), shop, kTier);
  if (!keys.ok()) return Failed(keys.status());
  AdminReply reply;
  for (const codec::Stored<schema::ShopKey>& key : *keys) {
    reply.output += "tnt_..." + std::string(key->getHint().cStr()) + "\t" +
                    FormatInstant(key->getCreatedAt()) + "\t" + key->getLabel().cStr() + "\n";
  }
  return reply;
}

AdminReply RevokeKey(Engine& engine, const AdminRequest& request) {
  const Outcome outcome = tenant::RevokeShopKey(
      engine, request.Argument("shop"), request.Argument("hint"), Info(CommandKind::kKeyRevoke));
  if (!outcome.status.ok()) return Failed(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return {kExitOk, "revoked\n", ""};
}

void AppendTenants(const std::vector<tenant::TenantEntry>& tenants, std::string_view kind,
                   std::string* out) {
  for (const tenant::TenantEntry& entry : tenants) {
    const schema::Tenant::Reader& record = *entry.record;
    out->append(record.getId().cStr()).append("\t").append(kind).append("\t");
    out->append(record.getName().cStr()).append("\t");
    out->append(FormatInstant(record.getCreatedAt()));
    out->append(tenant::IsSuspended(record) ? "\tsuspended\n" : "\n");
  }
}

AdminReply ListTenants(Engine& engine) {
  const ReadView view = engine.View();
  const auto gyms = Directory::List(view, schema::TenantKind::GYM, kTier);
  const auto shops = Directory::List(view, schema::TenantKind::SHOP, kTier);
  if (!gyms.ok()) return Failed(gyms.status());
  if (!shops.ok()) return Failed(shops.status());
  AdminReply reply;
  AppendTenants(*gyms, "gym", &reply.output);
  AppendTenants(*shops, "shop", &reply.output);
  return reply;
}

AdminReply CreateTenant(Engine& engine, const AdminRequest& request) {
  const std::string& shop = request.Argument("shop");
  if (shop.empty())
    return {kExitUsage, "", "tenant create needs --shop; gyms are made by signing up"};
  const Outcome outcome = engine.ExecuteDirectory(
      Info(CommandKind::kTenantCreate), kTier, [&shop](DirectoryTransaction& tx) {
        return Directory::Create(tx, {shop, schema::TenantKind::SHOP, shop}).status();
      });
  if (outcome.status.code() == StatusCode::kAlreadyExists) {
    return {kExitFailed, "", "there is a tenant " + shop + " already"};
  }
  if (!outcome.status.ok()) return Failed(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return {kExitOk, shop + "\n", ""};
}

AdminReply DeleteTenant(Engine& engine, const AdminRequest& request) {
  const std::string& id = request.Argument("id");
  const Outcome outcome = engine.ExecuteDirectory(
      Info(CommandKind::kTenantDelete), kTier,
      [&id](DirectoryTransaction& tx) { return Directory::Delete(tx, id); });
  if (outcome.status.code() == StatusCode::kNotFound) return {kExitNotFound, "", "no tenant " + id};
  if (!outcome.status.ok()) return Failed(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return {kExitOk, "deleted " + id + "\n", ""};
}

AdminReply SuspendTenant(Engine& engine, const AdminRequest& request, bool suspended) {
  const std::string& id = request.Argument("id");
  const CommandKind kind = suspended ? CommandKind::kTenantSuspend : CommandKind::kTenantResume;
  const Outcome outcome =
      engine.ExecuteDirectory(Info(kind), kTier, [&id, suspended](DirectoryTransaction& tx) {
        return Directory::SetSuspended(tx, id, suspended);
      });
  if (outcome.status.code() == StatusCode::kNotFound) return {kExitNotFound, "", "no tenant " + id};
  if (!outcome.status.ok()) return Failed(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return {kExitOk, (suspended ? "suspended " : "resumed ") + id + "\n", ""};
}

AdminReply SetPlan(Engine& engine, const AdminRequest& request) {
  const std::string& shop_id = request.Argument("shop");
  const std::string& plan = request.Argument("plan");
  const auto shop = popups::FindShop(engine.View(), shop_id, kTier);
  if (!shop.ok()) return Failed(shop.status());
  const Outcome outcome =
      popups::SetPlan(engine, *shop, shop_id, plan, Info(CommandKind::kPlanSet));
  if (!outcome.status.ok()) return Failed(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return {kExitOk, shop_id + "\t" + plan + "\n", ""};
}

std::string Hexadecimal(uint64_t high, uint64_t low) {
  std::string bytes;
  AppendBig64(&bytes, high);
  AppendBig64(&bytes, low);
  return FormatHex(bytes);
}

// Position first: hashes of two nodes are comparable when that line is the same.
AdminReply Digest(const Engine& engine) {
  const ReadView view = engine.View();
  const Result<std::vector<SpaceHash>> spaces = view.HashSpaces();
  if (!spaces.ok()) return Failed(spaces.status());
  AdminReply reply;
  reply.output = "position\t" + FormatPosition(engine.PositionOf(view)) + "\n";
  for (const SpaceHash& space : *spaces) {
    reply.output += "space " + std::to_string(space.space.value()) + "\t" +
                    std::to_string(space.rows) + " rows\t" +
                    Hexadecimal(space.hash.high, space.hash.low) + "\n";
  }
  return reply;
}

}  // namespace

const std::string& AdminRequest::Argument(std::string_view name) const {
  static const std::string kNone;
  const auto found = arguments.find(std::string(name));
  return found == arguments.end() ? kNone : found->second;
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kInvalidArgument:
      return kExitUsage;
    case StatusCode::kNotFound:
      return kExitNotFound;
    case StatusCode::kCorruption:
      return kExitCorrupt;
    default:
      return kExitFailed;
  }
}

AdminReply RunAdminCommand(Engine& engine, const AdminRequest& request) {
  if (request.command == "key create") return CreateKey(engine, request);
  if (request.command == "key list") return ListKeys(engine, request);
  if (request.command == "key revoke") return RevokeKey(engine, request);
  if (request.command == "tenant list") return ListTenants(engine);
  if (request.command == "tenant create") return CreateTenant(engine, request);
  if (request.command == "tenant delete") return DeleteTenant(engine, request);
  if (request.command == "tenant suspend") return SuspendTenant(engine, request, true);
  if (request.command == "tenant resume") return SuspendTenant(engine, request, false);
  if (request.command == "inspect record") return RunInspectRecord(engine, request);
  if (IsImportCommand(request.command)) return RunImportCommand(engine, request);
  if (request.command.starts_with("jobs ")) return RunJobCommand(engine, request);
  if (request.command == "plan set") return SetPlan(engine, request);
  if (request.command == "admin digest") return Digest(engine);
  if (request.command == "admin status") return ShowStatus(engine, request);
  if (request.command == "dump") return RunDump(engine, request);
  if (request.command == "restore") return RunRestore(engine, request);
  if (request.command == "restore undo") return RunUndo(engine, request);
  if (request.command == "verify") return RunVerify(engine, request);
  return {kExitUsage, "", "this server does not know the command '" + request.command + "'"};
}

}  // namespace tenantry::server
