// Goal: the overlay reads exactly like one sorted map, whatever lies in which layer (INV-6).
// Method: random writes over two adjacent spaces are spread over several layers and a real store; every read is compared
// with a std::map: point reads, forward and reverse scans, both seeks and turns in the middle, within bounds of one space.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/keys/keys.h"
#include "engine/partition/overlay.h"
#include "engine/store/store.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::partition {
namespace {

using Model = std::map<std::string, std::string>;

std::string KeyOf(uint64_t space, uint64_t n) {
  std::string tuple;
  keys::AppendPart(&tuple, static_cast<int64_t>(n));
  return keys::RecordKey(SpaceId(space), 7, tuple);
}

class OverlayModelTest : public ::testing::Test {
 protected:
  // Applies random operations: the first part goes to the store, the rest to layers, oldest first.
  void Build(uint64_t seed) {
    SeededRandom random(seed);
    store::StoreOptions options;
    options.directory = folder_.path() + "/" + std::to_string(seed);
    Result<std::unique_ptr<store::Store>> opened = store::Store::Open(options);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    store_ = std::move(opened).value();
    store::Batch batch;
    for (int i = 0; i < 40; ++i) {
      const std::string key = RandomKey(random);
      const std::string value = std::to_string(random.Next64());
      batch.Put(key, value);
      model_[key] = value;
    }
    ASSERT_TRUE(store_->Apply(&batch, 1).ok());
    snapshot_ = store_->TakeSnapshot();
    const uint64_t layer_count = random.Below(5);
    layers_.resize(layer_count);
    for (Layer& layer : layers_) Fill(random, &layer);
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer)
      newest_first_.push_back(&*layer);
  }

  static std::string RandomKey(Random& random) {
    return KeyOf(10 + random.Below(2), random.Below(30));
  }

  void Fill(Random& random, Layer* layer) {
    const uint64_t operations = random.Below(25);
    for (uint64_t i = 0; i < operations; ++i) {
      const std::string key = RandomKey(random);
      if (random.Below(3) == 0) {
        layer->rows[key] = std::nullopt;
        model_.erase(key);
      } else {
        const std::string value = std::to_string(random.Next64());
        layer->rows[key] = value;
        model_[key] = value;
      }
    }
  }

  // The model narrowed to one space.
  Model Within(const std::string& lower, const std::string& upper) const {
    return {model_.lower_bound(lower), model_.lower_bound(upper)};
  }

  TemporaryFolder folder_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<const store::Snapshot> snapshot_;
  std::vector<Layer> layers_;
  std::vector<const Layer*> newest_first_;
  Model model_;
};

void ExpectAt(const Model& expected, Model::const_iterator at, const Cursor& cursor) {
  ASSERT_TRUE(cursor.status().ok());
  ASSERT_EQ(cursor.Valid(), at != expected.end());
  if (at == expected.end()) return;
  ASSERT_EQ(cursor.key(), at->first);
  ASSERT_EQ(cursor.value(), at->second);
}

// A walk that turns around at random; the model's iterator goes along.
void RandomWalk(Random& random, const Model& expected, Cursor& cursor) {
  Model::const_iterator at = expected.end();
  for (int step = 0; step < 60; ++step) {
    const uint64_t move = cursor.Valid() ? random.Below(6) : 2 + random.Below(4);
    const std::string target = KeyOf(9 + random.Below(4), random.Below(32));
    if (move == 0) {
      cursor.Next();
      ++at;
    } else if (move == 1) {
      cursor.Prev();
      at = at == expected.begin() ? expected.end() : std::prev(at);
    } else if (move == 2) {
      cursor.SeekToFirst();
      at = expected.begin();
    } else if (move == 3) {
      cursor.SeekToLast();
      at = expected.empty() ? expected.end() : std::prev(expected.end());
    } else if (move == 4) {
      cursor.Seek(target);
      at = expected.lower_bound(target);
    } else {
      cursor.SeekBefore(target);
      const auto bound = expected.lower_bound(target);
      at = bound == expected.begin() ? expected.end() : std::prev(bound);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAt(expected, at, cursor));
  }
}

TEST_F(OverlayModelTest, ReadsLikeOneSortedMap) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    model_.clear();
    layers_.clear();
    newest_first_.clear();
    snapshot_.reset();
    ASSERT_NO_FATAL_FAILURE(Build(seed));
    const LayeredReader reader(newest_first_, snapshot_->reader(store::Tier::kDisk));
    for (uint64_t space = 10; space <= 11; ++space) {
      for (uint64_t n = 0; n < 31; ++n) {
        std::string value;
        const Status found = reader.Get(KeyOf(space, n), &value);
        const auto expected = model_.find(KeyOf(space, n));
        ASSERT_EQ(found.ok(), expected != model_.end());
        if (found.ok()) {
          ASSERT_EQ(value, expected->second);
        }
      }
      SeededRandom random(seed * 2 + space);
      const std::string whole = keys::RecordPrefix(SpaceId(space), 7);
      const std::string part_from = KeyOf(space, random.Below(30));
      const std::string part_until = KeyOf(space, random.Below(30));
      for (const auto& [lower, upper] :
           {std::pair(whole, keys::PrefixEnd(whole)), std::pair(part_from, part_until)}) {
        if (lower >= upper) continue;
        const Model expected = Within(lower, upper);
        const std::unique_ptr<Cursor> cursor = reader.Scan(lower, upper);
        ASSERT_NO_FATAL_FAILURE(RandomWalk(random, expected, *cursor));
      }
    }
  }
}

}  // namespace
}  // namespace tenantry::partition
