// Goal: tables go out and come back the same, foreign tables come in by a map of their columns, and an import can be taken back.
// Method: the binary with its demo gym and shop; what is exported and hashed before and after tells.

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string binary;

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

class TablesTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<load::ServerProcess> started = load::ServerProcess::Start(
        binary, folder_.path(), {"--demo", "--demo-ids", folder_.path() + "/ids.json"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
    const json ids = json::parse(load::ReadText(folder_.path() + "/ids.json"));
    gym_ = ids.at("gym").at("tenantId");
    shop_ = ids.at("shop").at("shopId");
  }
  void TearDown() override {
    if (server_) {
      EXPECT_EQ(server_->Stop(), 0);
    }
  }

  Ran Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), binary);
    const std::string out = folder_.path() + "/run.out";
    const std::string err = folder_.path() + "/run.err";
    Result<load::ChildProcess> process = load::ChildProcess::Start(arguments, out, err);
    if (!process.ok()) return {};
    const int code = process->Wait(60);
    return {code, load::ReadText(out), load::ReadText(err)};
  }
  Ran Admin(const std::string& verb, const std::string& kind, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"admin", verb, kind};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--data", folder_.path() + "/data"});
    return Run(arguments);
  }
  std::string File(const std::string& name, const std::string& text) const {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  std::string Exported(const std::string& kind, const std::string& tenant,
                       const std::string& format = "--jsonl") const {
    const Ran ran = Admin("export", kind, {"--tenant", tenant, format});
    EXPECT_EQ(ran.code, 0) << ran.err;
    return ran.out;
  }
  static json Counts(const Ran& ran) {
    const json report = json::parse(ran.out, nullptr, false);
    EXPECT_TRUE(report.is_object()) << ran.out << ran.err;
    return report.is_object() && report.at("tables").size() > 0 ? report.at("tables").back()
                                                                : json::object();
  }

  TemporaryFolder folder_;
  std::unique_ptr<load::ServerProcess> server_;
  std::string gym_;
  std::string shop_;
};

TEST_F(TablesTest, WhatIsExportedIsThereWhenImported) {
  for (const auto& [kind, tenant] : {std::pair<std::string, std::string>{"members", gym_},
                                     {"sessions", gym_},
                                     {"bookings", gym_},
                                     {"subscribers", shop_},
                                     {"codes", shop_},
                                     {"popups", shop_}}) {
    for (const std::string format : {"csv", "jsonl"}) {
      const std::string table = Exported(kind, tenant, "--" + format);
      const auto rows = std::count(table.begin(), table.end(), '\n');
      if (rows <= (format == "csv" ? 1 : 0)) continue;  // The demo has none.
      const std::string path = File(kind + "." + format, table);
      const Ran ran = Admin("import", kind, {path, "--tenant", tenant, "--json"});
      ASSERT_EQ(ran.code, 0) << kind << ran.out << ran.err;
      const json counts = Counts(ran);
      EXPECT_EQ(counts.at("added"), 0) << kind << ran.out;
      EXPECT_EQ(counts.at("refused"), 0) << kind << ran.out;
      EXPECT_EQ(counts.at("there"), counts.at("rows")) << kind;
    }
  }
}

TEST_F(TablesTest, ForeignColumnsAreMappedBadRowsNamedAndAllTakenBack) {
  const std::string before = Exported("members", gym_);
  const std::string path =
      File("people.csv",
           "E-Mail,Full name,Role,Shoe size\nnew1@example.com,\"One, New\",MEMBER,42\n"
           "new2@example.com,Two,TRAINER,43\nNEW1@example.com,Again,MEMBER,44\nnew3@example.com,"
           "Three,KING,45\n");
  const std::vector<std::string> map = {
      path,     "--tenant", gym_,
      "--json", "--map",    "E-Mail=email,Full name=name,Role=role,Shoe size=-"};
  std::vector<std::string> dry = map;
  dry.push_back("--dry-run");
  const Ran judged = Admin("import", "members", dry);
  ASSERT_EQ(judged.code, 0) << judged.err;
  EXPECT_EQ(Counts(judged).at("added"), 2) << judged.out;
  EXPECT_EQ(Counts(judged).at("refused"), 2) << judged.out;
  EXPECT_EQ(Exported("members", gym_), before) << "a dry run writes nothing";

  const Ran added = Admin("import", "members", map);
  ASSERT_EQ(added.code, 0) << added.err;
  const json report = json::parse(added.out);
  EXPECT_EQ(Counts(added).at("added"), 2);
  EXPECT_THAT(report.at("problems").dump(), HasSubstr("another member of the gym has this e-mail"));
  EXPECT_THAT(report.at("problems").dump(), HasSubstr("role must be one of"));
  EXPECT_THAT(Exported("members", gym_), HasSubstr("\"name\":\"One, New\""));

  const std::string token = report.at("token");
  const Ran undone = Admin("import", "undo", {"--tenant", gym_, "--token", token});
  EXPECT_EQ(undone.code, 0) << undone.out << undone.err;
  EXPECT_THAT(undone.out, HasSubstr("members: 2 taken back"));
  EXPECT_EQ(Exported("members", gym_), before);
  EXPECT_EQ(Admin("import", "undo", {"--tenant", gym_, "--token", token}).code, 4)
      << "it is used up";
}

