// Goal: every check of `tenantry doctor` passes on what is well, and fails on something broken.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/dump/format.h"
#include "tests/support/engine_fixture.h"
#include "tools/doctor/checks.h"

namespace tenantry::doctor {
namespace {

using testing::HasSubstr;

constexpr uint64_t kGib = uint64_t{1} << 30;
constexpr int64_t kHourMs = 3'600'000;

TEST(DoctorTest, FewOpenFilesFail) {
  EXPECT_EQ(CheckLimits(1024, 65536).level, Level::kOk);
  EXPECT_EQ(CheckLimits(1024, 2048).level, Level::kWarning);
  EXPECT_EQ(CheckLimits(256, 256).level, Level::kFailure);
  EXPECT_NE(CheckLimits().message, "cannot be read");
}

TEST(DoctorTest, AFullDiskOrMemoryFails) {
  EXPECT_EQ(CheckDisk(DiskFacts{.free_bytes = 50 * kGib, .total_bytes = 100 * kGib}).level,
            Level::kOk);
  EXPECT_EQ(CheckDisk(DiskFacts{.free_bytes = 5 * kGib, .total_bytes = 100 * kGib}).level,
            Level::kWarning);
  EXPECT_EQ(CheckDisk(DiskFacts{.free_bytes = kGib / 2, .total_bytes = kGib}).level,
            Level::kFailure);
  EXPECT_EQ(
      CheckDisk(DiskFacts{.free_bytes = 9 * kGib, .total_bytes = 10 * kGib, .in_memory = true})
          .level,
      Level::kFailure);
  EXPECT_EQ(CheckDisk(std::string("/nowhere/at/all")).level, Level::kFailure);
}

// In a process of its own, as nobody.
TEST(DoctorTest, AFolderOfSomebodyElseFails) {
  const TemporaryFolder folder;
  EXPECT_EQ(CheckFolder(folder.path()).level, Level::kOk);
  std::ofstream(folder.path() + "/LOCK") << "";
  ASSERT_EQ(chmod((folder.path() + "/LOCK").c_str(), 0600), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
  if (geteuid() != 0) GTEST_SKIP() << "needs to become another user";
  EXPECT_EXIT(
      {
        const Finding found = setuid(65534) == 0 ? CheckFolder(folder.path()) : Finding{};
        _exit(found.level == Level::kFailure &&
                      found.message.find("/LOCK: Permission denied") != std::string::npos
                  ? 0
                  : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(DoctorTest, AClockBehindTheLogFails) {
  EXPECT_EQ(CheckClock(1'000'000, 999'000, true).level, Level::kOk);
  EXPECT_EQ(CheckClock(1'000'000, 999'000, false).level, Level::kWarning);
  const Finding behind = CheckClock(1'000'000, 1'000'000 + kHourMs, true);
  EXPECT_EQ(behind.level, Level::kFailure);
  EXPECT_THAT(behind.message, HasSubstr("set the clock"));
}

class DoctorFolderTest : public EngineFixture {};

TEST_F(DoctorFolderTest, TheNewestEntryIsReadFromTheFiles) {
  CreateTenant("shop");
  const ManualClock earlier(clock_.NowUnixMs() - kHourMs);
  EXPECT_EQ(CheckClock(files_, earlier, options_.directory).level, Level::kFailure);
  EXPECT_NE(CheckClock(files_, clock_, options_.directory).level, Level::kFailure);
  const TemporaryFolder none;
  EXPECT_EQ(CheckClock(files_, clock_, none.path()).level, Level::kWarning) << "no log there";
}

// In a process of its own: zones once loaded stay.
TEST(DoctorTest, MissingZoneDataFails) {
  const TemporaryFolder empty;
  EXPECT_EXIT(
      {
        setenv("TZDIR", empty.path().c_str(), 1);
        _exit(CheckZones().level == Level::kFailure ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EQ(CheckZones().level, Level::kOk);
}

TEST(DoctorTest, ATakenPortFails) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(fd, generic, bytes), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  ASSERT_EQ(getsockname(fd, generic, &bytes), 0);
  const std::string taken = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(CheckPort(taken, false).level, Level::kFailure);
  EXPECT_EQ(CheckPort(taken, true).level, Level::kOk) << "by the server of the folder";
  close(fd);
  EXPECT_EQ(CheckPort("127.0.0.1:0", false).level, Level::kOk);
  EXPECT_EQ(CheckPort("7117", false).level, Level::kFailure);
}

TEST(DoctorTest, NoDumpOrAnOldOneFails) {
  const TemporaryFolder folder;
  const int64_t now = SystemClock().NowUnixMs();
  EXPECT_EQ(CheckLastDump("", now, 26 * kHourMs).level, Level::kWarning);
  EXPECT_EQ(CheckLastDump(folder.path(), now, 26 * kHourMs).level, Level::kFailure);
  EXPECT_EQ(CheckLastDump(folder.path() + "/none", now, 26 * kHourMs).level, Level::kFailure);
  std::ofstream(folder.path() + "/notes.txt") << "what a cron job said";
  EXPECT_EQ(CheckLastDump(folder.path(), now, 26 * kHourMs).level, Level::kFailure);
  std::ofstream(folder.path() + "/a.dump") << dump::kHeaderMagic << "bytes";
  EXPECT_EQ(CheckLastDump(folder.path(), now, 26 * kHourMs).level, Level::kOk);
  const Finding old = CheckLastDump(folder.path(), now + 40 * kHourMs, 26 * kHourMs);
  EXPECT_EQ(old.level, Level::kFailure);
  EXPECT_THAT(old.message, HasSubstr("a.dump is"));
}

TEST(DoctorTest, AnotherDigestFails) {
  const std::string here = "position\t1.42\nspace 1\t9 rows\tabc\nspace 2\t3 rows\tdef\n";
  EXPECT_EQ(CompareDigests(here, here).level, Level::kOk);
  EXPECT_EQ(CompareDigests(here, "position\t1.43\nspace 1\t9 rows\tabc\n").level, Level::kWarning);
  EXPECT_EQ(CompareDigests(here, "something else").level, Level::kFailure);
  const Finding differs =
      CompareDigests(here, "position\t1.42\nspace 1\t9 rows\tabc\nspace 2\t3 rows\tdee\n");
  EXPECT_EQ(differs.level, Level::kFailure);
  EXPECT_THAT(differs.message, HasSubstr("space 2"));
}

}  // namespace
}  // namespace tenantry::doctor
