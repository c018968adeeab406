// Goal: 20 gyms and 50 shops move over from the originals' database whole: people sign in with their old passwords, numbers are
// those of the rows, a second import changes nothing, and one that was killed is resumed.
// Method: a real PostgreSQL filled by our script, our binary, and what both say.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "tests/load/child_process.h"
#include "tests/migrate/postgres_cluster.h"
#include "tests/support/engine_fixture.h"
#include "tools/load/fetch.h"

namespace tenantry::migrate {
namespace {

using nlohmann::json;

std::string binary;
std::string scripts;
constexpr double kImportSeconds = 120;

std::string TenantId(int gym) {
  const std::string number = std::to_string(gym);
  return "cgym" + std::string(21 - number.size(), '0') + number;
}

class MigrateTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    Result<std::unique_ptr<PostgresCluster>> started = PostgresCluster::Start();
    why_none_ = started.status();
    if (!started.ok()) return;
    cluster_ = std::move(started).value().release();
    for (const std::string name : {"gym", "popups"}) {
      const Status filled = cluster_->Create(name, scripts + "/" + name + "_source.sql");
      ASSERT_TRUE(filled.ok()) << filled.ToString();
    }
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }
  void SetUp() override {
    if (why_none_.code() == StatusCode::kNotFound) GTEST_SKIP() << why_none_.message();
    ASSERT_TRUE(why_none_.ok()) << why_none_.ToString();
  }
  void TearDown() override {
    if (server_) {
      EXPECT_EQ(server_->Stop(), 0) << load::ReadText(folder_.path() + "/server.err");
    }
  }

  void StartServer() {
    Result<load::ServerProcess> started = load::ServerProcess::Start(
        binary, folder_.path(),
        {"--rate-limit-exempt", "127.0.0.0/8,::1/128", "--shop-auth", "open"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
  }
  void StopServer() {
    EXPECT_EQ(server_->Stop(), 0);
    server_.reset();
  }

  std::vector<std::string> ImportArguments(const std::string& what, const std::string& data) const {
    return {binary,  "admin", "import", what, "--data", data, "--from", cluster_->Url(what),
            "--json"};
  }
  std::string DataFolder() const { return folder_.path() + "/data"; }

  // The report of an import that must end with 0.
  json Import(const std::string& what, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = ImportArguments(what, DataFolder());
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Result<std::string> output = load::RunTool(arguments, folder_.path(), kImportSeconds);
    EXPECT_TRUE(output.ok()) << output.status().ToString();
    if (!output.ok()) return {};
    const json report = json::parse(*output, nullptr, false);
    EXPECT_TRUE(report.is_object() && report.at("complete") == true) << *output;
    return report;
  }
  static std::map<std::string, json> ByTable(const json& report) {
    std::map<std::string, json> tables;
    for (const json& table : report.at("tables")) tables[table.at("table")] = table;
    return tables;
  }
  int64_t CountInSource(const std::string& database, const std::string& table) const {
    const auto rows = cluster_->Query(database, "SELECT count(*) FROM \"" + table + "\"");
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    return rows.ok() ? std::stoll(*rows) : -1;
  }

  load::Reply Ask(const std::string& method, const std::string& path,
                  const std::vector<std::string>& headers = {}, const json& body = {}) const {
    load::RequestParts request;
    request.method = method;
    request.headers = headers;
    request.headers.push_back("Connection: close");
    if (!body.is_null()) {
      request.headers.push_back("Content-Type: application/json");
      request.body = body.dump();
    }
    const Result<load::Reply> reply = load::Fetch(server_->url() + path, request);
    EXPECT_TRUE(reply.ok()) << path << ": " << reply.status().ToString();
    return reply.ok() ? *reply : load::Reply{};
  }
  json Get(const std::string& path, const std::vector<std::string>& headers = {}) const {
    const load::Reply reply = Ask("GET", path, headers);
    EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
    return json::parse(reply.body, nullptr, false);
  }
  // Headers of a member who signed in with the old password.
  std::vector<std::string> SignIn(const std::string& email, const std::string& tenant) const {
    const load::Reply reply =
        Ask("POST", "/auth/login", {},
            {{"email", email}, {"password", "OldPassword1"}, {"tenantId", tenant}});
    EXPECT_EQ(reply.status, 200) << email << ": " << reply.body;
    if (reply.status != 200) return {};
    return {"Authorization: Bearer " + json::parse(reply.body).at("token").get<std::string>(),
            "x-tenant-id: " + tenant};
  }
  // Lines of `admin digest` that describe tenants.
  std::string TenantDigests(const std::string& data) const {
    const Result<std::string> output =
        load::RunTool({binary, "admin", "digest", "--data", data}, folder_.path(), kImportSeconds);
    EXPECT_TRUE(output.ok()) << output.status().ToString();
    std::string lines;
    std::istringstream in(output.ok() ? *output : "");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("space ") && !line.starts_with("space 0\t")) lines += line + "\n";
    }
    return lines;
  }
  // An empty data folder, as `serve` makes it.
  std::string NewData(const std::string& name) {
    const std::string folder = folder_.path() + "/" + name;
    std::filesystem::create_directory(folder);
    Result<load::ServerProcess> started = load::ServerProcess::Start(binary, folder, {});
    EXPECT_TRUE(started.ok()) << started.status().ToString();
    if (started.ok()) {
      EXPECT_EQ(started->Stop(), 0);
    }
    return folder + "/data";
  }

