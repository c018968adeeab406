#include "engine/gym/session_queries.h"

#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

class SessionQueriesTest : public GymFixture {
 protected:
  SessionPage List(SessionFilter filter, Page page = {}) {
    filter.now_ms = clock_.NowUnixMs();
    Result<SessionPage> found = ListSessions(Space(), filter, page);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return *std::move(found);
  }
};

int64_t Instant(std::string_view text) {
  return ParseInstant(text).value();
}

TEST_F(SessionQueriesTest, PagesComeInOrderWithTrueTotals) {
  std::vector<std::string> ids;
  for (int i = 6; i >= 0; --i) ids.insert(ids.begin(), AddSession(kTestStartMs + i * kDayMs));
  const SessionPage first = List({}, {1, 3});
  ASSERT_EQ(first.rows.size(), 3u);
  EXPECT_EQ(first.total, 7u);
  EXPECT_EQ(View(first.rows[0]->getId()), ids[0]);
  const SessionPage last = List({}, {3, 3});
  ASSERT_EQ(last.rows.size(), 1u);
  EXPECT_EQ(View(last.rows[0]->getId()), ids[6]);
  EXPECT_EQ(last.total, 7u);
  EXPECT_TRUE(List({}, {4, 3}).rows.empty());
}

// F24: available means in the future and with a free seat, counted before paging.
TEST_F(SessionQueriesTest, AvailableIsFilteredBeforePaging) {
  AddSession(kTestStartMs - kHourMs);
  const std::string full = AddSession(kTestStartMs + kDayMs, R"(,"capacity":1)");
  const std::string free = AddSession(kTestStartMs + 2 * kDayMs, R"(,"capacity":1)");
  const std::string open = AddSession(kTestStartMs + 3 * kDayMs);
  const std::string gone = AddSession(kTestStartMs + 4 * kDayMs);
  Must(Book(Mia(), full));
  Must(CancelSession(Owner(), gone));
  SessionFilter available;
  available.available_only = true;
  for (const bool by_place : {false, true}) {
    for (const bool by_category : {false, true}) {
      available.location_id = by_place ? location_id_ : "";
      available.category = by_category ? "class" : "";
      const SessionPage found = List(available, {1, 1});
      EXPECT_EQ(found.total, 2u) << by_place << by_category;
      ASSERT_EQ(found.rows.size(), 1u);
      EXPECT_EQ(View(found.rows[0]->getId()), free);
      EXPECT_EQ(View(List(available, {2, 1}).rows.at(0)->getId()), open);
    }
  }
}

TEST_F(SessionQueriesTest, FiltersCombine) {
  const std::string yoga = AddSession(kTestStartMs + kDayMs);
  const std::string hall = location_id_;
  type_id_ = AddType(R"({"name":"Box","durationMin":30,"category":"pt"})");
  location_id_ = AddLocation(R"({"name":"Ring"})");
  const std::string box = AddSession(kTestStartMs + kHourMs);
  const std::string late = AddSession(kTestStartMs + 2 * kDayMs);
  SessionFilter filter;
  filter.category = "pt";
  const SessionPage pt = List(filter);
  ASSERT_EQ(pt.total, 2u);
  EXPECT_EQ(View(pt.rows[0]->getId()), box);
  EXPECT_EQ(View(pt.rows[1]->getId()), late);
  filter.location_id = hall;
  EXPECT_EQ(List(filter).total, 0u);
  filter.category = "class";
  EXPECT_EQ(View(List(filter).rows.at(0)->getId()), yoga);
  filter.category = "nothing";
  filter.location_id.clear();
  EXPECT_EQ(List(filter).total, 0u);
  Must(CancelSession(Owner(), box));
  filter.category.clear();
  filter.status = schema::GymSessionStatus::CANCELLED;
  EXPECT_EQ(View(List(filter).rows.at(0)->getId()), box);
}

// F52: `date` is a day at the session's place, also on the days when clocks change.
TEST_F(SessionQueriesTest, TheDayIsThePlacesDay) {
  location_id_ = AddLocation(R"({"name":"Berlin","timezone":"Europe/Berlin"})");
  const std::string late = AddSession(Instant("2026-03-28T22:30:00Z"));   // 23:30 on the 28th.
  const std::string early = AddSession(Instant("2026-03-29T00:30:00Z"));  // 01:30 on the 29th.
  const std::string night = AddSession(Instant("2026-03-29T21:45:00Z"));  // 23:45 summer time.
  const std::string next = AddSession(Instant("2026-03-29T23:00:00Z"));   // 01:00 on the 30th.
  location_id_ = AddLocation(R"({"name":"Nairobi","timezone":"Africa/Nairobi"})");
  const std::string nairobi = AddSession(Instant("2026-03-28T21:00:00Z"));  // Midnight of the 29th.
  const std::string before = AddSession(Instant("2026-03-28T20:00:00Z"), R"(,"notes":"28th")");

  SessionFilter filter;
  filter.date = CivilDate{2026, 3, 29};
  const SessionPage day = List(filter);
  ASSERT_EQ(day.total, 3u);
  EXPECT_EQ(View(day.rows[0]->getId()), nairobi);
  EXPECT_EQ(View(day.rows[1]->getId()), early);
  EXPECT_EQ(View(day.rows[2]->getId()), night);
  filter.date = CivilDate{2026, 3, 28};
  const SessionPage eve = List(filter);
  ASSERT_EQ(eve.total, 2u);
  EXPECT_EQ(View(eve.rows[0]->getId()), before);
  EXPECT_EQ(View(eve.rows[1]->getId()), late);
  filter.date = CivilDate{2026, 3, 30};
  EXPECT_EQ(View(List(filter).rows.at(0)->getId()), next);
}

TEST_F(SessionQueriesTest, DiscoveryMergesAllGyms) {
  const std::string here = AddSession(kTestStartMs + 2 * kDayMs);
  const std::string first_gym = gym_id_;
  const SignedIn other = SignUp("Second Hall", "second@iron.example");
  gym_id_ = String(other.tenant->getId());
  owner_id_ = String(other.member->getId());
  location_id_ = AddLocation(R"({"name":"Aula"})");
  type_id_ = AddType(R"({"name":"Yoga","durationMin":60,"category":"class"})");
  const std::string there = AddSession(kTestStartMs + kDayMs);
  const ReadView view = engine().View();
  const auto all = DiscoverSessions(view, {}, {1, 20}, ReadTier::kBlocking);
  ASSERT_TRUE(all.ok()) << all.status().ToString();
  ASSERT_EQ(all->total, 2u);
  EXPECT_EQ(View(all->rows[0].session->getId()), there);
  EXPECT_EQ(View(all->rows[1].session->getId()), here);
  EXPECT_EQ(all->rows[1].tenant.space(), Gym(first_gym).ref.space());
  const auto second = DiscoverSessions(view, {}, {2, 1}, ReadTier::kBlocking);
  EXPECT_EQ(View(second->rows.at(0).session->getId()), here);
  EXPECT_EQ(second->total, 2u);
  const auto places = DiscoverLocations(view, ReadTier::kBlocking);
  ASSERT_EQ(places->size(), 2u);
  EXPECT_EQ(View(places->at(0)->getName()), "Aula");
  // Within a gym nothing of another shows (F44).
  EXPECT_EQ(List({}).total, 1u);
}

}  // namespace
}  // namespace tenantry::gym
