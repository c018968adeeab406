// Goal: a full disk refuses growth with 507, lets deletes and reads pass, loses no acknowledged write, and heals by itself
// when there is room again, without a restart (crosscutting.md D12).
// Method: a small tmpfs in a mount namespace of this process, filled with ballast and freed again and again. Where the
// system allows no such namespace, the tests are skipped and say so.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <pthread.h>
#include <sys/mount.h>
#include <unistd.h>

#include "engine/stats.h"
#include "tests/crash/test_settings.h"
#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/popup_design.h"

namespace tenantry::contract {
namespace {

using nlohmann::json;

bool WriteText(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written;
}

// Once per process, while it has one thread: from then on it may mount what only it sees.
bool EnterOwnNamespace() {
  static const bool entered = [] {
    const std::string user = std::to_string(getuid());
    const std::string group = std::to_string(getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    WriteText("/proc/self/setgroups", "deny");
    return WriteText("/proc/self/uid_map", "0 " + user + " 1") &&
           WriteText("/proc/self/gid_map", "0 " + group + " 1") &&
           mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return entered;
}

// Polls until `condition` holds or the time is up.
template <class Condition>
bool Eventually(double seconds, const Condition& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

class DiskFullTest : public ::testing::Test {
 protected:
  void Mount(const std::string& size) {
    if (!EnterOwnNamespace()) GTEST_SKIP() << "this system lets nobody make a mount namespace";
    data_ = folder_.path() + "/data";
    std::filesystem::create_directory(data_);
    const std::string options = "size=" + size;
    if (mount("tmpfs", data_.c_str(), "tmpfs", 0, options.c_str()) != 0) {
      GTEST_SKIP() << "this system lets nobody mount a tmpfs in a namespace";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) umount2(data_.c_str(), MNT_DETACH);
  }
  // Takes all room that is left.
  void Fill() {
    const int fd = open((data_ + "/ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    const std::string block(64 * 1024, 'b');
    for (size_t size = block.size(); size > 0; size /= 2) {
      while (write(fd, block.data(), size) > 0) {
      }
    }
    close(fd);
  }
  void Free() { std::filesystem::remove(data_ + "/ballast"); }

  TemporaryFolder folder_;
  std::string data_;
  bool mounted_ = false;
};

class ServerOnFullDisk : public DiskFullTest {
 protected:
  void Start() {
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(),
                                   {"--shop-auth", "open", "--rate-limit-exempt", "127.0.0.0/8"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_.emplace(std::move(started).value());
    client_ = std::make_unique<httplib::Client>(server_->url());
    client_->set_keep_alive(true);
    client_->set_tcp_nodelay(true);
    client_->set_read_timeout(60);
  }
  int Subscribe(const std::string& email) {
    const json body = {{"shopId", "full.example"}, {"email", email}};
    const auto result = client_->Post("/email-subscribers", body.dump(), "application/json");
    return result ? result->status : 0;
  }
  int Get(const std::string& path) {
    const auto result = client_->Get(path);
    return result ? result->status : 0;
  }
  std::string MakePopup() {
    const json body = {{"shopId", "full.example"},
                       {"name", "P"},
                       {"triggerType", "time_delay"},
                       {"design", PopupDesign()}};
    const auto made = client_->Post("/popups", body.dump(), "application/json");
    EXPECT_TRUE(made && made->status == 201);
    return made ? json::parse(made->body)["id"] : "";
  }
  std::set<std::string> Stored() {
    std::set<std::string> stored;
    for (int page = 1;; ++page) {
      const auto listed =
          client_->Get("/email-subscribers?shopId=full.example&page=" + std::to_string(page));
      if (!listed || listed->status != 200) {
        ADD_FAILURE() << "the list cannot be read";
        return stored;
      }
      const json rows = json::parse(listed->body);
      for (const json& row : rows) stored.insert(row["email"]);
      if (rows.size() < 100) return stored;
    }
  }

  std::optional<load::ServerProcess> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(ServerOnFullDisk, D12_FilledAndFreedItLosesNothingAndNeedsNoRestart) {
  Mount("64m");
  if (IsSkipped()) return;
  Start();
  if (HasFatalFailure()) return;
  std::set<std::string> acknowledged;
  const auto try_one = [&](const std::string& email) {
    const int status = Subscribe(email);
    if (status == 201) acknowledged.insert(email);
    return status;
  };
  const uint64_t cycles = crash::Setting("TNT_DISK_CYCLES", 3);
  for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    const std::string popup = MakePopup();
    Fill();
    int status = 201;
    for (int i = 0; i < 20'000 && status == 201; ++i) {
      status = try_one("a" + std::to_string(cycle) + "." + std::to_string(i) + "@mail.example");
    }
    ASSERT_EQ(status, 507) << load::ReadText(folder_.path() + "/server.err");
    EXPECT_EQ(Get("/popups?shopId=full.example"), 200) << "reads pass";
    EXPECT_EQ(Get("/livez"), 200);
    EXPECT_EQ(Get("/readyz"), 503) << "health says so";
    const auto erased = client_->Delete("/popups/" + popup + "?shopId=full.example");
    ASSERT_TRUE(erased);
    EXPECT_EQ(erased->status, 204) << "deletes pass";
    Free();
    int tries = 0;
    EXPECT_TRUE(Eventually(30, [&] {
      return try_one("b" + std::to_string(cycle) + "." + std::to_string(tries++) +
                     "@mail.example") == 201;
    })) << "it does not heal";
    EXPECT_EQ(Get("/readyz"), 200);
  }
  EXPECT_EQ(Stored(), acknowledged);
  server_->Kill();
  Start();
  if (HasFatalFailure()) return;
  EXPECT_EQ(Stored(), acknowledged) << "after kill -9";
  EXPECT_EQ(server_->Stop(), 0);
}

// A store whose buffers are so small that they want to go to the full disk at once.
TEST_F(DiskFullTest, D12_AStoreThatCannotFlushWaitsAndHeals) {
  Mount("16m");
  if (IsSkipped()) return;
  ManualClock clock(kTestStartMs);
  LockedRandom random(7);
  PosixFileSystem files;
  EngineOptions options;
  options.directory = data_ + "/engine";
  options.segment_bytes = 1u << 20;
  options.write_buffer_bytes = 64u << 10;
  options.flush_log_bytes = 4u << 20;
  options.clock = &clock;
  options.random = &random;
  options.files = &files;
  Result<std::unique_ptr<Engine>> opened = Engine::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  Engine& engine = **opened;
  const auto write_row = [&](const std::string& name) {
    return engine.ExecuteDirectory(
        {1, "test", ""}, ReadTier::kBlocking,
        [&](DirectoryTransaction& tx) { return tx.SetMeta(name, random.Bytes(2000)); });
  };
  std::vector<std::string> accepted;
  bool was_held_up = false;
  for (int cycle = 0; cycle < 3; ++cycle) {
    SCOPED_TRACE(cycle);
    Fill();
    Outcome outcome;
    for (int i = 0; i < 100'000 && outcome.status.ok(); ++i) {
      const std::string name = "row" + std::to_string(cycle) + "." + std::to_string(i);
      outcome = write_row(name);
      if (outcome.status.ok()) accepted.push_back(name);
      // At the pace of a slow client, so that flushes have time to fail.
      if (i % 20 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(outcome.status.code(), StatusCode::kNoSpace) << outcome.status.ToString();
    was_held_up |= engine.released_index() < engine.position().index;
    Free();
    ASSERT_TRUE(Eventually(30, [&] {
      const std::string name = "healed" + std::to_string(cycle);
      outcome = write_row(name);
      if (outcome.status.ok()) accepted.push_back(name);
      return outcome.status.ok();
    })) << outcome.status.ToString();
    ASSERT_TRUE(Eventually(30, [&] { return engine.released_index() >= outcome.release_index; }));
  }
  EXPECT_TRUE(was_held_up) << "the store was never short of room";
  const auto holds_all = [&](Engine& subject) {
    const SpaceReader space = subject.View().DirectorySpace(ReadTier::kBlocking);
    for (const std::string& name : accepted) {
      const auto row = space.Meta(name);
      EXPECT_TRUE(row.ok() && row->has_value()) << name;
    }
  };
  holds_all(engine);
  opened->reset();
  Result<std::unique_ptr<Engine>> again = Engine::Open(options);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  holds_all(**again);
}

}  // namespace
}  // namespace tenantry::contract
