// Goal: what any client may ask of any answer (crosscutting.md Q5, Q7, C13, D1 to D3): compression, entity tags, If-Match,
// pages, fields; and that no answer holds a secret.
// Method: the built binary over HTTP. Row ids are in the tests' names.

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "engine/schema/catalog.h"
#include "engine/schema/directory.capnp.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "tests/contract/popups_api.h"

namespace tenantry::contract {
namespace {

class DataTest : public PopupsContractTest {
 protected:
  // A shop with this many subscribers.
  std::string ShopWithSubscribers(int count) const {
    const std::string shop = FreshShop();
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(Post("/email-subscribers",
                     {{"shopId", shop}, {"email", "p" + std::to_string(i) + "@mail.example"}})
                    .status,
                201);
    }
    return shop;
  }
  // As sent, not expanded by the client.
  PopupAnswer GetAsSent(const std::string& path, httplib::Headers headers) const {
    httplib::Client client(server_->url());
    client.set_decompress(false);
    PopupAnswer answer;
    const httplib::Result result = client.Get(path, headers);
    EXPECT_TRUE(result);
    if (!result) return answer;
    answer.status = result->status;
    answer.text = result->body;
    answer.headers = result->headers;
    return answer;
  }
};

TEST_F(DataTest, Q5_BodiesFromAKibibyteOnAreCompressed) {
  const std::string shop = FreshShop();
  const std::string path = "/popups/active?shopId=" + shop;
  const std::string small = Get(path).text;
  EXPECT_LT(small.size(), 1024u);
  const PopupAnswer plain = GetAsSent(path, {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(plain.Header("Content-Encoding"), "");
  for (int i = 0; i < 3; ++i) MakePopup(shop, {{"status", "active"}});
  const PopupAnswer whole = Get(path);
  ASSERT_GE(whole.text.size(), 1024u);
  EXPECT_EQ(whole.Header("Content-Encoding"), "");
  EXPECT_NE(whole.Header("Vary").find("Accept-Encoding"), std::string::npos);
  for (const auto& [accepted, expected] :
       std::vector<std::pair<std::string, std::string>>{{"gzip", "gzip"},
                                                        {"br", "br"},
                                                        {"zstd", "zstd"},
                                                        {"gzip;q=0.5, br;q=0", "gzip"},
                                                        {"gzip, deflate, br", "br"},
                                                        {"identity", ""},
                                                        {"gzip;q=0", ""}}) {
    SCOPED_TRACE(accepted);
    for (int round = 0; round < 2; ++round) {  // Made, then kept.
      const PopupAnswer coded = GetAsSent(path, {{"Accept-Encoding", accepted}});
      EXPECT_EQ(coded.status, 200);
      EXPECT_EQ(coded.Header("Content-Encoding"), expected);
      EXPECT_NE(coded.Header("Vary").find("Accept-Encoding"), std::string::npos);
      if (!expected.empty()) {
        EXPECT_LT(coded.text.size(), whole.text.size() / 2);
        EXPECT_NE(coded.Header("ETag"), whole.Header("ETag")) << "other bytes, other tag";
      }
      // A tag of any form answers 304.
      EXPECT_EQ(Get(path, {{"If-None-Match", coded.Header("ETag")}}).status, 304);
    }
  }
  httplib::Client expanding(server_->url());
  const auto expanded = expanding.Get(path, {{"Accept-Encoding", "gzip"}});
  ASSERT_TRUE(expanded);
  if (expanded->get_header_value("Content-Encoding").empty()) {
    EXPECT_EQ(expanded->body, whole.text);
  }
}

TEST_F(DataTest, C13_TagsAndWhoMayKeepAnAnswer) {
  const std::string shop = ShopWithSubscribers(1);
  const json popup = MakePopup(shop, {{"status", "active"}});
  const std::string id = popup["id"];
  for (const auto& [path, control] : std::vector<std::pair<std::string, std::string>>{
           {"/popups/active?shopId=" + shop, "no-cache"},
           {"/popups/" + id + "?shopId=" + shop, "private, no-cache"},
           {"/analytics/shop/" + shop, "private, no-cache"},
           {"/email-subscribers?shopId=" + shop, "no-store"},
           {"/scripts/popup.js?shopId=" + shop, "public, max-age=3600"}}) {
    SCOPED_TRACE(path);
    const PopupAnswer first = Get(path);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.Header("Cache-Control"), control);
    ASSERT_EQ(first.Header("ETag").size(), 34u);
    EXPECT_EQ(Get(path).Header("ETag"), first.Header("ETag"));
    const PopupAnswer again = Get(path, {{"If-None-Match", first.Header("ETag")}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.text, "");
    EXPECT_EQ(again.Header("ETag"), first.Header("ETag"));
    EXPECT_EQ(again.Header("Cache-Control"), control);
    EXPECT_EQ(Get(path, {{"If-None-Match", "\"other\""}}).status, 200);
  }
  EXPECT_EQ(Get("/popups/" + id + "?shopId=other").Header("Cache-Control"), "no-store");
}

TEST_F(DataTest, C13_IfMatchRefusesWhatChangedMeanwhile) {
  const std::string shop = FreshShop();
  const std::string path =
      "/popups/" + MakePopup(shop)["id"].get<std::string>() + "?shopId=" + shop;
  const std::string tag = Get(path).Header("ETag");
  const auto patch = [&](const std::string& name, const std::string& tags) {
    return Call("PATCH", path, {{"name", name}}, {{"If-Match", tags}});
  };
  EXPECT_EQ(patch("first", tag).status, 200);
  const PopupAnswer refused = patch("second", tag);
  EXPECT_EQ(refused.status, 412) << refused.text;
  EXPECT_EQ(refused.body["error"], "Precondition Failed");
  EXPECT_EQ(Get(path).body["name"], "first") << "nothing happened";
  EXPECT_EQ(patch("third", "\"other\", " + Get(path).Header("ETag")).status, 200);
  EXPECT_EQ(patch("fourth", "*").status, 200);
  EXPECT_EQ(Call("DELETE", path, nullptr, {{"If-Match", tag}}).status, 412);
  EXPECT_EQ(Call("DELETE", path, nullptr, {{"If-Match", Get(path).Header("ETag")}}).status, 204);
  EXPECT_EQ(patch("gone", tag).status, 404) << "what is not there has no tag";
}

// Of many writers that saw the same state, one wins, however close together they come.
// Flaws: F86
TEST_F(DataTest, C13_IfMatchHasOneWinner) {
  const std::string shop = FreshShop();
  const std::string path =
      "/popups/" + MakePopup(shop)["id"].get<std::string>() + "?shopId=" + shop;
  for (int round = 0; round < 10; ++round) {
    const std::string tag = Get(path).Header("ETag");
    std::atomic<int> won{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < 6; ++i) {
      writers.emplace_back([&, i] {
        const std::string name = std::to_string(round) + "." + std::to_string(i);
        const int status = Call("PATCH", path, {{"name", name}}, {{"If-Match", tag}}).status;
        won += status == 200;
        refused += status == 412;
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(refused, 5);
  }
}

TEST_F(DataTest, D1_ListsAreBounded) {
  const std::string shop = FreshShop();
  for (int i = 0; i < 101; ++i) MakePopup(shop, {{"status", "active"}});
  EXPECT_EQ(Get("/popups?shopId=" + shop).body.size(), 100u);
  EXPECT_EQ(Get("/popups?shopId=" + shop + "&limit=1000").body.size(), 100u);
  EXPECT_EQ(Get("/popups/active?shopId=" + shop).body.size(), 50u);
}

TEST_F(DataTest, D2_ArraysArePaged) {
  const std::string shop = ShopWithSubscribers(105);
  const std::string path = "/email-subscribers?shopId=" + shop;
  const PopupAnswer first = Get(path);
  EXPECT_EQ(first.body.size(), 100u);
  EXPECT_EQ(first.Header("X-Total-Count"), "105");
  EXPECT_EQ(first.Header("Link"),
            "</email-subscribers?shopId=" + shop + "&page=2&limit=100>; rel=\"next\"");
  std::set<std::string> seen;
  for (int page = 1; page <= 4; ++page) {
    const PopupAnswer part = Get(path + "&limit=30&page=" + std::to_string(page));
    EXPECT_EQ(part.body.size(), page == 4 ? 15u : 30u);
    EXPECT_EQ(part.Header("X-Total-Count"), "105");
    EXPECT_EQ(part.Header("Link").empty(), page == 4);
    for (const json& row : part.body) seen.insert(row["id"]);
  }
  EXPECT_EQ(seen.size(), 105u);
  EXPECT_EQ(Get(path + "&page=9").body, json::array());
  for (const char* bad : {"&page=0", "&page=x", "&limit=0", "&limit=-1"}) {
    EXPECT_EQ(Get(path + bad).status, 400) << bad;
  }
}

TEST_F(DataTest, D3_FieldsAreSelected) {
  const std::string shop = FreshShop();
  const json popup = MakePopup(shop, {{"status", "active"}});
  const std::string id = popup["id"];
  const std::string one = "/popups/" + id + "?shopId=" + shop;
  EXPECT_EQ(Get(one + "&fields=name,design.width").body,
            (json{{"id", id}, {"name", "Sale"}, {"design", {{"width", 400}}}}));
  EXPECT_EQ(Get(one + "&fields=unknown").body, (json{{"id", id}}));
  EXPECT_EQ(Get(one + "&fields=").body, Get(one).body);
  EXPECT_EQ(Get("/popups/active?fields=name&shopId=" + shop).body,
            json::array({{{"id", id}, {"name", "Sale"}}}));
  EXPECT_EQ(Get("/popups?fields=status&shopId=" + shop).body,
            json::array({{{"id", id}, {"status", "active"}}}));
  ExpectError(Get("/popups/none?fields=name&shopId=" + shop), 404, "Popup with ID none not found",
              "Not Found");
}

// Names of the fields that the schema keeps inside.
void CollectInternal(const schema::StructInfo& info, std::set<std::string>* internal,
                     std::set<std::string>* shown) {
  for (const schema::FieldInfo& field : info.fields) {
    (field.internal ? internal : shown)->insert(field.json_name);
  }
}

void CollectKeys(const json& value, std::set<std::string>* keys) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      keys->insert(key);
      CollectKeys(member, keys);
    }
  }
  if (value.is_array()) {
    for (const json& element : value) CollectKeys(element, keys);
  }
}

// Every GET of the API document that this test can name a subject for, and the writes that make the subjects.
TEST_F(DataTest, Q7_NoAnswerHoldsASecret) {
  std::set<std::string> internal;
  std::set<std::string> shown;
  CollectInternal(schema::InfoOf<schema::GymMember>(), &internal, &shown);
  CollectInternal(schema::InfoOf<schema::GymRefreshToken>(), &internal, &shown);
  CollectInternal(schema::InfoOf<schema::ShopKey>(), &internal, &shown);
  CollectInternal(schema::InfoOf<schema::EmailSubscriber>(), &internal, &shown);
  CollectInternal(schema::InfoOf<schema::DiscountCode>(), &internal, &shown);
  for (const std::string& name : shown) internal.erase(name);
  ASSERT_TRUE(internal.count("passwordHash") == 1 && internal.count("tokenHash") == 1);

  const std::string password = "planted-Secret-9137";
  const PopupAnswer signed_up = Post("/auth/signup", {{"email", "owner@secret.example"},
                                                      {"password", password},
                                                      {"name", "Olga"},
                                                      {"tenantName", "Secret Gym"}});
  ASSERT_EQ(signed_up.status, 201) << signed_up.text;
  const std::string gym = signed_up.body["tenant"]["id"];
  const std::string token = signed_up.body["token"];
  const std::string refresh = signed_up.body["refreshToken"];
  const std::string member = signed_up.body["member"]["id"];
  const std::string shop = ShopWithSubscribers(1);
  const std::string popup = MakePopup(shop)["id"];
  std::vector<PopupAnswer> answers = {signed_up};
  const json document = Get("/openapi.json").body;
  ASSERT_TRUE(document["paths"].is_object());
  int read = 0;
  for (const auto& [path, operations] : document["paths"].items()) {
    if (!operations.contains("get")) continue;
    std::string target = path;
    for (size_t open; (open = target.find('{')) != std::string::npos;) {
      const bool of_popup = path.starts_with("/popups") || path.starts_with("/analytics/popup");
      target.replace(open, target.find('}') - open + 1,
                     of_popup                         ? popup
                     : path.starts_with("/analytics") ? shop
                                                      : member);
    }
    target.append("?shopId=" + shop);
    answers.push_back(Get(target, {{"Authorization", "Bearer " + token}, {"x-tenant-id", gym}}));
    ++read;
  }
  EXPECT_GT(read, 20);
  for (size_t i = 0; i < answers.size(); ++i) {
    const std::string& text = answers[i].text;
    std::set<std::string> keys;
    CollectKeys(answers[i].body, &keys);
    const bool is_document = answers[i].body == document;
    for (const std::string& name : internal) {
      EXPECT_TRUE(keys.count(name) == 0 || is_document) << name << " in " << text.substr(0, 400);
    }
    EXPECT_EQ(text.find(password), std::string::npos);
    EXPECT_EQ(text.find("$argon2"), std::string::npos);
    if (i > 0) {
      EXPECT_EQ(text.find(refresh), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace tenantry::contract
