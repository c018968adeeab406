// Goal: no read of one tenant touches a key of another, whatever values are asked for (INV-7).
// Method: a reader that records every key and every bound it is asked for lies under SpaceReader; random and hostile values go
// through every typed read; each recorded key must lie inside the tenant's own bounds.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/keys/keys.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "engine/space_reader.h"

namespace tenantry {
namespace {

class EmptyCursor final : public Cursor {
 public:
  explicit EmptyCursor(std::vector<std::string>* asked) : asked_(asked) {}
  void SeekToFirst() override {}
  void SeekToLast() override {}
  void Seek(std::string_view key) override { asked_->emplace_back(key); }
  void SeekBefore(std::string_view key) override { asked_->emplace_back(key); }
  void Next() override {}
  void Prev() override {}
  bool Valid() const override { return false; }
  Status status() const override { return Status::Ok(); }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }

 private:
  std::vector<std::string>* asked_;
};

class RecordingReader final : public KeyReader {
 public:
  Status Get(std::string_view key, std::string* /*value*/) const override {
    asked_.emplace_back(key);
    return NotFound("nothing here");
  }
  std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const override {
    asked_.emplace_back(lower);
    uppers_.emplace_back(upper);
    return std::make_unique<EmptyCursor>(&asked_);
  }

  mutable std::vector<std::string> asked_;   // Keys that may be read.
  mutable std::vector<std::string> uppers_;  // Exclusive, so the space's own end is allowed.
};

std::string RandomText(Random& random) {
  static constexpr std::string_view kBytes[] = {
      std::string_view("\0", 1), "\xFF", "\x01", "a", "zz", ""};
  std::string text;
  const uint64_t parts = random.Below(12);
  for (uint64_t i = 0; i < parts; ++i) text += kBytes[random.Below(std::size(kBytes))];
  return text;
}

void ReadEverything(Random& random, const SpaceReader& space) {
  const std::string text = RandomText(random);
  const std::string other = RandomText(random);
  const auto number = static_cast<int64_t>(random.Next64());
  const auto all = [](const auto&) { return true; };
  EXPECT_FALSE(space.Get<schema::GymSession>({std::string_view(text)}).ok());
  EXPECT_TRUE(space.Find<schema::Popup>({std::string_view(text)}).ok());
  EXPECT_TRUE(space.FindUnique<schema::GymMember>(1, {std::string_view(text)}).ok());
  EXPECT_TRUE(
      space.FindUnique<schema::GymBooking>(1, {std::string_view(text), std::string_view(other)})
          .ok());
  IndexRange range;
  range.index = 1;
  range.reverse = random.Below(2) == 0;
  EXPECT_TRUE(space.ScanIndex<schema::GymSession>(range, all).ok());
  range.equal = {number};
  if (random.Below(2) == 0) range.from = static_cast<int64_t>(random.Next64());
  if (random.Below(2) == 0) range.until = static_cast<int64_t>(random.Next64());
  EXPECT_TRUE(space.ScanIndex<schema::GymSession>(range, all).ok());
  EXPECT_TRUE(
      space.ScanRecords<schema::PopupView>({std::string_view(text)}, range.reverse, all).ok());
  EXPECT_TRUE(space.ScanRecords<schema::PopupView>({}, range.reverse, all).ok());
  const auto family = static_cast<uint8_t>(random.Below(256));
  EXPECT_TRUE(space.Counter(family, text, other, number).ok());
  EXPECT_TRUE(space.ScanCounters(family, text, [](auto, auto, auto) { return true; }).ok());
  EXPECT_TRUE(space.SketchBlock(family, text, number, family).ok());
  EXPECT_TRUE(space.Meta(text).ok());
}

TEST(IsolationTest, EveryKeyAskedForBelongsToTheTenant) {
  SeededRandom random(11);
  for (int round = 0; round < 3000; ++round) {
    static constexpr uint64_t kSpaces[] = {0, 1, 2, 255, 256, UINT64_MAX - 1};
    const SpaceId id(kSpaces[random.Below(std::size(kSpaces))]);
    const keys::Bounds bounds = keys::SpaceBounds(id);
    RecordingReader reader;
    const SpaceReader space(reader, id, ReadTier::kBlocking);
    ReadEverything(random, space);
    ASSERT_GE(reader.asked_.size(), 10u);
    for (const std::string& key : reader.asked_) {
      ASSERT_GE(key, bounds.lower);
      ASSERT_LT(key, bounds.upper);
    }
    for (const std::string& upper : reader.uppers_) {
      ASSERT_GE(upper, bounds.lower);
      ASSERT_LE(upper, bounds.upper);
    }
  }
}

}  // namespace
}  // namespace tenantry
