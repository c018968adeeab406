#include "engine/keyed_call.h"

#include <thread>
#include <vector>

#include "engine/tenant/reclaim.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

constexpr uint8_t kFamily = 251;

class KeyedCallTest : public EngineFixture {
 protected:
  KeyedCall::Request Named(std::string_view key, std::string_view fingerprint = "body") const {
    return {"POST", "/things", key, fingerprint, clock_.NowUnixMs()};
  }
  static Status AddOne(Transaction& tx) {
    TNT_ASSIGN_OR_RETURN(const int64_t value, tx.Counter(kFamily, "owner", "n"));
    return tx.SetCounter(kFamily, "owner", "n", 0, value + 1);
  }
  static AnswerDraft Answer(const std::string& body) {
    AnswerDraft answer;
    answer->setStatus(201);
    answer->setBody(body);
    return answer;
  }
  Outcome Execute(const Engine::Plan& plan) {
    return engine().Execute(*shop_, {}, ReadTier::kBlocking, plan);
  }
  // A whole request as the server runs it: the body of its answer, its own or the stored one.
  std::string Request(std::string_view key, const std::string& body, const Engine::Plan& plan) {
    KeyedCall call(Named(key));
    const Outcome outcome = Execute(plan);
    if (call.answer()) return (*call.answer())->getBody().cStr();
    EXPECT_TRUE(call.holds_command()) << outcome.status.ToString();
    engine().WaitReleased(call.Commit(Answer(body)));
    return body;
  }
  int64_t Count() {
    const ReadView view = engine().View();
    return *view.Space(*shop_, ReadTier::kBlocking).Counter(kFamily, "owner", "n");
  }
  void SetUp() override { shop_ = CreateTenant("shop"); }

  std::optional<TenantRef> shop_;
};

TEST_F(KeyedCallTest, ARepeatGetsTheFirstAnswerAndHasNoEffect) {
  EXPECT_EQ(Request("a", "first", AddOne), "first");
  EXPECT_EQ(Request("a", "second", AddOne), "first");
  EXPECT_EQ(Request("b", "third", AddOne), "third");
  EXPECT_EQ(Count(), 2);
}

TEST_F(KeyedCallTest, EffectAndAnswerAreOneEntry) {
  const uint64_t before = engine().position().index;
  Request("a", "first", AddOne);
  EXPECT_EQ(engine().position().index, before + 1);
  Reopen();
  EXPECT_EQ(Request("a", "second", AddOne), "first");
  EXPECT_EQ(Count(), 1);
}

TEST_F(KeyedCallTest, ACommandWithoutAnAnswerNeverHappened) {
  const uint64_t before = engine().position().index;
  {
    KeyedCall call(Named("a"));
    ASSERT_TRUE(Execute(AddOne).status.ok());
    EXPECT_TRUE(call.holds_command());
  }
  EXPECT_EQ(engine().position().index, before);
  EXPECT_EQ(Request("a", "again", AddOne), "again");
  EXPECT_EQ(Count(), 1);
}

TEST_F(KeyedCallTest, ARefusalIsStoredWithoutTheEffectsOfItsPlan) {
  const auto refuse = [](Transaction& tx) -> Status {
    TNT_RETURN_IF_ERROR(AddOne(tx));
    return Conflict("full");
  };
  EXPECT_EQ(Request("a", "full", refuse), "full");
  EXPECT_EQ(Request("a", "room", AddOne), "full");
  EXPECT_EQ(Count(), 0);
}

TEST_F(KeyedCallTest, AFaultOfTheMachineIsNotHeld) {
  KeyedCall call(Named("a"));
  const Outcome outcome = Execute([](Transaction&) { return Unavailable("later"); });
  EXPECT_EQ(outcome.status.code(), StatusCode::kUnavailable);
  EXPECT_FALSE(call.holds_command());
  EXPECT_FALSE(call.answer());
}

