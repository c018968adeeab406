#include <algorithm>

#include "engine/schema/popups.capnp.h"
#include "engine/webhooks/deliveries.h"
#include "engine/webhooks/endpoints.h"
#include "engine/webhooks/events.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::webhooks {
namespace {

using Subscriber = codec::Draft<schema::EmailSubscriber>;

class WebhooksTest : public EngineFixture {
 protected:
  void SetUp() override {
    options_.observer = &observer_;
    Reopen();
    shop_ = CreateTenant("shop");
  }
  Endpoint Add(const std::string& json) {
    const auto input = codec::Input<schema::WebhookInput>::Decode(json);
    EXPECT_TRUE(input.ok()) << input.status().ToString();
    EndpointReply reply = CreateEndpoint(engine(), *shop_, *input, {}, ReadTier::kBlocking);
    EXPECT_TRUE(reply.endpoint) << reply.outcome.status.ToString();
    engine().WaitReleased(reply.outcome.release_index);
    return *std::move(reply.endpoint);
  }
  static Subscriber NewSubscriber(const std::string& id) {
    Subscriber draft;
    draft->setId(id);
    draft->setEmail(id + "@mail.example");
    draft->setEmailKey(id + "@mail.example");
    draft->setIsActive(true);
    return draft;
  }
  void Subscribe(const std::string& id) {
    ASSERT_TRUE(
        Run(*shop_, [&](Transaction& tx) { return tx.Insert(NewSubscriber(id)); }).status.ok());
  }
  // Runs fan-out jobs; deliveries stay queued for nobody.
  void FanOutAll() {
    jobs::Runner runner(
        engine(),
        {{std::string(kFanOutJob), FanOut},
         {std::string(kDeliverJob),
          [](const jobs::Claim&) {
            return jobs::RunResult{Unavailable("not now"), {.error = {}, .counts = false}, {}};
          }}},
        {});
    runner.RunDue();
  }
  std::vector<std::string> Types(const Endpoint& endpoint) {
    std::vector<std::string> types;
    const auto deliveries = ListDeliveries(Space(), endpoint->getId().cStr(), 100);
    EXPECT_TRUE(deliveries.ok());
    for (const Delivery& delivery : *deliveries) types.emplace_back(delivery->getType().cStr());
    std::sort(types.begin(), types.end());
    return types;
  }
  SpaceReader Space() { return engine().View().Space(*shop_, ReadTier::kBlocking); }
  uint64_t Queued() { return jobs::ReadDepth(engine().View(), clock_.NowUnixMs())->queued; }

