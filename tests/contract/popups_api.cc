#include "tests/contract/popups_api.h"

namespace tenantry::contract {

void PopupsContractTest::Start() {
  Result<load::ServerProcess> started =
      load::ServerProcess::Start(TENANTRY_BINARY, folder_->path(), Arguments("open"));
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
}

}  // namespace tenantry::contract