TEST_F(KeyedCallTest, OnlyTheLastOfSeveralCommandsWaits) {
  {
    KeyedCall call(Named("a"));
    ASSERT_TRUE(Execute(AddOne).status.ok());
    ASSERT_TRUE(Execute(AddOne).status.ok());  // Sees the first one.
    engine().WaitReleased(call.Commit(Answer("both")));
  }
  EXPECT_EQ(Count(), 2);
  EXPECT_EQ(Request("a", "again", AddOne), "both");
}

TEST_F(KeyedCallTest, CallersMethodsAndPathsAreApart) {
  Request("a", "anonymous", AddOne);
  {
    KeyedCall call(Named("a"));
    call.SetPrincipal("somebody");
    ASSERT_TRUE(Execute(AddOne).status.ok());
    engine().WaitReleased(call.Commit(Answer("x")));
  }
  {
    KeyedCall call({"PUT", "/things", "a", "body", clock_.NowUnixMs()});
    ASSERT_TRUE(Execute(AddOne).status.ok());
    engine().WaitReleased(call.Commit(Answer("x")));
  }
  EXPECT_EQ(Count(), 3);
}

TEST_F(KeyedCallTest, TheFingerprintComesBackWithTheAnswer) {
  Request("a", "first", AddOne);
  KeyedCall call(Named("a", "other body"));
  EXPECT_EQ(Execute(AddOne).status.code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(call.answer());
  EXPECT_STREQ((*call.answer())->getFingerprint().cStr(), "body");
}

TEST_F(KeyedCallTest, CredentialsStandInForABody) {
  {
    KeyedCall call(Named("a"));
    ASSERT_TRUE(Execute(AddOne).status.ok());
    call.NoteCredentials("gym", "member", "device", 3);
    engine().WaitReleased(call.Commit(Answer("{\"token\":\"secret\"}")));
  }
  KeyedCall call(Named("a"));
  static_cast<void>(Execute(AddOne));
  ASSERT_TRUE(call.answer());
  EXPECT_FALSE((*call.answer())->hasBody());
  EXPECT_STREQ((*call.answer())->getDeviceId().cStr(), "device");
  EXPECT_EQ((*call.answer())->getTokenEpoch(), 3);
}

TEST_F(KeyedCallTest, AnAnswerTooLargeToKeepIsMarked) {
  const std::string large(300 * 1024, 'x');
  Request("a", large, AddOne);
  KeyedCall call(Named("a"));
  static_cast<void>(Execute(AddOne));
  ASSERT_TRUE(call.answer());
  EXPECT_TRUE((*call.answer())->getBodyDropped());
}

TEST_F(KeyedCallTest, AnswersAreKeptForADayAndThenReclaimed) {
  Request("a", "first", AddOne);
  clock_.AdvanceMs(kAnswerKeptMs - 1);
  EXPECT_EQ(Request("a", "second", AddOne), "first");
  Request("b", "young", AddOne);
  EXPECT_FALSE(*tenant::ReclaimAnswersStep(engine(), *shop_));

  clock_.AdvanceMs(1);
  EXPECT_EQ(Request("a", "anew", AddOne), "anew");  // In place of the expired one.
  EXPECT_EQ(Count(), 3);

  clock_.AdvanceMs(kAnswerKeptMs);
  const uint64_t before = engine().position().index;
  EXPECT_FALSE(*tenant::ReclaimAnswersStep(engine(), *shop_));
  engine().WaitReleased(before + 1);
  EXPECT_FALSE(*tenant::ReclaimAnswersStep(engine(), *shop_));
  EXPECT_EQ(engine().position().index, before + 1);
}

// Goal: however many threads repeat a request at once, its effect happens once and all get one answer.
TEST_F(KeyedCallTest, ConcurrentRepeatsHaveOneEffect) {
  constexpr int kThreads = 8;
  constexpr int kKeys = 100;
  std::vector<std::vector<std::string>> answers(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int k = 0; k < kKeys; ++k) {
        answers[t].push_back(Request("key" + std::to_string(k),
                                     std::to_string(t) + "." + std::to_string(k), AddOne));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count(), kKeys);
  for (const auto& mine : answers) EXPECT_EQ(mine, answers.front());
}

}  // namespace
}  // namespace tenantry