  Observer observer_;
  std::optional<TenantRef> shop_;
};

TEST_F(WebhooksTest, ATenantWithoutEndpointsQueuesNothing) {
  Subscribe("a");
  EXPECT_EQ(Queued(), 0u);
  const Endpoint endpoint = Add(R"({"url":"https://a.example/"})");
  Subscribe("b");
  EXPECT_EQ(Queued(), 1u);
  const EndpointReply gone =
      DeleteEndpoint(engine(), *shop_, endpoint->getId().cStr(), {}, ReadTier::kBlocking);
  ASSERT_TRUE(gone.outcome.status.ok());
  Subscribe("c");
  EXPECT_EQ(Queued(), 1u);
}

TEST_F(WebhooksTest, TheEventIsInTheEntryOfItsCommand) {
  Add(R"({"url":"https://a.example/"})");
  const uint64_t before = engine().position().index;
  Subscribe("a");
  EXPECT_EQ(engine().position().index, before + 1);
  EXPECT_EQ(Queued(), 1u);
  static_cast<void>(Run(*shop_, [&](Transaction& tx) -> Status {
    TNT_RETURN_IF_ERROR(tx.Insert(NewSubscriber("b")));
    return Conflict("refused");
  }));
  EXPECT_EQ(Queued(), 1u);
  Reopen();
  EXPECT_EQ(Queued(), 1u);
}

TEST_F(WebhooksTest, EndpointsGetTheEventsTheyAskedFor) {
  const Endpoint all = Add(R"({"url":"https://a.example/"})");
  const Endpoint popups = Add(R"({"url":"https://b.example/","events":["popup.*"]})");
  const Endpoint left = Add(R"({"url":"https://c.example/","events":["subscriber.unsubscribed"]})");
  const Endpoint off = Add(R"({"url":"https://d.example/","isActive":false})");
  Subscribe("a");
  ASSERT_TRUE(Run(*shop_, [](Transaction& tx) -> Status {
                TNT_ASSIGN_OR_RETURN(const auto before, tx.Get<schema::EmailSubscriber>({"a"}));
                codec::Draft<schema::EmailSubscriber> after(before);
                after->setIsActive(false);
                return tx.Update(before, after);
              }).status.ok());
  ASSERT_TRUE(Run(*shop_, [](Transaction& tx) -> Status {
                TNT_ASSIGN_OR_RETURN(const auto before, tx.Get<schema::EmailSubscriber>({"a"}));
                codec::Draft<schema::EmailSubscriber> after(before);
                after->setName("Ada");
                TNT_RETURN_IF_ERROR(tx.Update(before, after));
                return tx.Erase(before);
              }).status.ok());
  FanOutAll();
  using Names = std::vector<std::string>;
  EXPECT_EQ(Types(all), (Names{"subscriber.created", "subscriber.deleted",
                               "subscriber.unsubscribed", "subscriber.updated"}));
  EXPECT_EQ(Types(popups), Names{});
  EXPECT_EQ(Types(left), Names{"subscriber.unsubscribed"});
  EXPECT_EQ(Types(off), Names{});
}

TEST_F(WebhooksTest, AnEventShowsTheRecordWithoutItsInternalFields) {
  const Endpoint endpoint = Add(R"({"url":"https://a.example/"})");
  Subscribe("a");
  FanOutAll();
  const auto deliveries = ListDeliveries(Space(), endpoint->getId().cStr(), 1);
  ASSERT_TRUE(deliveries.ok());
  const std::string body = deliveries->front()->getPayload().cStr();
  EXPECT_TRUE(body.starts_with(
      R"({"type":"subscriber.created","timestamp":"2026-03-02T09:00:00.000Z","data":{"id":"a")"))
      << body;
  EXPECT_EQ(body.find("emailKey"), std::string::npos);
}

TEST_F(WebhooksTest, ManyEventsOfOneCommandAllArrive) {
  const Endpoint one = Add(R"({"url":"https://a.example/"})");
  const Endpoint two = Add(R"({"url":"https://b.example/"})");
  constexpr int kMany = 150;
  const Outcome outcome = Run(*shop_, [](Transaction& tx) -> Status {
    for (int i = 0; i < kMany; ++i) {
      TNT_RETURN_IF_ERROR(tx.Insert(NewSubscriber("s" + std::to_string(i))));
    }
    return Status::Ok();
  });
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
  FanOutAll();
  EXPECT_EQ(ListDeliveries(Space(), one->getId().cStr(), 10'000)->size(), size_t{kMany});
  EXPECT_EQ(ListDeliveries(Space(), two->getId().cStr(), 10'000)->size(), size_t{kMany});
}

TEST_F(WebhooksTest, UnknownEventsAndTooManyEndpointsAreRefused) {
  const auto bad = codec::Input<schema::WebhookInput>::Decode(
      R"({"url":"https://a.example/","events":["x.y"]})");
  const EndpointReply refused = CreateEndpoint(engine(), *shop_, *bad, {}, ReadTier::kBlocking);
  EXPECT_EQ(refused.outcome.status.code(), StatusCode::kInvalidArgument);
  for (size_t i = 0; i < kEndpointsMax; ++i) Add(R"({"url":"https://a.example/"})");
  const auto more = codec::Input<schema::WebhookInput>::Decode(R"({"url":"https://a.example/"})");
  EXPECT_EQ(CreateEndpoint(engine(), *shop_, *more, {}, ReadTier::kBlocking).outcome.status.code(),
            StatusCode::kConflict);
}

// The example of the Standard Webhooks specification.
TEST(SignTest, MatchesTheSpecification) {
  EXPECT_EQ(Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                 1614265330, R"({"test": 2432232314})"),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(EventsTest, PatternsMatch) {
  EXPECT_TRUE(MatchesEvent("*", "booking.created"));
  EXPECT_TRUE(MatchesEvent("booking.*", "booking.created"));
  EXPECT_FALSE(MatchesEvent("book.*", "booking.created"));
  EXPECT_TRUE(IsEventPattern("session_type.*"));
  EXPECT_FALSE(IsEventPattern("nothing.*"));
  EXPECT_FALSE(IsEventPattern(""));
  EXPECT_FALSE(IsEventPattern(".*"));
}

TEST_F(WebhooksTest, DeliveriesAreKeptAWeek) {
  const Endpoint endpoint = Add(R"({"url":"https://a.example/"})");
  Subscribe("a");
  FanOutAll();
  EXPECT_FALSE(*ReclaimDeliveries(engine(), *shop_));
  EXPECT_EQ(Types(endpoint).size(), 1u);
  clock_.AdvanceMs(kDeliveryKeptMs + 1);
  EXPECT_FALSE(*ReclaimDeliveries(engine(), *shop_));
  engine().WaitReleased(engine().position().index);
  EXPECT_TRUE(Run(*shop_, [](Transaction& tx) { return tx.SetMeta("x", "1"); }).status.ok());
  EXPECT_EQ(Types(endpoint).size(), 0u);
}

}  // namespace
}  // namespace tenantry::webhooks
