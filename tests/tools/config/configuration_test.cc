#include "tools/config/configuration.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/engine_fixture.h"

namespace tenantry::config {
namespace {

using ::testing::HasSubstr;

class ConfigurationTest : public ::testing::Test {
 protected:
  void WriteFile(const std::string& text) {
    sources_.file = folder_.path() + "/t.toml";
    std::ofstream(sources_.file, std::ios::trunc) << text;
  }
  void SetVariable(const std::string& name, const std::string& text) {
    variables_[name] = text;
    sources_.variable = [this](const std::string& asked) -> const char* {
      const auto found = variables_.find(asked);
      return found == variables_.end() ? nullptr : found->second.c_str();
    };
  }
  Configuration Loaded() {
    Result<Configuration> loaded = Load(sources_);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    return loaded.ok() ? *std::move(loaded) : Configuration();
  }
  std::string Mistakes() {
    const Result<Configuration> loaded = Load(sources_);
    EXPECT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.status().code(), StatusCode::kInvalidArgument);
    return std::string(loaded.status().message());
  }
  std::string At(int line) { return sources_.file + ":" + std::to_string(line) + ": "; }
  static std::string OriginOf(const Configuration& loaded, std::string_view name) {
    return loaded.origins[static_cast<size_t>(FindSetting(name) - AllSettings().data())];
  }