  static PostgresCluster* cluster_;
  static Status why_none_;
  TemporaryFolder folder_;
  std::unique_ptr<load::ServerProcess> server_;
};
PostgresCluster* MigrateTest::cluster_ = nullptr;
Status MigrateTest::why_none_;

TEST_F(MigrateTest, GymsMoveOverWithPeopleAndNumbers) {
  StartServer();
  const json report = Import("gym");
  const std::map<std::string, json> tables = ByTable(report);
  const std::map<std::string, int64_t> refused = {
      {"MOV_TENANT", 1}, {"MOV_MEMBER", 3}, {"MOV_BOOKING", 1}, {"MOV_WAITLIST", 1}};
  for (const std::string table :
       {"MOV_TENANT", "MOV_MEMBER", "MOV_LOCATION", "MOV_SESSION_TYPE", "MOV_SESSION_INSTANCE",
        "MOV_BOOKING", "PLP_MOVEMENT_EVENT", "MOV_WAITLIST", "MOV_FAVORITE", "MOV_INVITATION",
        "PAY_MEMBERSHIP_PLAN", "PAY_MEMBERSHIP_SUBSCRIPTION", "PAY_PAYMENT_REQUEST"}) {
    ASSERT_TRUE(tables.contains(table)) << table;
    const int64_t rows = CountInSource("gym", table);
    const int64_t wrong = refused.contains(table) ? refused.at(table) : 0;
    EXPECT_EQ(tables.at(table).at("rows"), rows) << table;
    EXPECT_EQ(tables.at(table).at("refused"), wrong) << table << report.at("problems");
    EXPECT_EQ(tables.at(table).at("added"), rows - wrong) << table;
  }
  EXPECT_EQ(report.at("problems").size(), 6u) << report.at("problems");
  EXPECT_NE(report.at("notes").dump().find("1 rows of PAY_MPESA_TRANSACTION are left out"),
            std::string::npos);

  for (const int gym : {1, 7, 20}) {
    const std::string n = std::to_string(gym);
    const std::string tenant = TenantId(gym);
    const auto owner = SignIn("m1.g" + n + "@example.com", tenant);
    ASSERT_FALSE(owner.empty());
    EXPECT_EQ(Get("/members?limit=100", owner).size(), 40u);
    const json session = Get("/sessions/ses-" + n + "-21", owner);
    EXPECT_EQ(session.at("capacity"), 10);
    EXPECT_EQ(session.at("availableSpots"), 4) << session;
    EXPECT_EQ(Get("/sessions/ses-" + n + "-30", owner).at("availableSpots"), 0);
    // Member 11 attended all of twenty days in a row, which is what the rows say.
    const auto member = SignIn("m11.g" + n + "@example.com", tenant);
    const json stats = Get("/my/stats", member);
    EXPECT_EQ(stats.at("totalBookings"), 30) << stats;
    EXPECT_EQ(stats.at("attendedSessions"), 20) << stats;
    EXPECT_EQ(stats.at("longestStreak"), 20) << stats;
    EXPECT_EQ(stats.at("currentStreak"), 20) << stats;
  }
  // One address, twenty gyms: each with its own member.
  EXPECT_FALSE(SignIn("everywhere@example.com", TenantId(13)).empty());
  const load::Reply wrong = Ask(
      "POST", "/auth/login", {},
      {{"email", "m1.g1@example.com"}, {"password", "NewPassword1"}, {"tenantId", TenantId(1)}});
  EXPECT_EQ(wrong.status, 401);
  // Codes go on where the originals' ended.
  const load::Reply next = Ask("POST", "/auth/signup", {},
                               {{"email", "new@example.com"},
                                {"password", "Password123"},
                                {"name", "New"},
                                {"tenantName", "A New Gym"}});
  ASSERT_EQ(next.status, 201) << next.body;
  EXPECT_EQ(json::parse(next.body).at("tenant").at("code"), "GYM0021");

  const std::string before = TenantDigests(DataFolder());
  for (const auto& [table, counts] : ByTable(Import("gym"))) {
    EXPECT_EQ(counts.at("added"), 0) << table;
  }
  EXPECT_EQ(TenantDigests(DataFolder()), before);
}

