#include "tests/support/engine_fixture.h"

#include <filesystem>

#include <stdlib.h>

#include "engine/commands.h"

namespace tenantry {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/tenantry-test-XXXXXX";
  TNT_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void EngineFixture::Open() {
  options_.directory = folder_.path() + "/data";
  options_.clock = &clock_;
  options_.random = &random_;
  options_.files = &files_;
  Result<std::unique_ptr<Engine>> opened = Engine::Open(options_);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  engine_ = std::move(opened).value();
}

TenantRef EngineFixture::CreateTenant(const std::string& id, schema::TenantKind kind) {
  const Outcome outcome =
      engine_->ExecuteDirectory({static_cast<uint16_t>(CommandKind::kTenantCreate), "test", ""},
                                ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
                                  return tenant::Directory::Create(tx, {id, kind, id}).status();
                                });
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
  engine_->WaitReleased(outcome.release_index);
  Result<tenant::TenantEntry> entry =
      tenant::Directory::Find(engine_->View(), id, kind, ReadTier::kBlocking);
  EXPECT_TRUE(entry.ok()) << entry.status().ToString();
  return entry->ref;
}

Outcome EngineFixture::Run(const TenantRef& tenant, const Engine::Plan& plan) {
  Outcome outcome = engine_->Execute(tenant, {1, "test", "request"}, ReadTier::kBlocking, plan);
  engine_->WaitReleased(outcome.release_index);
  return outcome;
}

}  // namespace tenantry