  TemporaryFolder folder_;
  Sources sources_;
  std::map<std::string, std::string> variables_;
};

TEST_F(ConfigurationTest, VariablesThatSetNothingAreTold) {
  sources_.variable_names = {"PATH",
                             "TENANTRY_CONFIG",
                             "TENANTRY_LISTEN",
                             "DB_POOL_MIN",
                             "DB_POOL_MAX",
                             "TENANTRY_HTTP_WORKER",
                             "TENANTRY_PORT_7117_TCP_ADDR_OF_SERVICE"};
  EXPECT_THAT(
      Loaded().warnings,
      ::testing::ElementsAre(
          HasSubstr("DB_POOL_MIN: sets nothing"), HasSubstr("did you mean TENANTRY_HTTP_WORKERS?"),
          "environment TENANTRY_PORT_7117_TCP_ADDR_OF_SERVICE: no setting of this name"));
}

TEST_F(ConfigurationTest, FlagsBeatTheEnvironmentBeatsTheFileBeatsDefaults) {
  EXPECT_EQ(Loaded().settings.limits.rates.views, 1000u);
  WriteFile("[rate-limit]\nviews = 1\nstats = 1\ndefault = 1\n");
  SetVariable("TENANTRY_RATE_LIMIT_STATS", "2");
  SetVariable("TENANTRY_RATE_LIMIT_DEFAULT", "2");
  sources_.flags["rate-limit.default"] = {"3"};
  const Configuration loaded = Loaded();
  EXPECT_EQ(loaded.settings.limits.rates.views, 1u);
  EXPECT_EQ(loaded.settings.limits.rates.stats, 2u);
  EXPECT_EQ(loaded.settings.limits.rates.default_class, 3u);
  EXPECT_EQ(OriginOf(loaded, "rate-limit.views"), sources_.file + ":2");
  EXPECT_EQ(OriginOf(loaded, "rate-limit.stats"), "environment TENANTRY_RATE_LIMIT_STATS");
  EXPECT_EQ(OriginOf(loaded, "rate-limit.default"), "flag --rate-limit-default");
  EXPECT_EQ(OriginOf(loaded, "data"), "default");
}

TEST_F(ConfigurationTest, EveryKindIsReadFromFileAndEnvironment) {
  WriteFile(
      "data = \"/srv\"\ndemo = true\nlisten = [\"127.0.0.1:1\", \"[::1]:2\"]\nrate-limit.views = "
      "5\n"
      "[http]\nidle-ms = 90\n");
  Configuration loaded = Loaded();
  EXPECT_EQ(loaded.settings.data, "/srv");
  EXPECT_TRUE(loaded.settings.demo);
  EXPECT_EQ(loaded.settings.http.listen, (std::vector<std::string>{"127.0.0.1:1", "[::1]:2"}));
  EXPECT_EQ(loaded.settings.limits.rates.views, 5u);
  EXPECT_EQ(loaded.settings.http.times.idle_ms, 90);
  SetVariable("TENANTRY_LISTEN", "127.0.0.1:3,,127.0.0.1:4");
  SetVariable("TENANTRY_DEMO", "false");
  SetVariable("TENANTRY_TRUSTED_PROXIES", "");
  loaded = Loaded();
  EXPECT_EQ(loaded.settings.http.listen, (std::vector<std::string>{"127.0.0.1:3", "127.0.0.1:4"}));
  EXPECT_FALSE(loaded.settings.demo);
  EXPECT_TRUE(loaded.settings.limits.trusted_proxies.empty());
}

TEST_F(ConfigurationTest, EveryMistakeIsNamedWithItsPlace) {
  WriteFile(
      "lisen = [\"127.0.0.1:1\"]\n[rate-limit]\nviews = \"many\"\nstats = -1\n"
      "exempt = [\"10.0.0.0/99\"]\nexempted = 1\n[nothing]\nx = 1\n[http]\nidle-ms = [1]\n");
  SetVariable("TENANTRY_LOOPS", "two");
  sources_.flags["shop-auth"] = {"closed"};
  const std::string mistakes = Mistakes();
  EXPECT_THAT(mistakes, HasSubstr(At(1) + "unknown setting \"lisen\"; did you mean \"listen\"?"));
  EXPECT_THAT(mistakes, HasSubstr(At(3) + "rate-limit.views must be a whole number"));
  EXPECT_THAT(mistakes, HasSubstr(At(4) + "rate-limit.stats must be a whole number from 0"));
  EXPECT_THAT(mistakes, HasSubstr(At(5) + "rate-limit.exempt \"10.0.0.0/99\" is not a network"));
  EXPECT_THAT(mistakes, HasSubstr(At(6) + "unknown setting \"rate-limit.exempted\""));
  EXPECT_THAT(mistakes, HasSubstr(At(7) + "unknown setting \"nothing\""));
  EXPECT_THAT(mistakes, HasSubstr(At(10) + "http.idle-ms must be a whole number"));
  EXPECT_THAT(mistakes, HasSubstr("environment TENANTRY_LOOPS: loops must be a whole number"));
  EXPECT_THAT(mistakes, HasSubstr("flag --shop-auth: shop-auth must be keys | open"));
  EXPECT_EQ(std::count(mistakes.begin(), mistakes.end(), '\n'), 8);
}

// What `serve` would refuse is refused before.
TEST_F(ConfigurationTest, AddressesAndUrlsAreLookedAt) {
  WriteFile(
      "listen = [\"127.0.0.1:1\", \"nonsense\"]\nfollow = \"zz\"\nreplication-listen = "
      "\"host:port\"\n"
      "advertise-url = \"zz\"\napi-base-url = \"ftp://x\"\nalert-webhook = \"http://\"\n");
  const std::string mistakes = Mistakes();
  EXPECT_THAT(mistakes, HasSubstr(At(1) + "listen 'nonsense' is not HOST:PORT"));
  EXPECT_THAT(mistakes, HasSubstr(At(2) + "follow 'zz' is not HOST:PORT"));
  EXPECT_THAT(mistakes, HasSubstr(At(3) + "replication-listen 'host:port' is not HOST:PORT"));
  EXPECT_THAT(mistakes, HasSubstr(At(4) + "advertise-url must be a URL such as"));
  EXPECT_THAT(mistakes, HasSubstr(At(5) + "api-base-url the URL must start with https://"));
  EXPECT_THAT(mistakes, HasSubstr(At(6) + "alert-webhook must be a URL such as"));
  WriteFile("follow = \"\"\napi-base-url = \"\"\n");
  EXPECT_TRUE(Load(sources_).ok());
}

TEST_F(ConfigurationTest, BrokenAndMissingFilesAreRefused) {
  WriteFile("data = \"x\"\nlisten = [\n");
  EXPECT_THAT(Mistakes(), HasSubstr(sources_.file + ":"));
  WriteFile("data = \"a\"\ndata = \"b\"\n");
  EXPECT_THAT(Mistakes(), HasSubstr(sources_.file + ":2: not TOML"));
  sources_.file = folder_.path() + "/missing.toml";
  const Result<Configuration> missing = Load(sources_);
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("missing.toml"));
  sources_.file = folder_.path();
  EXPECT_FALSE(Load(sources_).ok()) << "a folder is no file";
}

