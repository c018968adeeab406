// Idempotency-Key as clients see it (crosscutting.md section 5): every write, repeats after a crash, with other content, and
// what is never stored. With kills all the while: crosscutting_kills_test.cc.

#include <filesystem>

#include "tests/contract/durable_api.h"

namespace tenantry::contract {
namespace {

// Flaws: F85
TEST_F(DurableContractTest, IdempotencyKeyReplaysTheFirstAnswer) {
  const json body = {{"name", "Hall A"}};
  const Reply first = Keyed("/locations", body, "tour-1", owner_);
  ASSERT_EQ(first.status, 201) << first.text;
  EXPECT_FALSE(first.replayed);
  const Reply again = Keyed("/locations", body, "tour-1", owner_);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(Locations(), 1u);

  const Reply other = Keyed("/locations", {{"name", "Hall B"}}, "tour-1", owner_);
  EXPECT_EQ(other.status, 422) << other.text;
  EXPECT_EQ(other.body["statusCode"], 422);
  EXPECT_EQ(Locations(), 1u);
  EXPECT_EQ(Keyed("/locations", {{"name", "Hall B"}}, "tour-2", owner_).status, 201);
  EXPECT_EQ(Locations(), 2u);
}

TEST_F(DurableContractTest, IdempotencyKeySurvivesKillAndRestart) {
  const Reply first = Keyed("/locations", {{"name", "Hall A"}}, "k", owner_);
  ASSERT_EQ(first.status, 201);
  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(Start());
  const Reply again = Keyed("/locations", {{"name", "Hall A"}}, "k", owner_);
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(Locations(), 1u);
}

TEST_F(DurableContractTest, IdempotencyKeyMustBe1To255VisibleAsciiCharacters) {
  for (const std::string& key :
       {std::string(256, 'k'), std::string("two words"), std::string("\xC3\xA9")}) {
    const Reply reply = Keyed("/locations", {{"name", "Hall"}}, key, owner_);
    EXPECT_EQ(reply.status, 400) << key;
    EXPECT_NE(reply.text.find("Idempotency-Key must be"), std::string::npos) << reply.text;
  }
  EXPECT_EQ(Keyed("/locations", {{"name", "Hall"}}, std::string(255, '~'), owner_).status, 201);
}

TEST_F(DurableContractTest, IdempotencyKeyIsFreeAgainAfterAnInputError) {
  EXPECT_EQ(Keyed("/locations", json::object(), "k", owner_).status, 400);
  const Reply corrected = Keyed("/locations", {{"name", "Hall"}}, "k", owner_);
  EXPECT_EQ(corrected.status, 201) << corrected.text;
  EXPECT_FALSE(corrected.replayed);
}

TEST_F(DurableContractTest, IdempotencyKeyOfOneCallerSaysNothingToAnother) {
  const Reply member = Post("/auth/signup/member", {{"email", "m@keyed.example"},
                                                    {"password", "Password123"},
                                                    {"name", "Mia"},
                                                    {"tenantId", gym_id_}});
  ASSERT_EQ(member.status, 201) << member.text;
  ASSERT_EQ(Keyed("/locations", {{"name", "Hall"}}, "k", owner_).status, 201);
  // The member may not make places: neither anew nor by repeating the owner's request.
  const Reply tried =
      Keyed("/locations", {{"name", "Hall"}}, "k",
            {{"Authorization", "Bearer " + member.body["token"].get<std::string>()}});
  EXPECT_EQ(tried.status, 403) << tried.text;
  EXPECT_EQ(Keyed("/locations", {{"name", "Hall"}}, "k", {}).status, 400);
}

TEST_F(DurableContractTest, IdempotencyKeyStoresRefusalsByRule) {
  const json code = {{"shopId", kShop}, {"code", "SAVE"}, {"type", "fixed"}, {"value", 5}};
  ASSERT_EQ(Post("/discount-codes", code).status, 201);
  const Reply refused = Keyed("/discount-codes", code, "k");
  EXPECT_EQ(refused.status, 409) << refused.text;
  const Reply again = Keyed("/discount-codes", code, "k");
  EXPECT_EQ(again.text, refused.text);
  EXPECT_TRUE(again.replayed);
}

TEST_F(DurableContractTest, IdempotencyKeyCoversDeletesAndPatches) {
  const Reply popup = Keyed("/popups", PopupBody("a"), "create");
  ASSERT_EQ(popup.status, 201) << popup.text;
  EXPECT_EQ(Keyed("/popups", PopupBody("a"), "create").text, popup.text);
  const std::string path = "/popups/" + popup.body["id"].get<std::string>() + "?shopId=" + kShop;
  const httplib::Headers patch_key = {{"Idempotency-Key", "patch"}};
  const Reply patched = Send("PATCH", path, {{"name", "b"}}, patch_key);
  ASSERT_EQ(patched.status, 200) << patched.text;
  ASSERT_EQ(Send("PATCH", path, {{"name", "c"}}, {}).status, 200);
  const Reply patched_again = Send("PATCH", path, {{"name", "b"}}, patch_key);
  EXPECT_EQ(patched_again.text, patched.text);
  EXPECT_EQ(Send("GET", path, nullptr, {}).body["name"], "c");

  const httplib::Headers delete_key = {{"Idempotency-Key", "delete"}};
  EXPECT_EQ(Send("DELETE", path, nullptr, delete_key).status, 204);
  const Reply deleted_again = Send("DELETE", path, nullptr, delete_key);
  EXPECT_EQ(deleted_again.status, 204);
  EXPECT_TRUE(deleted_again.replayed);
  EXPECT_EQ(Send("DELETE", path, nullptr, {}).status, 404);
}

TEST_F(DurableContractTest, IdempotencyKeyCountsAnEventOnce) {
  const std::string popup = Post("/popups", PopupBody("a")).body["id"];
  const json view = {{"popupId", popup}, {"visitorId", "v"}};
  const Reply first = Keyed("/analytics/views", view, "v1");
  ASSERT_EQ(first.status, 201) << first.text;
  const Reply again = Keyed("/analytics/views", view, "v1");
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(Keyed("/analytics/views", {{"popupId", popup}, {"visitorId", "w"}}, "v1").status, 422);
  EXPECT_EQ(Keyed("/analytics/views", view, "v2").status, 201);
  const Reply one = Send("GET", "/popups/" + popup + "?shopId=" + kShop, nullptr, {});
  EXPECT_EQ(one.body["viewCount"], 2) << one.text;
}

TEST_F(DurableContractTest, IdempotencyKeyOnAuthMintsFreshTokensOfOneDevice) {
  const json body = SignupBody("Second Gym", "second@keyed.example");
  const Reply first = Keyed("/auth/signup", body, "s");
  ASSERT_EQ(first.status, 201) << first.text;
  const Reply again = Keyed("/auth/signup", body, "s");
  ASSERT_EQ(again.status, 201) << again.text;
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body["member"], first.body["member"]);
  EXPECT_EQ(again.body["tenant"], first.body["tenant"]);
  EXPECT_NE(again.body["refreshToken"], first.body["refreshToken"]);
  // The fresh token works.
  const Reply refreshed = Post("/auth/refresh", {{"refreshToken", again.body["refreshToken"]}});
  EXPECT_EQ(refreshed.status, 200) << refreshed.text;
  json other = body;
  other["password"] = "Password124";
  EXPECT_EQ(Keyed("/auth/signup", other, "s").status, 422);

