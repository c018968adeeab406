#include <gtest/gtest.h>

#include "engine/gym/text.h"
#include "server/gym/login_guard.h"
#include "server/gym/password.h"
#include "server/gym/token.h"

namespace tenantry::server::gym {
namespace {

constexpr int64_t kNowS = 1'772'442'000;

TokenClaims Claims() {
  TokenClaims claims;
  claims->setSub("cmember");
  claims->setEmail("mia@mail.example");
  claims->setTenantId("cgym");
  claims->setRole("MEMBER");
  claims->setFam("0011223344556677");
  claims->setEpoch(3);
  claims->setIat(kNowS);
  claims->setExp(kNowS + kTokenLifeSeconds);
  return claims;
}

const tenant::TokenSecret kSecret{"k1", std::string(32, 's')};

TEST(GymTokenTest, ATokenSaysWhatWasSigned) {
  const std::string token = SignToken(kSecret, Claims());
  const auto claims = VerifyToken(kSecret, token, kNowS * 1000);
  ASSERT_TRUE(claims);
  EXPECT_EQ(tenantry::gym::View((**claims).getSub()), "cmember");
  EXPECT_EQ(tenantry::gym::View((**claims).getFam()), "0011223344556677");
  EXPECT_EQ((**claims).getEpoch(), 3);
}

TEST(GymTokenTest, ATokenDiesAfterADay) {
  const std::string token = SignToken(kSecret, Claims());
  EXPECT_TRUE(VerifyToken(kSecret, token, (kNowS + kTokenLifeSeconds) * 1000 - 1));
  EXPECT_FALSE(VerifyToken(kSecret, token, (kNowS + kTokenLifeSeconds) * 1000));
}

TEST(GymTokenTest, OnlyTheSecretOfThatNameVerifies) {
  const std::string token = SignToken(kSecret, Claims());
  EXPECT_FALSE(VerifyToken({"k1", std::string(32, 't')}, token, kNowS * 1000));
  EXPECT_FALSE(VerifyToken({"k2", std::string(32, 's')}, token, kNowS * 1000));
}

TEST(GymTokenTest, EveryChangedCharacterVoidsAToken) {
  const std::string token = SignToken(kSecret, Claims());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(VerifyToken(kSecret, changed, kNowS * 1000)) << i;
    EXPECT_FALSE(VerifyToken(kSecret, token.substr(0, i), kNowS * 1000)) << i;
  }
}

// RFC 7515 appendix A.1 fixes HMAC-SHA-256 over the two parts; this is the same computation on our
// own header.
TEST(GymTokenTest, TheFormatIsAJsonWebToken) {
  const std::string token = SignToken(kSecret, Claims());
  // {"alg":"HS256","typ":"JWT","kid":"k1"}
  EXPECT_EQ(token.substr(0, token.find('.')),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsxIn0");
  EXPECT_EQ(token.size() - token.rfind('.') - 1, 43u);
  EXPECT_EQ(token.find('='), std::string::npos);
}

TEST(GymPasswordTest, OnlyThePasswordVerifies) {
  const Result<std::string> hash = HashPassword("correct horse");
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(hash->substr(0, 30), "$argon2id$v=19$m=19456,t=2,p=1");
  EXPECT_TRUE(VerifyPassword(*hash, "correct horse"));
  EXPECT_FALSE(VerifyPassword(*hash, "correct horsf"));
  EXPECT_FALSE(VerifyPassword("", ""));
  EXPECT_FALSE(VerifyPassword("nonsense", "nonsense"));
}

TEST(GymPasswordTest, ImportedBcryptHashesVerify) {
  // Of "correct horse", cost 4, made with crypt(3) outside our code.
  const std::string hash = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
  EXPECT_TRUE(VerifyPassword(hash, "correct horse"));
  EXPECT_FALSE(VerifyPassword(hash, "correct"));
  EXPECT_FALSE(VerifyPassword(hash, std::string("correct horse\0x", 15)));
}

TEST(GymPasswordTest, OnlyOurOwnHashesAreUpToDate) {
  EXPECT_FALSE(IsOutdated(*HashPassword("correct horse")));
  EXPECT_TRUE(IsOutdated("$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"));
}

constexpr std::string_view kHome = "10.0.0.1";
constexpr std::string_view kElsewhere = "10.0.0.2";

// F48: ten failures from one address; then one more for each that decayed.
TEST(LoginGuardTest, FailuresLockOneAddressAndDecay) {
  ManualClock clock(kNowS * 1000);
  LoginGuard guard(clock);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(guard.WaitMs("mia", kHome), 0) << i;
    guard.NoteFailure("mia", kHome);
  }
  const int64_t wait_ms = guard.WaitMs("mia", kHome);
  EXPECT_GT(wait_ms, 0);
  EXPECT_LT(wait_ms, LoginGuard::kHalfLifeMs);
  EXPECT_EQ(guard.WaitMs("mia", kElsewhere), 0);
  EXPECT_EQ(guard.WaitMs("tom", kHome), 0);
  clock.AdvanceMs(wait_ms);
  EXPECT_EQ(guard.WaitMs("mia", kHome), 0);
  guard.NoteFailure("mia", kHome);
  EXPECT_GT(guard.WaitMs("mia", kHome), 0);
  guard.NoteSuccess("mia", kHome);
  EXPECT_EQ(guard.WaitMs("mia", kHome), 0);
}

// F48: whoever guesses from ever new addresses waits longer and longer for each answer, up to a
// bound, and so does the owner; nobody is refused. No success ends it, time does.
TEST(LoginGuardTest, TheHoldOfAnAccountGrowsWhereverFailuresComeFrom) {
  ManualClock clock(kNowS * 1000);
  LoginGuard guard(clock);
  std::vector<int64_t> holds;
  for (int i = 0; i < 16; ++i) {
    const std::string address = "10.0.1." + std::to_string(i);
    EXPECT_EQ(guard.WaitMs("mia", address), 0);
    holds.push_back(guard.HoldMs("mia"));
    guard.NoteFailure("mia", address);
    clock.AdvanceMs(10);
  }
  EXPECT_EQ(holds, (std::vector<int64_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000,
                                         LoginGuard::kHoldMsMax}));
  EXPECT_EQ(guard.HoldMs("tom"), 0);
  guard.NoteSuccess("mia", kHome);
  EXPECT_EQ(guard.HoldMs("mia"), LoginGuard::kHoldMsMax);
  EXPECT_EQ(guard.WaitMs("mia", kHome), 0);
  clock.AdvanceMs(LoginGuard::kHalfLifeMs);
  EXPECT_EQ(guard.HoldMs("mia"), 0);
}

// More accounts than fit: the oldest go, and what is tried now still counts.
TEST(LoginGuardTest, CountsStayBounded) {
  ManualClock clock(kNowS * 1000);
  LoginGuard guard(clock);
  for (size_t i = 0; i < LoginGuard::kEntriesMax + 1; ++i) {
    guard.NoteFailure(std::to_string(i), kHome);
  }
  for (int i = 0; i < 10; ++i) guard.NoteFailure("mia", kHome);
  EXPECT_GT(guard.WaitMs("mia", kHome), 0);
  EXPECT_GT(guard.HoldMs("mia"), 0);
}

}  // namespace
}  // namespace tenantry::server::gym
