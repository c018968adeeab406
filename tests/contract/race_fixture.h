#pragma once
// RaceTest: members of one gym who ask the whole server for something at the same instant. One
// connection each; all requests are written before any answer is read.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/gym/token.h"
#include "tests/crash/test_settings.h"
#include "tests/engine/gym/gym_fixture.h"
#include "tests/support/in_process_server.h"
#include "tests/support/raw_connection.h"

namespace tenantry::gym {

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

  // Members with a connection each.
  void Connect(size_t members) {
    for (size_t i = 0; i < members; ++i) {
      const std::string email = "racer" + std::to_string(i) + "@iron.example";
      const tenant::TenantEntry gym = Gym(gym_id_);
      const SignedIn in =
          Must(SignUpMember(engine(), {gym, email, "Racer", "hash", "r"}, ReadTier::kBlocking));
      racers_.push_back(String(in.member->getId()));
      tokens_.push_back(TokenOf(in));
      connections_.push_back(std::make_unique<RawConnection>(server_->port()));
    }
  }
  std::string TokenOf(const SignedIn& in) {
    server::gym::TokenClaims claims;
    claims->setSub(in.member->getId());
    claims->setEmail(in.member->getEmail());
    claims->setTenantId(gym_id_);
    claims->setRole("MEMBER");
    claims->setFam(in.token.device_id);
    claims->setEpoch(in.member->getTokenEpoch());
    claims->setIat(clock_.NowUnixMs() / 1000);
    claims->setExp(clock_.NowUnixMs() / 1000 + 3600);
    return server::gym::SignToken(server_->secret(), claims);
  }

  struct Move {
    size_t connection;
    std::string method, path;
    std::string body = {};
    std::string token = {};  // Empty: that of the connection's member.
  };
  // All moves at once; answers in their order.
  std::vector<RawConnection::Answer> Race(const std::vector<Move>& moves) {
    std::vector<std::string> requests;
    for (const Move& move : moves) {
      const std::string& token = move.token.empty() ? tokens_[move.connection] : move.token;
      requests.push_back(move.method + " " + move.path +
                         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                         "Authorization: Bearer " +
                         token + "\r\nContent-Length: " + std::to_string(move.body.size()) +
                         "\r\n\r\n" + move.body);
    }
    for (size_t i = 0; i < moves.size(); ++i) {
      EXPECT_TRUE(connections_[moves[i].connection]->Write(requests[i]));
    }
    std::vector<RawConnection::Answer> answers;
    for (const Move& move : moves) answers.push_back(connections_[move.connection]->ReadAnswer());
    return answers;
  }
  static Move Booking(size_t member, const std::string& session) {
    return {member, "POST", "/bookings", R"({"sessionInstanceId":")" + session + "\"}"};
  }
  // Everybody books at once.
  std::vector<RawConnection::Answer> BookAll(const std::string& session) {
    std::vector<Move> moves;
    for (size_t i = 0; i < connections_.size(); ++i) moves.push_back(Booking(i, session));
    return Race(moves);
  }
  // How often each status came.
  static std::map<int, int> Count(const std::vector<RawConnection::Answer>& answers) {
    std::map<int, int> statuses;
    for (const RawConnection::Answer& answer : answers) ++statuses[answer.status];
    return statuses;
  }
  static int Rounds() { return static_cast<int>(crash::Setting("TNT_RACE_ROUNDS", 1000)); }

  server::ReleaseRelay relay_;
  std::unique_ptr<InProcessServer> server_;
  std::vector<std::string> racers_;  // Member ids.
  std::vector<std::string> tokens_;
  std::vector<std::unique_ptr<RawConnection>> connections_;
};

}  // namespace tenantry::gym