TEST_F(ConfigurationTest, D7TheSeedsPoolVariablesAreAccepted) {
  SetVariable("DB_POOL_MAX", "20");
  SetVariable("DB_POOL_IDLE_TIMEOUT", "30000");
  SetVariable("DB_POOL_CONNECTION_TIMEOUT", "9000");
  SetVariable("API_BASE_URL", "https://api.example");
  const Configuration loaded = Loaded();
  EXPECT_EQ(loaded.settings.http.blocking.workers, 20u);
  EXPECT_EQ(loaded.settings.http.times.idle_ms, 30'000);
  EXPECT_EQ(loaded.settings.http.times.head_ms, 9'000);
  EXPECT_EQ(loaded.settings.api_base_url, "https://api.example");
  // Ours says more precisely what is meant.
  SetVariable("TENANTRY_HTTP_IDLE_MS", "75000");
  EXPECT_EQ(Loaded().settings.http.times.idle_ms, 75'000);
}

TEST_F(ConfigurationTest, WhatIsPrintedReadsBackAsTheSame) {
  sources_.flags["listen"] = {"127.0.0.1:1", "[::1]:2"};
  sources_.flags["data"] = {R"(C:\odd "folder")"};
  sources_.flags["rate-limit.exempt"] = {"10.0.0.0/8"};
  sources_.flags["demo"] = {"true"};
  const Configuration first = Loaded();
  for (const bool origins : {false, true}) {
    sources_.flags.clear();
    WriteFile(Print(first, origins));
    const Configuration second = Loaded();
    EXPECT_TRUE(Compare(first.settings, second.settings).empty());
    for (const std::string& origin : second.origins) EXPECT_THAT(origin, HasSubstr(sources_.file));
  }
}

TEST_F(ConfigurationTest, DifferencesNameTheSettingAndBothValues) {
  Settings before;
  Settings after;
  after.limits.rates.views = 2000;
  after.http.listen = {"127.0.0.1:9"};
  const std::vector<Difference> differences = Compare(before, after);
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0].text, "listen: [\"127.0.0.1:7117\"] -> [\"127.0.0.1:9\"]");
  EXPECT_FALSE(differences[0].setting->live);
  EXPECT_EQ(differences[1].text, "rate-limit.views: 1000 -> 2000");
  EXPECT_TRUE(differences[1].setting->live);
}

TEST(SettingTableTest, NamesAreUniqueInEveryForm) {
  std::set<std::string> names, flags, variables;
  std::set<std::string_view> tables;
  std::string_view table;
  for (const Setting& setting : AllSettings()) {
    EXPECT_TRUE(names.insert(std::string(setting.name)).second) << setting.name;
    EXPECT_TRUE(flags.insert(setting.Flag()).second) << setting.name;
    EXPECT_TRUE(variables.insert(setting.Variable()).second) << setting.name;
    if (!setting.seed_variable.empty()) {
      EXPECT_TRUE(variables.insert(std::string(setting.seed_variable)).second) << setting.name;
    }
    // Print() writes each table once, so its rows must stand together, the ones without a table first.
    if (setting.Table() != table) {
      EXPECT_TRUE(tables.insert(setting.Table()).second) << setting.name;
      table = setting.Table();
    }
    // The default is a value that the setting accepts.
    Settings settings;
    EXPECT_TRUE(setting.set(setting.get(settings), &settings).ok()) << setting.name;
    EXPECT_TRUE(Compare(Settings(), settings).empty()) << setting.name;
  }
}

TEST(SettingTableTest, ThePageOfSettingsIsTheTable) {
  std::ifstream in(TNT_SETTINGS_PAGE);
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), PrintReference()) << "run: tenantry config reference > docs/settings.md";
}

}  // namespace
}  // namespace tenantry::config