TEST_F(TablesTest, SubscribersAndCodesGoBackWithTheirCounts) {
  for (const auto& [kind, table] :
       {std::pair<std::string, std::string>{"subscribers", "email\na@example.com\nb@example.com\n"},
        {"codes", "code,type,value\nSPRING,percentage,10\nFIX,fixed,4.50\n"}}) {
    const std::string before = Exported(kind, shop_);
    const Ran added =
        Admin("import", kind, {File(kind + ".csv", table), "--tenant", shop_, "--json"});
    ASSERT_EQ(added.code, 0) << added.err;
    ASSERT_EQ(Counts(added).at("added"), 2) << added.out;
    const std::string token = json::parse(added.out).at("token");
    EXPECT_EQ(Admin("import", "undo", {"--tenant", shop_, "--token", token}).code, 0);
    EXPECT_EQ(Exported(kind, shop_), before);
  }
}

TEST_F(TablesTest, WrongUseIsTold) {
  const std::string path = File("members.csv", "email,colour\na@example.com,red\n");
  const Ran unknown = Admin("import", "members", {path, "--tenant", gym_});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("members have no field 'colour'"));
  EXPECT_EQ(
      Admin("import", "members", {File("ok.csv", "email\na@example.com\n"), "--tenant", "nobody"})
          .code,
      4);
  EXPECT_EQ(Admin("import", "members", {folder_.path() + "/none.csv", "--tenant", gym_}).code, 4);
  EXPECT_EQ(Admin("import", "members", {File("x.txt", "email\n"), "--tenant", gym_}).code, 2);
  EXPECT_EQ(Admin("export", "popups", {"--tenant", gym_, "--csv"}).code, 4)
      << "a gym has no popups";
}

TEST_F(TablesTest, InspectAndDoctorLookWithoutTouching) {
  const std::string data = folder_.path() + "/data";
  const Ran log = Run({"inspect", "log", "--data", data, "--limit", "3", "--json", "--effects"});
  ASSERT_EQ(log.code, 0) << log.err;
  std::istringstream lines(log.out);
  uint64_t index = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(json::parse(line).at("index"), ++index);
  }
  EXPECT_EQ(index, 3u);
  const Ran record =
      Run({"inspect", "record", "gymMembers", "--tenant", gym_, "--data", data, "--limit", "1"});
  ASSERT_EQ(record.code, 0) << record.err;
  EXPECT_TRUE(json::parse(record.out).contains("email")) << record.out;
  EXPECT_EQ(record.out.find("passwordHash"), std::string::npos);
  EXPECT_EQ(Run({"inspect", "record", "nothings", "--data", data}).code, 4);
  const Ran doctor = Run({"doctor", "--data", data, "--json"});
  const json checks = json::parse(doctor.out, nullptr, false);
  ASSERT_TRUE(checks.is_object()) << doctor.out << doctor.err;
  EXPECT_EQ(checks.at("checks").size(), 7u);
  const std::string dumps = folder_.path() + "/no-dumps";
  EXPECT_EQ(Run({"doctor", "--data", data, "--dumps", dumps}).code, 1);

  ASSERT_EQ(server_->Stop(), 0);
  server_.reset();
  const std::string segment = data + "/log/00000000000000000001.seg";
  EXPECT_EQ(Run({"inspect", "segment", segment, "--json"}).code, 0);
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 + 100);
  file << "damage";
  file.close();
  const Ran damaged = Run({"inspect", "segment", segment, "--json"});
  EXPECT_EQ(damaged.code, 5) << damaged.out;
}

}  // namespace
}  // namespace tenantry

// Usage: tables_test PATH_OF_TENANTRY [gtest options]
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    fprintf(stderr, "usage: %s PATH_OF_TENANTRY\n", argv[0]);
    return 2;
  }
  tenantry::binary = argv[1];
  return RUN_ALL_TESTS();
}
