#include "tools/tenantry/demo.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "engine/base/file.h"
#include "tools/tenantry/demo_parts.h"

namespace tenantry::tools {
namespace {

constexpr const char* kCredentialsFile = "demo-credentials";
constexpr uint64_t kCredentialsBytesMax = 64u << 10;

Result<bool> HasTenants(const Engine& engine) {
  const ReadView view = engine.View();
  for (const schema::TenantKind kind : {schema::TenantKind::GYM, schema::TenantKind::SHOP}) {
    TNT_ASSIGN_OR_RETURN(const std::vector<tenant::TenantEntry> tenants,
                         tenant::Directory::List(view, kind, ReadTier::kBlocking));
    if (!tenants.empty()) return true;
  }
  return false;
}

std::string Describe(const DemoGym& gym, const DemoShop& shop) {
  std::string text = "demo: gym tenant " + gym.tenant_id + "\n";
  const auto login = [&text](std::string_view who, const DemoLogin& demo) {
    text.append("demo: gym ").append(who).append(" ").append(demo.email);
    text.append(" password ").append(demo.password).append("\n");
  };
  login("owner", gym.owner);
  login("trainer", gym.trainer);
  login("member", gym.member);
  text += "demo: shop " + shop.shop_id + " key " + shop.key + "\n";
  return text;
}

std::string IdsJson(const DemoGym& gym, const DemoShop& shop) {
  const nlohmann::json json = {
      {"gym",
       {{"tenantId", gym.tenant_id},
        {"ownerEmail", gym.owner.email},
        {"ownerPassword", gym.owner.password},
        {"memberIds", gym.member_ids},
        {"sessionIds", gym.open_session_ids}}},
      {"shop", {{"shopId", shop.shop_id}, {"key", shop.key}, {"popupIds", shop.popup_ids}}}};
  return json.dump() + "\n";
}

}  // namespace

std::string RandomPassword(Random& random) {
  // Letters and digits that nobody mistakes for one another.
  static constexpr char kAlphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
  std::string password;
  for (int i = 0; i < 16; ++i) password.push_back(kAlphabet[random.Below(sizeof kAlphabet - 1)]);
  return password;
}

void Progress::Step(uint64_t done) {
  if (done < total_ && (done - printed_) * 5 < total_) return;
  printed_ = done;
  std::fprintf(stderr, "tenantry: demo data: %llu of %llu %s\n",
               static_cast<unsigned long long>(done), static_cast<unsigned long long>(total_),
               what_.c_str());
}

Status EnsureDemoData(const server::Context& context, ShiftedClock& clock, const std::string& data,
                      const std::string& ids_file) {
  PosixFileSystem files;
  const std::string credentials_path = data + "/" + kCredentialsFile;
  TNT_ASSIGN_OR_RETURN(const bool has_tenants, HasTenants(context.engine));
  if (!has_tenants) {
    TNT_ASSIGN_OR_RETURN(const DemoGym gym, MakeDemoGym(context, clock));
    TNT_ASSIGN_OR_RETURN(const DemoShop shop, MakeDemoShop(context, clock));
    TNT_RETURN_IF_ERROR(ReplaceFile(files, credentials_path, Describe(gym, shop)));
    if (!ids_file.empty()) TNT_RETURN_IF_ERROR(ReplaceFile(files, ids_file, IdsJson(gym, shop)));
  } else if (!ids_file.empty()) {
    return InvalidArgument(
        "--demo-ids needs an empty data folder: the ids are known only when they are made");
  }
  TNT_ASSIGN_OR_RETURN(const bool known, files.Exists(credentials_path));
  if (!known) {
    std::fprintf(stderr, "tenantry: %s already has tenants; no demo data was added\n",
                 data.c_str());
    return Status::Ok();
  }
  TNT_ASSIGN_OR_RETURN(const std::string credentials,
                       ReadFile(files, credentials_path, kCredentialsBytesMax));
  std::fputs(credentials.c_str(), stdout);
  std::fflush(stdout);
  return Status::Ok();
}

}  // namespace tenantry::tools