TEST_F(MigrateTest, ShopsMoveOverWithWhatVisitorsDid) {
  StartServer();
  const json report = Import("popups");
  const std::map<std::string, json> tables = ByTable(report);
  for (const std::string table :
       {"popups", "ab_test_groups", "popup_views", "popup_conversions", "discount_codes",
        "email_subscribers", "cart_abandonment_events", "recovery_events", "subscriptions"}) {
    ASSERT_TRUE(tables.contains(table)) << table;
    const int64_t rows = CountInSource("popups", table);
    const int64_t wrong = table == "popup_views" ? 2 : 0;
    EXPECT_EQ(tables.at(table).at("refused"), wrong) << table << report.at("problems");
    EXPECT_EQ(tables.at(table).at("added"), rows - wrong) << table;
  }
  // One note for each popup whose counter the source had wrong, one for the table without a place here.
  EXPECT_EQ(report.at("notes").size(), 51u);

  for (const int shop : {1, 25, 50}) {
    char popup[40];
    snprintf(popup, sizeof popup, "00000002-%04x-4001-8000-000000000000", shop);
    const json stats = Get(std::string("/analytics/popup/") + popup);
    EXPECT_EQ(stats.at("views"), 40) << stats;
    EXPECT_EQ(stats.at("conversions"), 4) << stats;
    const std::string shop_id = "shop-" + std::to_string(shop);
    EXPECT_EQ(Get(std::string("/popups/") + popup + "?shopId=" + shop_id).at("viewCount"), 40);
    EXPECT_EQ(Get("/popups/active?shopId=" + shop_id).size(), 2u);
    EXPECT_EQ(
        Get("/email-subscribers/count?shopId=" + shop_id).dump().find('4') != std::string::npos,
        true);
  }
  const json code = Get("/discount-codes/00000007-0001-4001-8000-000000000000?shopId=shop-1");
  EXPECT_EQ(code.at("usageCount"), 3) << code;

  const std::string before = TenantDigests(DataFolder());
  for (const auto& [table, counts] : ByTable(Import("popups"))) {
    EXPECT_EQ(counts.at("added"), 0) << table;
  }
  EXPECT_EQ(TenantDigests(DataFolder()), before);
}

// Goal: what a killed import left is completed to the same rows as one that ran through. Method: a lock in the source holds
// the import before its last tables, where it is killed; hashes of every tenant tell.
TEST_F(MigrateTest, AKilledImportIsResumed) {
  const std::string whole = NewData("whole");
  const std::string killed = NewData("killed");
  ASSERT_TRUE(load::RunTool(ImportArguments("gym", whole), folder_.path(), kImportSeconds).ok());
  {
    Result<load::ChildProcess> lock =
        cluster_->Hold("gym", "LOCK TABLE \"PLP_MOVEMENT_EVENT\" IN ACCESS EXCLUSIVE MODE");
    ASSERT_TRUE(lock.ok());
    const auto waits = [](const std::string& where) {
      const auto count = cluster_->Query("gym", "SELECT count(*) FROM pg_locks WHERE " + where);
      return count.ok() && !count->starts_with("0");
    };
    while (!waits("mode = 'AccessExclusiveLock' AND granted") && lock->Running()) {
    }
    Result<load::ChildProcess> import =
        load::ChildProcess::Start(ImportArguments("gym", killed), folder_.path() + "/killed.out",
                                  folder_.path() + "/killed.err");
    ASSERT_TRUE(import.ok());
    while (!waits("NOT granted") && import->Running()) {
    }
    ASSERT_TRUE(import->Running()) << load::ReadText(folder_.path() + "/killed.err");
    import->Signal(SIGKILL);
    EXPECT_EQ(import->Wait(30), 128 + SIGKILL);
    lock->Signal(SIGKILL);
    lock->Wait(30);
    // The session that waited ends when it finds its client gone.
    ASSERT_TRUE(cluster_
                    ->Query("gym",
                            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                            "pid <> pg_backend_pid() AND datname = 'gym'")
                    .ok());
  }
  EXPECT_NE(TenantDigests(killed), TenantDigests(whole));
  const Result<std::string> resumed =
      load::RunTool(ImportArguments("gym", killed), folder_.path(), kImportSeconds);
  ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
  const std::map<std::string, json> tables = ByTable(json::parse(*resumed));
  EXPECT_EQ(tables.at("MOV_SESSION_INSTANCE").at("there"), 600);
  EXPECT_EQ(tables.at("PLP_MOVEMENT_EVENT").at("added"), 2000);
  EXPECT_EQ(TenantDigests(killed), TenantDigests(whole));
}

