// Goal: however many people want the same seat at the same instant, exactly as many get one as there are seats, everybody
// gets an answer, and a race costs few syncs.
// Method: the whole server in this process, one connection per member, all requests written before any answer is read.

#include <map>

#include <gtest/gtest.h>

#include "server/gym/token.h"
#include "tests/crash/test_settings.h"
#include "tests/engine/gym/gym_fixture.h"
#include "tests/support/in_process_server.h"
#include "tests/support/raw_connection.h"

namespace tenantry::gym {
namespace {

class RaceTest : public GymFixture {
 protected:
  void SetUp() override {
    engine().SetReleaseListener([this] { relay_.Notify(); });
    GymFixture::SetUp();
    server_ = std::make_unique<InProcessServer>(engine(), relay_, server::ServerOptions());
  }
  void TearDown() override {
    connections_.clear();
    server_.reset();
    engine_.reset();
  }

  void Connect(size_t members) {
    for (size_t i = 0; i < members; ++i) {
      const std::string email = "racer" + std::to_string(i) + "@iron.example";
      const tenant::TenantEntry gym = Gym(gym_id_);
      const SignedIn in =
          Must(SignUpMember(engine(), {gym, email, "Racer", "hash", "r"}, ReadTier::kBlocking));
      server::gym::TokenClaims claims;
      claims->setSub(in.member->getId());
      claims->setEmail(email);
      claims->setTenantId(gym_id_);
      claims->setRole("MEMBER");
      claims->setFam(in.token.device_id);
      claims->setEpoch(in.member->getTokenEpoch());
      claims->setIat(clock_.NowUnixMs() / 1000);
      claims->setExp(clock_.NowUnixMs() / 1000 + 3600);
      tokens_.push_back(server::gym::SignToken(server_->secret(), claims));
      connections_.push_back(std::make_unique<RawConnection>(server_->port()));
    }
  }

  std::string BookingRequest(size_t member, const std::string& session) const {
    const std::string body = R"({"sessionInstanceId":")" + session + "\"}";
    return "POST /bookings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Authorization: Bearer " +
           tokens_[member] + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

  // How often each status came when everybody books at once.
  std::map<int, int> Race(const std::string& session) {
    std::vector<std::string> requests;
    for (size_t i = 0; i < connections_.size(); ++i) requests.push_back(BookingRequest(i, session));
    for (size_t i = 0; i < connections_.size(); ++i) {
      EXPECT_TRUE(connections_[i]->Write(requests[i]));
    }
    std::map<int, int> statuses;
    for (const auto& connection : connections_) ++statuses[connection->ReadStatus()];
    return statuses;
  }

  server::ReleaseRelay relay_;
  std::unique_ptr<InProcessServer> server_;
  std::vector<std::string> tokens_;
  std::vector<std::unique_ptr<RawConnection>> connections_;
};

TEST_F(RaceTest, TwentySeatsForTwoHundredMembers) {
  Connect(200);
  const std::string session = AddSession(clock_.NowUnixMs() + kDayMs, R"(,"capacity":20)");
  const size_t groups_before = engine().GroupSizesForTest().size();
  const std::map<int, int> statuses = Race(session);
  EXPECT_EQ(statuses, (std::map<int, int>{{201, 20}, {409, 180}}));
  EXPECT_EQ(SessionNow(session)->getBookedCount(), 20);

  const std::vector<uint32_t> sizes = engine().GroupSizesForTest();
  std::printf("twenty bookings went to disk in groups of");
  for (size_t i = groups_before; i < sizes.size(); ++i) std::printf(" %u", sizes[i]);
  std::printf("\n");
  EXPECT_LT(sizes.size() - groups_before, 20u);
}

TEST_F(RaceTest, OneSeatHasOneWinner) {
  const auto rounds = static_cast<int>(crash::Setting("TNT_RACE_ROUNDS", 1000));
  Connect(16);
  int winners = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string session =
        AddSession(clock_.NowUnixMs() + (round + 1) * 2 * kHourMs, R"(,"capacity":1)");
    const std::map<int, int> statuses = Race(session);
    ASSERT_EQ(statuses, (std::map<int, int>{{201, 1}, {409, 15}})) << "round " << round;
    ASSERT_EQ(SessionNow(session)->getBookedCount(), 1);
    ++winners;
  }
  EXPECT_EQ(winners, rounds);
}

}  // namespace
}  // namespace tenantry::gym
