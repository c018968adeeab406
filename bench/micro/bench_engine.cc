#include "bench/micro/bench_engine.h"

#include <cstdio>
#include <filesystem>

#include <stdlib.h>

#include "engine/commands.h"
#include "engine/tenant/directory.h"

namespace tenantry::bench {

BenchFolder::BenchFolder(const std::string& parent) {
  const std::string base =
      parent.empty() ? std::filesystem::temp_directory_path().string() : parent;
  path_ = base + "/tenantry-bench-XXXXXX";
  TNT_CHECK(mkdtemp(path_.data()) != nullptr);
}

BenchFolder::~BenchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

BenchEngine::BenchEngine() {
  EngineOptions options;
  options.directory = folder_.path() + "/data";
  options.clock = &clock_;
  options.random = &random_;
  options.files = &files_;
  Result<std::unique_ptr<Engine>> opened = Engine::Open(options);
  if (!opened.ok()) std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
  engine_ = std::move(opened).value();
}

BenchEngine::~BenchEngine() {
  engine_.reset();
}

TenantRef BenchEngine::CreateTenant(const std::string& id, schema::TenantKind kind) {
  Settle(engine_->ExecuteDirectory({static_cast<uint16_t>(CommandKind::kTenantCreate), "bench", ""},
                                   ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
                                     return tenant::Directory::Create(tx, {id, kind, id}).status();
                                   }));
  return tenant::Directory::Find(engine_->View(), id, kind, ReadTier::kBlocking)->ref;
}

void BenchEngine::Settle(const Outcome& outcome) {
  if (!outcome.status.ok()) std::fprintf(stderr, "%s\n", outcome.status.ToString().c_str());
  TNT_CHECK(outcome.status.ok());
  engine_->WaitReleased(outcome.release_index);
}

}  // namespace tenantry::bench
