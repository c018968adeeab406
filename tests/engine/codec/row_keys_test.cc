#include "engine/codec/row_keys.h"

#include <limits>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "engine/codec/stored.h"
#include "engine/keys/keys.h"
#include "tests/engine/codec/test_records.capnp.h"

namespace tenantry::codec {
namespace {

using test::Sample;

constexpr SpaceId kSpace{77};
constexpr uint16_t kCollection = 60001;

std::vector<IndexRow> Rows(Draft<Sample>& draft) {
  const schema::Collection& collection = schema::CollectionOf<Sample>();
  const std::string key = PrimaryKey(collection, draft.reader());
  return IndexRows(kSpace, collection, draft.reader(), key);
}

const IndexRow* Find(const std::vector<IndexRow>& rows, uint8_t number) {
  for (const IndexRow& row : rows) {
    if (row.index->number == number) return &row;
  }
  return nullptr;
}

std::string Tuple(std::initializer_list<keys::Part> parts) {
  std::string tuple;
  keys::AppendTuple(&tuple, std::span(parts.begin(), parts.size()));
  return tuple;
}

TEST(RowKeysTest, PrimaryKeyFollowsTheCatalog) {
  Draft<Sample> draft;
  draft->setOwner("gym");
  draft->setSeq(-2);
  EXPECT_EQ(PrimaryKey(schema::CollectionOf<Sample>(), draft.reader()),
            Tuple({std::string_view("gym"), int64_t{-2}}));
}

TEST(RowKeysTest, FullRecordHasOneRowPerIndex) {
  Draft<Sample> draft;
  draft->setOwner("gym");
  draft->setSeq(3);
  draft->setEmail("a@b.io");
  draft->setLive(true);
  draft->setColor(test::Color::GREEN);
  draft->setCreatedAt(1000);
  draft->setCode("C");
  draft->setScore(-4);
  const std::string primary = Tuple({std::string_view("gym"), int64_t{3}});
  const std::vector<IndexRow> rows = Rows(draft);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].key, keys::IndexPrefix(kSpace, keys::Kind::kUnique, kCollection, 1) +
                             Tuple({std::string_view("a@b.io")}));
  EXPECT_EQ(rows[0].value, primary);
  EXPECT_EQ(rows[1].key, keys::IndexPrefix(kSpace, keys::Kind::kIndex, kCollection, 2) +
                             Tuple({int64_t{2}, int64_t{1000}}) + primary);
  EXPECT_EQ(rows[1].value, "");
  EXPECT_EQ(rows[2].key, keys::IndexPrefix(kSpace, keys::Kind::kUnique, kCollection, 3) +
                             Tuple({std::string_view("C")}));
  EXPECT_EQ(rows[3].key, keys::IndexPrefix(kSpace, keys::Kind::kIndex, kCollection, 4) +
                             Tuple({std::string_view("C"), int64_t{1}}) + primary);
  EXPECT_EQ(rows[4].key,
            keys::IndexPrefix(kSpace, keys::Kind::kUnique, kCollection, 9) + Tuple({int64_t{-4}}));
}

TEST(RowKeysTest, ConditionAndNullsLeaveRowsOut) {
  Draft<Sample> draft;
  draft->setEmail("a@b.io");
  std::vector<IndexRow> rows = Rows(draft);
  EXPECT_EQ(Find(rows, 1), nullptr) << "live is false";
  EXPECT_EQ(Find(rows, 3), nullptr) << "code is null";
  EXPECT_EQ(Find(rows, 9), nullptr) << "score is null";
  ASSERT_NE(Find(rows, 2), nullptr);
  ASSERT_NE(Find(rows, 4), nullptr);

  draft->setLive(true);
  draft->setCode("");
  rows = Rows(draft);
  EXPECT_NE(Find(rows, 1), nullptr);
  EXPECT_NE(Find(rows, 3), nullptr) << "an empty text is a value";
}

TEST(RowKeysTest, NullTextSortsFirstInAPlainIndex) {
  Draft<Sample> draft;
  draft->setOwner("o");
  const std::string null_key = Find(Rows(draft), 4)->key;
  for (const char* code : {"", "\x01", "a", "zz"}) {
    draft->setCode(code);
    draft->setOwner("p");
    EXPECT_LT(null_key, Find(Rows(draft), 4)->key) << code;
  }
}

// Goal: rows of records come in the order of their fields.
TEST(RowKeysTest, RowsSortLikeTheirValues) {
  std::string before;
  for (const int64_t at : {std::numeric_limits<int64_t>::min(), int64_t{-1000}, int64_t{-1},
                           int64_t{0}, int64_t{1}, int64_t{1768550400000}}) {
    for (const char* owner : {"a", "a b", "ab", "b"}) {
      for (const int64_t seq : {-5, 0, 5}) {
        Draft<Sample> draft;
        draft->setCreatedAt(at);
        draft->setOwner(owner);
        draft->setSeq(seq);
        const std::string key = Find(Rows(draft), 2)->key;
        EXPECT_LT(before, key);
        before = key;
      }
    }
  }
}

// Shorter structs come from builds that did not know a field yet.
TEST(RowKeysTest, OlderRecordsReadAsDefaults) {
  Draft<test::OldSample> old;
  old->setOwner("o");
  old->setSeq(1);
  old->setEmail("e@x.io");
  const Result<Stored<Sample>> stored = Stored<Sample>::Decode(old.Encode());
  ASSERT_TRUE(stored.ok());
  const schema::Collection& collection = schema::CollectionOf<Sample>();
  const std::string key = PrimaryKey(collection, **stored);
  EXPECT_EQ(key, Tuple({std::string_view("o"), int64_t{1}}));
  const std::vector<IndexRow> rows = IndexRows(kSpace, collection, **stored, key);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].index->number, 2);
  EXPECT_EQ(rows[1].index->number, 4);
}

}  // namespace
}  // namespace tenantry::codec
