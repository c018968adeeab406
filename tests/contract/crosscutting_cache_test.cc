// Goal: a kept answer is never older than an acknowledged change or a passed instant; the storefront is served from kept
// answers nearly always.
// Method: the whole application in this process on a clock that the test moves. Each read is answered twice: through the
// cache, and by its handler alone.

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/time_format.h"
#include "engine/gym/sign_in.h"
#include "tests/crash/test_settings.h"
#include "tests/engine/gym/gym_fixture.h"
#include "tests/server/whole_application.h"
#include "tests/support/popup_design.h"

namespace tenantry::server {
namespace {

namespace db = ::tenantry::gym;

using http::Method;
using nlohmann::json;

json PopupBody(const std::string& shop, const std::string& name, int64_t view_limit = 0) {
  return {{"shopId", shop},
          {"name", name},
          {"triggerType", "time_delay"},
          {"status", "active"},
          {"viewLimit", view_limit},
          {"design", PopupDesign()}};
}

class CacheTwinTest : public db::GymFixture {
 protected:
  void SetUp() override {
    GymFixture::SetUp();
    app_.emplace(engine());
  }
  void TearDown() override { app_.reset(); }

  int Post(const std::string& target, const json& body) {
    return app_->Send({.method = Method::kPost, .target = target, .body = body.dump()}).status;
  }
  std::string MakePopup(const std::string& shop, const std::string& name, int64_t limit = 0) {
    const http::Response made = app_->Send({.method = Method::kPost,
                                            .target = "/popups",
                                            .body = PopupBody(shop, name, limit).dump()});
    EXPECT_EQ(made.status, 201) << made.body;
    return json::parse(made.body)["id"];
  }
  size_t Below(size_t count) { return dice_.Next64() % count; }

  std::optional<WholeApplication> app_;
  SeededRandom dice_{crash::Setting("TNT_SEED", 20260302)};
};

// Reads and writes of a small world: few enough rows that every write matters to some kept answer.
class RandomWorld : public CacheTwinTest {
 protected:
  void SetUp() override {
    CacheTwinTest::SetUp();
    for (const std::string shop : {"s1", "s2"}) popups_[shop].push_back(MakePopup(shop, "first"));
    // A member with a token that ends before the test does.
    const db::SignedIn in = Must(db::SignUpMember(
        engine(), {Gym(gym_id_), "ann@iron.example", "Ann", "hash", "r"}, ReadTier::kBlocking));
    ann_ = db::String(in.member->getId());
    device_ = in.token.device_id;
    Renew();
  }
  void Renew() {
    expires_s_ = clock_.NowUnixMs() / 1000 + 3600;
    token_ = "Bearer " + app_->TokenFor(gym_id_, ann_, device_, expires_s_);
  }

  std::string Shop() { return Below(2) == 0 ? "s1" : "s2"; }
  std::string Popup(const std::string& shop) {
    const std::vector<std::string>& ids = popups_[shop];
    return ids.empty() ? "00000000-0000-4000-8000-000000000000" : ids[Below(ids.size())];
  }
  std::string Session() { return sessions_.empty() ? "none" : sessions_[Below(sessions_.size())]; }

  Call RandomRead() {
    const std::string shop = Shop();
    Call call;
    call.loop = static_cast<uint32_t>(Below(WholeApplication::kLoops));
    switch (Below(14)) {
      case 0:
      case 1:
        call.target = "/popups/active?shopId=" + shop;
        return call;
      case 2:
        call.target = "/popups/" + Popup(shop) + "?shopId=" + shop;
        return call;
      case 3:
        call.target = "/analytics/popup/" + Popup(shop);
        return call;
      case 4:
        call.target = "/analytics/shop/" + shop;
        return call;
      case 5:
        call.target = "/analytics/popup/" + Popup(shop) + "/visitors";
        return call;
      case 6:
        call.target = "/sessions";
        break;
      case 7:
        call.target = "/sessions?limit=2&page=" + std::to_string(1 + Below(3));
        break;
      case 8:
        call.target = "/sessions/available";
        break;
      case 9:
        call.target = "/sessions/available?limit=1&page=" + std::to_string(1 + Below(3));
        break;
      case 10:
        call.target = "/sessions/available?category=class";
        break;
      case 11:
        call.target = "/sessions?date=" + FormatInstant(clock_.NowUnixMs()).substr(0, 10);
        break;
      case 12:
        call.target = "/sessions/" + Session();
        break;
      case 13:
        call.target = "/locations";
        break;
    }
    // Strangers, members of the gym, and people who have not chosen one.
    switch (Below(4)) {
      case 0:
        break;
      case 1:
        call.headers.emplace_back("Authorization", token_);
        break;
      default:
        call.headers.emplace_back("x-tenant-id", gym_id_);
    }
    return call;
  }

