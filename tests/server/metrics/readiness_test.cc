#include "server/readiness.h"

#include <gtest/gtest.h>

namespace tenantry::server {
namespace {

TEST(ReadinessTest, R4_EveryCheckMustBeFine) {
  Readiness readiness;
  bool fresh = true;
  readiness.Add("disk", [] { return Readiness::State{}; });
  readiness.Add("replica", [&fresh] {
    return fresh ? Readiness::State{true, "lag 3 ms"} : Readiness::State{false, "lag 9000 ms"};
  });
  EXPECT_TRUE(readiness.Look().ready);
  EXPECT_EQ(readiness.Look().ToText(),
            "[+] accepting ok\n[+] disk ok\n[+] replica ok: lag 3 ms\nready\n");
  fresh = false;
  EXPECT_FALSE(readiness.Look().ready);
  EXPECT_EQ(readiness.Look().ToText(),
            "[+] accepting ok\n[+] disk ok\n[-] replica failed: lag 9000 ms\nnot ready\n");
}

TEST(ReadinessTest, R4_DrainingIsNotReady) {
  Readiness readiness;
  readiness.BeginDrain();
  EXPECT_FALSE(readiness.Look().ready);
  EXPECT_EQ(readiness.Look().ToText(), "[-] accepting failed: shutting down\nnot ready\n");
}

}  // namespace
}  // namespace tenantry::server
