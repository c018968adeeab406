#include "engine/popups/targeting.h"

#include <map>

#include <gtest/gtest.h>

namespace tenantry::popups {
namespace {

TEST(TargetingTest, PatternsArePathsOrAddressesWithStars) {
  const std::string page = "https://shop.example/products/mug/?colour=red#top";
  for (const char* pattern :
       {"/products/mug/", "/products/mug", "/products/*", "*mug*", "/products/mug/?colour=red",
        "https://shop.example/products/mug/?colour=red#top", "*shop.example*", "*"}) {
    EXPECT_TRUE(PageMatches(pattern, page)) << pattern;
  }
  for (const char* pattern : {"/products", "/product./mug", "mug", "/products/*/x", "",
                              "/Products/*", "^/products/mug$", "(.*)"}) {
    EXPECT_FALSE(PageMatches(pattern, page)) << pattern;
  }
  EXPECT_TRUE(PageMatches("/", "https://shop.example"));
  EXPECT_TRUE(PageMatches("/a+b", "https://shop.example/a+b"));
}

// A pattern that would hang a backtracking matcher is an ordinary one here.
TEST(TargetingTest, ManyStarsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(PageMatches(pattern + "b", "/" + std::string(2000, 'a')));
}

TEST(TargetingTest, ExcludedPagesWinOverListedOnes) {
  RuleTrace trace;
  EXPECT_TRUE(FitsPage({}, {}, "/x", &trace));
  EXPECT_TRUE(FitsPage({"/a/*"}, {"/a/b"}, "/a/c", &trace));
  EXPECT_FALSE(FitsPage({"/a/*"}, {"/a/b"}, "/a/b", &trace));
  EXPECT_FALSE(FitsPage({"/a/*"}, {}, "/x", &trace));
  ASSERT_NE(trace.refused(), nullptr);
  EXPECT_EQ(trace.refused()->rule, "popup.page");
}

TEST(TargetingTest, ArmsFollowTheirShares) {
  const std::vector<TrafficShare> shares = {{"none", 0}, {"a", 30}, {"zero", 0}, {"b", 70}};
  std::map<std::string_view, int> places;
  for (uint64_t hash = 0; hash < 100; ++hash) ++places[ArmOf(shares, hash, nullptr)];
  EXPECT_EQ(places, (std::map<std::string_view, int>{{"a", 30}, {"b", 70}}));
  EXPECT_EQ(ArmOf({}, 5, nullptr), "");
  EXPECT_EQ(ArmOf({{"a", 0}}, 0, nullptr), "");
}

TEST(TargetingTest, TheDecisionNamesTheRuleThatRefused) {
  const Result<Targeting> targeting = Targeting::Parse(
      R"({"showOnPages":["/sale*"],"excludePages":[],"deviceTypes":["mobile"],"timeDelay":5})");
  ASSERT_TRUE(targeting.ok());
  const ShowQuestion shown{.active = true,
                           .view_limit = 10,
                           .views = 9,
                           .targeting = &*targeting,
                           .start_unix_ms = 100,
                           .end_unix_ms = 200,
                           .page_url = "https://s.example/sale?x=1",
                           .device = "mobile",
                           .now_unix_ms = 150};
  RuleTrace fine;
  EXPECT_TRUE(DecideShow(shown, &fine));
  EXPECT_EQ(fine.steps().size(), 5u);
  const auto refused_by = [&](auto change) {
    ShowQuestion question = shown;
    change(question);
    RuleTrace trace;
    EXPECT_FALSE(DecideShow(question, &trace));
    return trace.refused() == nullptr ? std::string_view() : trace.refused()->rule;
  };
  EXPECT_EQ(refused_by([](ShowQuestion& q) { q.active = false; }), "popup.active");
  EXPECT_EQ(refused_by([](ShowQuestion& q) { q.views = 10; }), "popup.view_limit");
  EXPECT_EQ(refused_by([](ShowQuestion& q) { q.now_unix_ms = 200; }), "popup.schedule");
  EXPECT_EQ(refused_by([](ShowQuestion& q) { q.now_unix_ms = 99; }), "popup.schedule");
  EXPECT_EQ(refused_by([](ShowQuestion& q) { q.device = "desktop"; }), "popup.device");
  EXPECT_EQ(refused_by([](ShowQuestion& q) { q.page_url = "/cart"; }), "popup.page");
}

}  // namespace
}  // namespace tenantry::popups
