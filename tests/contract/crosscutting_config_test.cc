// Configuration of the real binary: R9 (limits change without a restart), L10 (every figure is configurable), refusals.

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::contract {
namespace {

using ::testing::HasSubstr;

class CrosscuttingConfigTest : public ::testing::Test {
 protected:
  std::string File() const { return folder_.path() + "/tenantry.toml"; }
  void WriteFile(const std::string& text) const { std::ofstream(File(), std::ios::trunc) << text; }
  std::string Log() const { return load::ReadText(folder_.path() + "/server.err"); }
  // Waits for a line, which the server writes within a twentieth of a second.
  bool LogShows(const std::string& text) const {
    for (int i = 0; i < 1000; ++i) {
      if (Log().find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  // Exit code and output of a command that ends by itself.
  std::pair<int, std::string> Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), TENANTRY_BINARY);
    const std::string out = folder_.path() + "/run.out";
    Result<load::ChildProcess> process = load::ChildProcess::Start(arguments, out, out);
    EXPECT_TRUE(process.ok());
    const int code = process->Wait(30);
    return {code, load::ReadText(out)};
  }

  TemporaryFolder folder_;
};

std::string LimitOf(httplib::Client& client) {
  const httplib::Result answer = client.Get("/popups?shopId=x");
  return answer ? answer->get_header_value("X-RateLimit-Limit") : "no answer";
}

TEST_F(CrosscuttingConfigTest, R9L10LimitsChangeOnSighupAndABadFileChangesNothing) {
  WriteFile("[rate-limit]\ndefault = 7\n");
  Result<load::ServerProcess> server =
      load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), {"--config", File()});
  ASSERT_TRUE(server.ok()) << server.status().message();
  httplib::Client client(server->url());
  EXPECT_EQ(LimitOf(client), "7");

  WriteFile("[rate-limit]\ndefault = 5000\n[http]\nheaders = 50\n");
  server->Signal(SIGHUP);
  ASSERT_TRUE(LogShows("reloaded: 1 settings changed")) << Log();
  EXPECT_EQ(LimitOf(client), "5000");
  EXPECT_THAT(Log(), HasSubstr("setting changed: rate-limit.default: 7 -> 5000"));
  EXPECT_THAT(Log(), HasSubstr("needs a restart: http.headers: 100 -> 50"));

  WriteFile("[rate-limit]\ndefault = 1\nviws = 3\n");
  server->Signal(SIGHUP);
  ASSERT_TRUE(LogShows("reload refused, the old settings stay")) << Log();
  EXPECT_THAT(Log(), HasSubstr("tenantry.toml:3: unknown setting"));
  EXPECT_EQ(LimitOf(client), "5000");
  EXPECT_EQ(server->Stop(), 0);
}

// D7: the names of the seeds' pool settings are accepted; what has no counterpart is said to have none.
TEST_F(CrosscuttingConfigTest, D7PoolVariablesAreAcceptedAndMistypedOnesAreTold) {
  const std::map<std::string, std::string> variables = {{"DB_POOL_MAX", "3"},
                                                        {"DB_POOL_MIN", "5"},
                                                        {"DB_POOL_IDLE_TIMEOUT", "30000"},
                                                        {"DB_POOL_CONNECTION_TIMEOUT", "9000"},
                                                        {"TENANTRY_HTTP_HASH_WORKER", "2"}};
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  const auto [code, text] = Run({"config", "print", "--origin"});
  Result<load::ServerProcess> server =
      load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), {});
  for (const auto& [name, value] : variables) unsetenv(name.c_str());
  EXPECT_EQ(code, 0);
  for (const char* line : {"workers = 3 ", "idle-ms = 30000 ", "head-ms = 9000 "}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  ASSERT_TRUE(server.ok()) << server.status().message();
  EXPECT_TRUE(LogShows("did you mean TENANTRY_HTTP_HASH_WORKERS?")) << Log();
  EXPECT_TRUE(LogShows("DB_POOL_MIN: sets nothing")) << Log();
  httplib::Client client(server->url());
  const httplib::Result metrics = client.Get("/metrics");
  ASSERT_TRUE(metrics);
  // Workers and queues are what the seeds' pool was.
  EXPECT_THAT(metrics->body, HasSubstr("tenantry_http_workers "));
  EXPECT_THAT(metrics->body, HasSubstr("tenantry_http_connections_max 10000"));
  EXPECT_EQ(server->Stop(), 0);
}

TEST_F(CrosscuttingConfigTest, WrongSettingsEndWithCode2AndTheirPlace) {
  WriteFile("loops = \"two\"\n");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"serve", "--data", folder_.path() + "/data", "--config", File()},
           {"config", "check", File()},
           {"config", "print", "--config", File()}}) {
    const auto [code, text] = Run(arguments);
    EXPECT_EQ(code, 2) << text;
    EXPECT_THAT(text, HasSubstr("tenantry.toml:1: loops must be a whole number without quotes"));
  }
  EXPECT_EQ(Run({"serve", "--no-such-flag"}).first, 2);
  EXPECT_EQ(Run({"serve", "--loops", "-1"}).first, 2);
  EXPECT_EQ(Run({"config", "check", folder_.path() + "/missing"}).first, 4);
}

TEST_F(CrosscuttingConfigTest, CheckAndPrintSayWhatHolds) {
  WriteFile("loops = 3\n[rate-limit]\nviews = 9\n");
  EXPECT_EQ(Run({"config", "check", File()}).first, 0);
  const auto [code, text] =
      Run({"config", "print", "--origin", "--config", File(), "--listen", "127.0.0.1:1"});
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, HasSubstr("loops = 3"));
  EXPECT_THAT(text, HasSubstr("tenantry.toml:3; live"));
  EXPECT_THAT(text, HasSubstr("# flag --listen; restart"));
}

}  // namespace
}  // namespace tenantry::contract
