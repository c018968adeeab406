// Goal: a list through an index that covers is the list of the records, whether its rows hold them or are
// from before the index covered; and it costs one row each.
// Method: bookings and their rows in a map, read with SpaceReader; then the same through commands.

#include <map>

#include "engine/codec/row_keys.h"
#include "engine/schema/gym.capnp.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

using Rows = std::map<std::string, std::string, std::less<>>;
using schema::GymBooking;

constexpr SpaceId kSpace{7};
constexpr uint8_t kBySession = 3;

class MapCursor final : public Cursor {
 public:
  MapCursor(const Rows& rows, std::string_view lower, std::string_view upper)
      : begin_(rows.lower_bound(lower)), end_(rows.lower_bound(upper)), at_(begin_) {}
  void SeekToFirst() override { at_ = begin_; }
  void SeekToLast() override { at_ = begin_ == end_ ? end_ : std::prev(end_); }
  void Seek(std::string_view key) override {
    for (at_ = begin_; at_ != end_ && at_->first < key;) ++at_;
  }
  void SeekBefore(std::string_view key) override {
    Seek(key);
    Prev();
  }
  void Next() override { ++at_; }
  void Prev() override { at_ = at_ == begin_ ? end_ : std::prev(at_); }
  bool Valid() const override { return at_ != end_; }
  Status status() const override { return Status::Ok(); }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }

 private:
  Rows::const_iterator begin_, end_, at_;
};

class MapReader final : public KeyReader {
 public:
  explicit MapReader(const Rows& rows) : rows_(rows) {}
  Status Get(std::string_view key, std::string* value) const override {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return NotFound("no such key");
    *value = found->second;
    return Status::Ok();
  }
  std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const override {
    return std::make_unique<MapCursor>(rows_, lower, upper);
  }

 private:
  const Rows& rows_;
};

void AddBooking(int number, bool covered, Rows* rows) {
  codec::Draft<GymBooking> booking;
  booking->setId("b" + std::to_string(number));
  booking->setMemberId("m" + std::to_string(number));
  booking->setSessionInstanceId("s");
  booking->setCreatedAt(number);
  const schema::Collection& collection = schema::CollectionOf<GymBooking>();
  const std::string key = codec::PrimaryKey(collection, booking.reader());
  const std::string bytes = booking.Encode();
  (*rows)[keys::RecordKey(kSpace, collection.number, key)] = bytes;
  for (codec::IndexRow& row :
       codec::IndexRows(kSpace, collection, booking.reader(), key, covered ? bytes : "")) {
    (*rows)[row.key] = row.value;
  }
}

std::vector<int64_t> Times(const SpaceReader& space, bool reverse) {
  std::vector<int64_t> times;
  EXPECT_TRUE(space
                  .ScanIndex<GymBooking>(
                      {.index = kBySession, .equal = {std::string_view("s")}, .reverse = reverse},
                      [&times](const codec::Stored<GymBooking>& booking) {
                        times.push_back(booking->getCreatedAt());
                        return true;
                      })
                  .ok());
  return times;
}

TEST(CoveringIndexTest, RowsFromBeforeAreLookedUp) {
  Rows rows;
  for (int i = 0; i < 6; ++i) AddBooking(i, i % 2 == 0, &rows);
  const MapReader reader(rows);
  const SpaceReader space(reader, kSpace, ReadTier::kBlocking);
  EXPECT_EQ(Times(space, false), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(space.rows_read(), 6u + 3u) << "half of them needed a second look";
  EXPECT_EQ(Times(space, true), (std::vector<int64_t>{5, 4, 3, 2, 1, 0}));
}

// A change that leaves the keys of all rows as they are reaches the rows that hold the record.
class CoveringIndexCommandTest : public EngineFixture {};

TEST_F(CoveringIndexCommandTest, RowsFollowTheirRecord) {
  const TenantRef gym = CreateTenant("gym");
  codec::Draft<GymBooking> booking;
  booking->setId("b");
  booking->setMemberId("m");
  booking->setSessionInstanceId("s");
  booking->setNotes("before");
  ASSERT_TRUE(Run(gym, [&](Transaction& tx) { return tx.Insert(booking); }).status.ok());
  ASSERT_TRUE(Run(gym, [&](Transaction& tx) -> Status {
                TNT_ASSIGN_OR_RETURN(const auto before, tx.Get<GymBooking>({"b"}));
                codec::Draft<GymBooking> after(before);
                after->setNotes("after");
                return tx.Update(before, after);
              }).status.ok());
  const ReadView view = engine().View();
  const SpaceReader space = view.Space(gym, ReadTier::kBlocking);
  std::string notes;
  ASSERT_TRUE(space
                  .ScanIndex<GymBooking>({.index = kBySession, .equal = {std::string_view("s")}},
                                         [&notes](const codec::Stored<GymBooking>& found) {
                                           notes = found->getNotes().cStr();
                                           return true;
                                         })
                  .ok());
  EXPECT_EQ(notes, "after");
  EXPECT_EQ(space.rows_read(), 1u);
}

}  // namespace
}  // namespace tenantry