  void WritePopups() {
    const std::string shop = Shop();
    std::vector<std::string>& ids = popups_[shop];
    const std::string popup = Popup(shop);
    switch (Below(8)) {
      case 0:
        if (ids.size() < 6) ids.push_back(MakePopup(shop, "new", Below(2) == 0 ? 3 : 0));
        return;
      case 1:
        if (ids.empty()) return;
        app_->Send({.method = Method::kDelete, .target = "/popups/" + popup + "?shopId=" + shop});
        std::erase(ids, popup);
        return;
      case 2:
      case 3:
        app_->Send({.method = Method::kPatch,
                    .target = "/popups/" + popup + "?shopId=" + shop,
                    .body = json{{"name", std::to_string(dice_.Next64())},
                                 {"status", Below(2) == 0 ? "active" : "paused"}}
                                .dump()});
        return;
      case 4:
        Post("/analytics/conversions", {{"popupId", popup}, {"type", "click"}, {"revenue", 1.5}});
        return;
      default:
        Post("/analytics/views", {{"popupId", popup}, {"visitorId", std::to_string(Below(1000))}});
    }
  }
  void WriteGym() {
    switch (Below(6)) {
      case 0:
      case 1: {
        if (sessions_.size() > 20) return;
        const int64_t start_ms = clock_.NowUnixMs() + static_cast<int64_t>(Below(600)) * 1000;
        const db::Done<db::SessionParts> made = TrySession(
            start_ms, R"(,"endTime":")" + FormatInstant(start_ms + 1000) + R"(","capacity":1)");
        if (made.ok()) sessions_.push_back(db::String(made.value->session->getId()));
        return;
      }
      case 2: {
        const std::string id = Session();
        Released(db::CancelSession(Owner(), id));
        std::erase(sessions_, id);
        return;
      }
      case 3:
        Book(Mia(), Session());
        return;
      case 4:
        Book(ScopeOf(ann_, schema::GymRole::MEMBER), Session());
        return;
      case 5:
        // Not more of them than a page holds: the handler alone does not cut.
        if (halls_ < 50 && Below(20) == 0) {
          AddLocation(R"({"name":"Hall )" + std::to_string(++halls_) + "\"}");
        } else {
          Patch(Session(), R"({"notes":")" + std::to_string(dice_.Next64()) + "\"}");
        }
        return;
    }
  }
  void PassTime() {
    const size_t die = Below(1000);
    if (die < 300) clock_.AdvanceMs(static_cast<int64_t>(Below(2000)));
    if (die == 999) clock_.AdvanceMs(static_cast<int64_t>(Below(600'000)));
    if (clock_.NowUnixMs() / 1000 > expires_s_ + 600) Renew();
  }

  // The two answers to one read, with the counts that may lag taken out.
  void Compare(const Call& call) {
    http::Response kept = app_->Send(call);
    http::Response fresh = app_->SendUncached(call);
    std::string a = WholeApplication::BodyOf(kept);
    std::string b = WholeApplication::BodyOf(fresh);
    if (kept.status == 200 && call.target.starts_with("/popups/active")) {
      const auto masked = [](const std::string& text) {
        json list = json::parse(text);
        for (json& popup : list) popup.erase("viewCount");
        return list.dump();
      };
      a = masked(a);
      b = masked(b);
    }
    ASSERT_EQ(kept.status, fresh.status) << call.target << " " << a;
    if (kept.status == 200) {
      ASSERT_EQ(a, b) << call.target;
    }
  }

  std::map<std::string, std::vector<std::string>> popups_;
  std::vector<std::string> sessions_;
  int halls_ = 0;
  std::string ann_, device_, token_;
  int64_t expires_s_ = 0;
};

TEST_F(RandomWorld, C6_C7_NoReadIsStale) {
  const uint64_t reads = crash::Setting("TNT_CACHE_READS", 20'000);
  uint64_t writes = 0;
  for (uint64_t i = 0; i < reads; ++i) {
    if (Below(16) == 0) {
      ++writes;
      Below(2) == 0 ? WritePopups() : WriteGym();
    }
    PassTime();
    Compare(RandomRead());
    if (HasFatalFailure()) FAIL() << "read " << i;
  }
  const CacheCounts counts = app_->application().cache_counts();
  uint64_t hits = 0;
  for (const uint64_t of_class : counts.hits) hits += of_class;
  RecordProperty("reads", static_cast<int>(reads));
  RecordProperty("hits", static_cast<int>(hits));
  EXPECT_GT(writes, reads / 20);
  EXPECT_GT(hits, reads / 4) << "the cache was not tried";
}

// C6a: at the very instant, without any write.
TEST_F(CacheTwinTest, C6a_AnAnswerThatTimeChangesIsDroppedAtThatInstant) {
  const int64_t start_ms = clock_.NowUnixMs() + 30'000;
  AddSession(start_ms, R"(,"capacity":1)");
  const Call available{.target = "/sessions/available", .headers = {{"x-tenant-id", gym_id_}}};
  const auto total = [&] {
    return json::parse(WholeApplication::BodyOf(app_->Send(available)))["pagination"]["total"];
  };
  EXPECT_EQ(total(), 1);
  clock_.AdvanceMs(29'999);
  EXPECT_EQ(total(), 1);
  clock_.AdvanceMs(1);
  EXPECT_EQ(total(), 0);
}

// C1-C5: an answer is built again when its class says so, though nothing changed.
TEST_F(CacheTwinTest, C1_C2_C3_C4_C5_LifetimesOfClasses) {
  const std::string id = MakePopup("s1", "p");
  const auto is_kept_for = [&](const Call& call, http::CacheClass cache_class, int64_t ms) {
    const auto misses = [&] {
      return app_->application().cache_counts().misses[static_cast<size_t>(cache_class)];
    };
    app_->Send(call);
    const uint64_t before = misses();
    clock_.AdvanceMs(ms - 1);
    app_->Send(call);
    EXPECT_EQ(misses(), before) << call.target;
    clock_.AdvanceMs(1);
    app_->Send(call);
    EXPECT_EQ(misses(), before + 1) << call.target;
  };
  is_kept_for({.target = "/popups/active?shopId=s1"}, http::CacheClass::kActivePopups, 300'000);
  is_kept_for({.target = "/popups/" + id + "?shopId=s1"}, http::CacheClass::kPopup, 300'000);
  is_kept_for({.target = "/analytics/popup/" + id}, http::CacheClass::kPopupStats, 60'000);
  is_kept_for({.target = "/analytics/shop/s1"}, http::CacheClass::kShopStats, 60'000);
  is_kept_for({.target = "/sessions", .headers = {{"x-tenant-id", gym_id_}}},
              http::CacheClass::kGymPublic, 60'000);
}

// C9: what one caller gets is not what another gets, in either order.
TEST_F(CacheTwinTest, C9_PersonalisedAnswersAreNeverShared) {
  const db::SignedIn in = Must(db::SignUpMember(
      engine(), {Gym(gym_id_), "ann@iron.example", "Ann", "hash", "r"}, ReadTier::kBlocking));
  const std::string ann = db::String(in.member->getId());
  const std::string session = AddSession(clock_.NowUnixMs() + db::kHourMs, R"(,"capacity":5)");
  ASSERT_TRUE(Book(ScopeOf(ann, schema::GymRole::MEMBER), session).ok());
  const std::string bearer = "Bearer " + app_->TokenFor(gym_id_, ann, in.token.device_id,
                                                        clock_.NowUnixMs() / 1000 + 3600);
  const Call stranger{.target = "/sessions/" + session, .headers = {{"x-tenant-id", gym_id_}}};
  Call member = stranger;
  member.headers.emplace_back("Authorization", bearer);
  for (int round = 0; round < 2; ++round) {
    const http::Response personal = app_->Send(member);
    const json mine = json::parse(WholeApplication::BodyOf(personal));
    EXPECT_TRUE(mine["isBooked"]);
    EXPECT_EQ(mine["bookings"][0]["memberId"], ann);
    EXPECT_EQ(WholeApplication::HeaderOf(personal, "Cache-Control"), "private, no-cache");
    const http::Response open = app_->Send(stranger);
    const json theirs = json::parse(WholeApplication::BodyOf(open));
    EXPECT_FALSE(theirs["isBooked"]);
    EXPECT_EQ(theirs["bookings"][0]["memberId"], "");
    EXPECT_EQ(WholeApplication::HeaderOf(open, "Cache-Control"), "no-cache");
  }
  EXPECT_GE(
      app_->application().cache_counts().hits[static_cast<size_t>(http::CacheClass::kGymPublic)],
      2u);
}

// C12: storefronts read their list on every page view and report some of them; shops edit now and then.
TEST_F(CacheTwinTest, C12_M6_HitRateOfTheStorefrontMixIsAbove80Percent) {
  constexpr size_t kShops = 20;
  std::vector<std::string> popups;
  for (size_t i = 0; i < kShops; ++i) popups.push_back(MakePopup("s" + std::to_string(i), "p"));
  for (int i = 0; i < 20'000; ++i) {
    clock_.AdvanceMs(2);                           // 500 requests a second.
    const size_t shop = Below(Below(kShops) + 1);  // The first ones are asked for most.
    const std::string id = "s" + std::to_string(shop);
    const size_t die = Below(1000);
    if (die < 300) {
      Post("/analytics/views", {{"popupId", popups[shop]}});
    } else if (die < 320) {
      Post("/analytics/conversions", {{"popupId", popups[shop]}, {"type", "click"}});
    } else if (die < 322) {
      app_->Send({.method = Method::kPatch,
                  .target = "/popups/" + popups[shop] + "?shopId=" + id,
                  .body = R"({"name":"edited"})"});
    } else if (die < 400) {
      app_->Send({.target = "/scripts/popup.js?shopId=" + id});
    } else {
      app_->Send({.target = "/popups/active?shopId=" + id});
    }
  }
  const CacheCounts counts = app_->application().cache_counts();
  uint64_t hits = 0;
  uint64_t all = 0;
  for (size_t i = 0; i < kCacheClasses; ++i) {
    hits += counts.hits[i];
    all += counts.hits[i] + counts.misses[i];
  }
  EXPECT_GT(hits * 100, all * 80) << hits << " of " << all;
  const std::string metrics = WholeApplication::BodyOf(app_->Send({.target = "/metrics"}));
  EXPECT_NE(metrics.find("tenantry_cache_hits_total{class=\"active_popups\"} " +
                         std::to_string(counts.hits[1])),
            std::string::npos);
}

// C8: no write waits for the cache, and yet who got the reply to a write reads it. Readers keep every loop's answers
// fresh while writers change what they are built from.
TEST_F(CacheTwinTest, C8_WhoWroteReadsItWhileOthersFillTheCache) {
  const std::vector<std::string> ids = {MakePopup("s1", "0"), MakePopup("s1", "0")};
  const Call list{.target = "/popups/active?shopId=s1"};
  std::atomic<bool> done{false};
  std::atomic<int> stale{0};
  const auto writer = [&](uint32_t loop) {
    const std::string& id = ids[loop];
    for (int round = 1; round <= 300; ++round) {
      const std::string name = std::to_string(round);
      app_->Send({.method = Method::kPatch,
                  .target = "/popups/" + id + "?shopId=s1",
                  .body = json{{"name", name}}.dump(),
                  .loop = loop});
      Call read = list;
      read.loop = loop;
      for (const json& popup : json::parse(WholeApplication::BodyOf(app_->Send(read)))) {
        if (popup["id"] == id && popup["name"] != name) ++stale;
      }
    }
  };
  std::thread second([&] { writer(1); });
  // A worker of loop 0 fills that loop's cache too.
  std::thread worker([&] {
    while (!done) app_->Send(list);
  });
  writer(0);
  second.join();
  done = true;
  worker.join();
  EXPECT_EQ(stale, 0);
}

// C11: the first visitor already gets a kept answer.
TEST_F(CacheTwinTest, C10_C11_WarmingBuildsTheFirstAnswers) {
  MakePopup("s 1/ü", "p");
  app_->application().WarmUp();
  const auto hits = [&](http::CacheClass cache_class) {
    return app_->application().cache_counts().hits[static_cast<size_t>(cache_class)];
  };
  for (uint32_t loop = 0; loop < WholeApplication::kLoops; ++loop) {
    EXPECT_EQ(app_->Send({.target = "/popups/active?shopId=s%201%2F%C3%BC", .loop = loop}).status,
              200);
    EXPECT_EQ(hits(http::CacheClass::kActivePopups), loop + 1);
    app_->Send(
        {.target = "/sessions/available", .headers = {{"x-tenant-id", gym_id_}}, .loop = loop});
    EXPECT_EQ(hits(http::CacheClass::kGymPublic), loop + 1);
  }
}

}  // namespace
}  // namespace tenantry::server
