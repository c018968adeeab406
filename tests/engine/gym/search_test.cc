#include <gtest/gtest.h>

#include "engine/codec/words.h"
#include "engine/gym/member_search.h"
#include "engine/gym/room_count.h"
#include "engine/gym/session_search.h"
#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

using Strings = std::vector<std::string>;

TEST(WordsTest, FoldsCaseAccentsAndLettersWithoutDecomposition) {
  EXPECT_EQ(codec::FoldText("ÀÉîõÜ Straße"), "aeiou strasse");
  EXPECT_EQ(codec::FoldText("Łódź Ørsted Œuvre"), "lodz orsted oeuvre");
  EXPECT_EQ(codec::FoldText("ＦＵＬＬ ﬁt"), "full fit");
  EXPECT_EQ(codec::FoldText("ΣΊΣΥΦΟΣ"), codec::FoldText("σίσυφος"));
  EXPECT_EQ(codec::FoldText("\xFF\xFE"), "");
}

TEST(WordsTest, SplitsAtWhatIsNeitherLetterNorDigit) {
  EXPECT_EQ(codec::Words("Mia.Member+gym@mail.example, MIA 24/7"),
            (Strings{"mia", "member", "gym", "mail", "example", "24", "7"}));
  EXPECT_EQ(codec::Words("  --  "), Strings{});
  EXPECT_EQ(codec::Words("Йога и Пилатес"), (Strings{"иога", "и", "пилатес"}));
  const std::string longest(200, 'a');
  EXPECT_EQ(codec::Words(longest).at(0).size(), codec::kWordBytesMax);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(codec::Words(many).size(), codec::kWordsMax);
}

class SearchTest : public GymFixture {
 protected:
  Strings Members(const std::string& text) {
    const auto found = SearchMembers(Space(), text);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    Strings names;
    for (const auto& member : *found) names.push_back(String(member->getName()));
    return names;
  }
  void JoinAll(const Strings& names) {
    for (const std::string& name : names) {
      clock_.AdvanceMs(1);
      Join("m" + std::to_string(++joined_) + "@iron.example", name);
    }
  }
  size_t joined_ = 0;
};

TEST_F(SearchTest, MembersAreFoundByPrefixAnyWordAndOneEdit) {
  JoinAll({"José Núñez", "Johanna Weiß", "Jörg Müller", "Anna Johansson", "Bob Stone"});
  EXPECT_EQ(Members("joh"), (Strings{"Anna Johansson", "Johanna Weiß"}));
  EXPECT_EQ(Members("NUNEZ"), (Strings{"José Núñez"}));
  EXPECT_EQ(Members("muller jorg"), (Strings{"Jörg Müller"}));
  EXPECT_EQ(Members("weiss"), (Strings{"Johanna Weiß"}));
  EXPECT_EQ(Members("anna stone"), Strings{});
  EXPECT_EQ(Members("m5@iron"), (Strings{"Bob Stone"}));
  EXPECT_EQ(Members(""), Strings{});
  EXPECT_EQ(Members("--"), Strings{});
  // A letter more, less, other; two swapped.
  for (const char* slip : {"stonee", "sstone", "stne", "tone", "ston", "stine", "stonx", "sotne"}) {
    EXPECT_EQ(Members(slip), (Strings{"Bob Stone"})) << slip;
  }
  EXPECT_EQ(Members("sxtne"), Strings{});
  // One edit in the beginning of a word, when nothing else fits.
  EXPECT_EQ(Members("johamm"), Strings{});
  EXPECT_EQ(Members("jihans"), (Strings{"Anna Johansson"}));
}