  // A lost answer to a refresh does not sign the device out.
  const json shown = {{"refreshToken", refreshed.body["refreshToken"]}};
  const Reply lost = Keyed("/auth/refresh", shown, "r");
  ASSERT_EQ(lost.status, 200) << lost.text;
  const Reply found = Keyed("/auth/refresh", shown, "r");
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_TRUE(found.replayed);
  EXPECT_EQ(Post("/auth/refresh", {{"refreshToken", found.body["refreshToken"]}}).status, 200);

  // After sign-out a replay opens nothing.
  const json login = {{"email", "second@keyed.example"}, {"password", "Password123"}};
  const Reply in = Keyed("/auth/login", login, "l");
  ASSERT_EQ(in.status, 200) << in.text;
  const httplib::Headers token = {
      {"Authorization", "Bearer " + in.body["token"].get<std::string>()}};
  EXPECT_EQ(Post("/auth/logout", json::object(), token).status, 200);
  EXPECT_EQ(Keyed("/auth/login", login, "l").status, 401);
}

TEST_F(DurableContractTest, IdempotencyKeyStoresNoTokenOrPassword) {
  const json body = SignupBody("Second Gym", "second@keyed.example");
  const Reply first = Keyed("/auth/signup", body, "s");
  ASSERT_EQ(first.status, 201);
  const Reply login =
      Keyed("/auth/login", {{"email", "second@keyed.example"}, {"password", "Password123"}}, "l");
  ASSERT_EQ(login.status, 200);
  server_->Kill();
  std::string log;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/data")) {
    if (entry.is_regular_file()) log += load::ReadText(entry.path());
  }
  EXPECT_NE(log.find("second@keyed.example"), std::string::npos);
  for (const Reply& reply : {first, login}) {
    EXPECT_EQ(log.find(reply.body["token"].get<std::string>()), std::string::npos);
    EXPECT_EQ(log.find(reply.body["refreshToken"].get<std::string>()), std::string::npos);
  }
  EXPECT_EQ(log.find("Password123"), std::string::npos);
}

}  // namespace
}  // namespace tenantry::contract