// Goal: killed inside a table, it is resumed as well: what is there is left, the rest is added. Method: kills spread over the
// time that a whole import takes, until one left a table half full.
TEST_F(MigrateTest, AnImportKilledInsideATableIsResumed) {
  const std::string whole = NewData("whole");
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(load::RunTool(ImportArguments("gym", whole), folder_.path(), kImportSeconds).ok());
  const auto taken = std::chrono::steady_clock::now() - began;
  const std::string digests = TenantDigests(whole);
  bool inside = false;
  constexpr int kParts = 20;
  for (int round = 0; round < 3 * kParts && !inside; ++round) {
    const std::string killed = NewData("killed" + std::to_string(round));
    Result<load::ChildProcess> import =
        load::ChildProcess::Start(ImportArguments("gym", killed), folder_.path() + "/killed.out",
                                  folder_.path() + "/killed.err");
    ASSERT_TRUE(import.ok());
    // Seven and twenty have no common divisor, so each instant comes once before any comes again.
    std::this_thread::sleep_for(taken * (round * 7 % kParts + 1) / (kParts + 1));
    import->Signal(SIGKILL);
    import->Wait(30);
    const Result<std::string> resumed =
        load::RunTool(ImportArguments("gym", killed), folder_.path(), kImportSeconds);
    ASSERT_TRUE(resumed.ok()) << resumed.status().ToString();
    for (const auto& [name, table] : ByTable(json::parse(*resumed))) {
      inside = inside || (table.at("there") > 0 && table.at("added") > 0);
    }
    ASSERT_EQ(TenantDigests(killed), digests) << "round " << round;
  }
  EXPECT_TRUE(inside) << "no kill fell inside a table";
}

TEST_F(MigrateTest, ADryRunReportsAndWritesNothing) {
  const std::string data = NewData("dry");
  std::vector<std::string> arguments = ImportArguments("gym", data);
  arguments.push_back("--dry-run");
  const Result<std::string> output = load::RunTool(arguments, folder_.path(), kImportSeconds);
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(ByTable(json::parse(*output)).at("MOV_MEMBER").at("added"), 800);
  EXPECT_EQ(TenantDigests(data), "");
}

TEST_F(MigrateTest, ADatabaseThatIsNotThereIsExitSeven) {
  const std::string err = folder_.path() + "/err";
  Result<load::ChildProcess> import =
      load::ChildProcess::Start({binary, "admin", "import", "gym", "--data", DataFolder(), "--from",
                                 "postgres://nobody@%2Fnowhere/gym"},
                                folder_.path() + "/out", err);
  ASSERT_TRUE(import.ok());
  EXPECT_EQ(import->Wait(30), 7);
  EXPECT_NE(load::ReadText(err).find("PostgreSQL"), std::string::npos);
}

}  // namespace
}  // namespace tenantry::migrate

// Usage: migrate_test PATH_OF_TENANTRY FOLDER_OF_SCRIPTS [gtest options]
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 3) {
    fprintf(stderr, "usage: %s PATH_OF_TENANTRY FOLDER_OF_SCRIPTS\n", argv[0]);
    return 2;
  }
  tenantry::migrate::binary = argv[1];
  tenantry::migrate::scripts = argv[2];
  return RUN_ALL_TESTS();
}