// Goal: every word one edit away is found, and nothing further away.
// Method: random words over three letters, so that near misses abound, against the distance itself.
TEST_F(SearchTest, OneEditIsExactlyOneEdit) {
  const auto near = [](const std::string& a, const std::string& b) {
    std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) {
      for (size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        d[i][j] = std::min(
            {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.size()][b.size()] <= 1;
  };
  SeededRandom random(7);
  const auto any = [&random] {
    uint8_t bytes[8];
    random.Fill(bytes, sizeof bytes);
    std::string word;
    for (size_t i = 0; i < 3 + bytes[7] % 4u; ++i) word.push_back("abc"[bytes[i] % 3]);
    return word;
  };
  std::set<std::string> names;
  while (names.size() < 60) names.insert(any());
  JoinAll(Strings(names.begin(), names.end()));
  for (int i = 0; i < 200; ++i) {
    const std::string typed = any();
    std::set<std::string> expected;
    for (const std::string& name : names) {
      if (name.starts_with(typed) || near(name, typed)) expected.insert(name);
    }
    if (expected.empty()) continue;  // Then looser fits are shown.
    const Strings found = Members(typed);
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), expected) << typed;
  }
}

TEST_F(SearchTest, SessionsAreFoundByTypeAndInstructor) {
  const int64_t noon = kTestStartMs + 3 * kHourMs;
  const std::string a = AddSession(noon, R"(,"instructor":"Jane Smith")");
  const std::string past = AddSession(noon - 2 * kDayMs, R"(,"instructor":"Jane Smith")");
  const std::string b = AddSession(noon + kDayMs, R"(,"instructor":"Zoë")");
  const auto find = [&](const std::string& text, std::optional<CivilDate> date = {}) {
    SessionSearch search;
    search.text = text;
    search.filter.now_ms = clock_.NowUnixMs();
    search.filter.date = date;
    const Result<SessionPage> page = SearchSessions(Space(), search, 50);
    EXPECT_TRUE(page.ok()) << page.status().ToString();
    Strings ids;
    for (const Session& session : page->rows) ids.push_back(String(session->getId()));
    EXPECT_EQ(page->total, ids.size());
    return ids;
  };
  EXPECT_EQ(find("yoga"), (Strings{a, b}));
  EXPECT_EQ(find("jane"), (Strings{a}));
  EXPECT_EQ(find("yoga zoe"), (Strings{b}));
  EXPECT_EQ(find("jane zoe"), Strings{});
  EXPECT_EQ(find("jane", LocalDateOf(noon - 2 * kDayMs, "UTC")), (Strings{past}));
  ASSERT_TRUE(Patch(a, R"({"instructor":"Rita"})").ok());
  EXPECT_EQ(find("jane"), Strings{});
  EXPECT_EQ(find("rita"), (Strings{a}));
  Must(CancelSession(Owner(), a));
  EXPECT_EQ(find("rita"), Strings{});
}

// Goal: totals of `available` come from counters and are those of the rows, at every instant.
TEST_F(SearchTest, AvailableCountsWithoutWalking) {
  std::vector<int64_t> starts;
  int64_t start_ms = kTestStartMs + kHourMs;
  for (int64_t step = kHourMs; step < 200 * kDayMs; step *= 3) {
    starts.push_back(start_ms);
    AddSession(start_ms, R"(,"capacity":1)");
    start_ms += step + kHourMs;
  }
  SessionFilter filter;
  filter.available_only = true;
  const auto total = [&](int64_t now_ms) {
    filter.now_ms = now_ms;
    return ListSessions(Space(), filter, {1, 2})->total;
  };
  for (const std::string& place : {std::string(), location_id_}) {
    filter.location_id = place;
    for (size_t i = 0; i < starts.size(); ++i) {
      EXPECT_EQ(total(starts[i] - 1), starts.size() - i);
      EXPECT_EQ(total(starts[i]), starts.size() - i - 1);
    }
  }
  filter.location_id = "cnone";
  EXPECT_EQ(total(0), 0u);
  // Rows read do not grow with sessions.
  const SpaceReader space = Space();
  filter.location_id.clear();
  filter.now_ms = kTestStartMs;
  ASSERT_TRUE(ListSessions(space, filter, {1, 2}).ok());
  EXPECT_LT(space.rows_read(), 40u);
}

}  // namespace
}  // namespace tenantry::gym
