#include <algorithm>
#include <set>

#include "engine/dump/reader.h"
#include "engine/dump/state_check.h"
#include "engine/dump/writer.h"
#include "engine/keys/keys.h"
#include "engine/log/segment_verify.h"
#include "tests/engine/dump/dump_helpers.h"

namespace tenantry::dump {
namespace {

class DumpDamageTest : public EngineFixture {
 protected:
  // A small dump with a block per tenant.
  void SetUp() override {
    for (const char* shop : {"alpha", "beta", "gamma"}) {
      const TenantRef ref = CreateTenant(shop);
      for (int i = 0; i < 4; ++i) {
        const auto insert = [&](Transaction& tx) {
          return tx.Insert(NewSubscriber(std::string(shop) + std::to_string(i)));
        };
        ASSERT_TRUE(Run(ref, insert).status.ok());
      }
    }
    whole_ = DumpText(engine(), engine().View(), {.tenant = {}, .since = {}, .build = "test"});
  }

  using Rows = std::set<std::pair<uint64_t, std::string>>;
  // Every row of the good blocks, and what was damaged.
  static Rows ReadTolerant(const std::string& bytes, std::vector<Damage>* damages) {
    StringSource source(bytes);
    DumpReader reader(source, true);
    EXPECT_TRUE(reader.Open().ok());
    Rows rows;
    Block block;
    for (;;) {
      const Result<bool> more = reader.NextBlock(&block);
      EXPECT_TRUE(more.ok()) << more.status().ToString();
      if (!more.ok() || !*more) break;
      const Status visited = VisitRows(
          block, [&](bool /*put*/, std::string_view key, std::string_view /*value*/) -> Status {
            rows.emplace(block.head.space.value(), key);
            return Status::Ok();
          });
      EXPECT_TRUE(visited.ok());
    }
    *damages = reader.damages();
    return rows;
  }

  static Status ReadStrict(const std::string& bytes) {
    StringSource source(bytes);
    DumpReader reader(source);
    TNT_RETURN_IF_ERROR(reader.Open());
    Block block;
    for (;;) {
      TNT_ASSIGN_OR_RETURN(const bool more, reader.NextBlock(&block));
      if (!more) return Status::Ok();
    }
  }

  struct Place {
    uint64_t offset, end;
    BlockHead head;
  };
  std::vector<Place> Blocks() const {
    std::vector<Place> places;
    StringSource source(whole_);
    DumpReader reader(source);
    EXPECT_TRUE(reader.Open().ok());
    Block block;
    while (reader.NextBlock(&block).value()) {
      places.push_back({block.offset, reader.offset(), block.head});
    }
    return places;
  }

  // The dump without some rows, as `admin salvage` would leave it.
  using IsLost = std::function<bool(const BlockHead& head, std::string_view key)>;
  std::string Salvaged(const IsLost& is_lost) const {
    std::string bytes;
    StringSink sink(&bytes);
    DumpWriter writer(sink);
    StringSource source(whole_);
    DumpReader reader(source);
    EXPECT_TRUE(reader.Open().ok());
    Header header = reader.header();
    header.salvaged = true;
    EXPECT_TRUE(writer.Begin(header).ok());
    Block block;
    while (reader.NextBlock(&block).value()) {
      EXPECT_TRUE(writer.BeginSpace(block.head.space, block.head.tenant).ok());
      const VisitRow copy = [&](bool /*put*/, std::string_view key, std::string_view value) {
        return is_lost(block.head, key) ? Status::Ok() : writer.Put(key, value);
      };
      EXPECT_TRUE(VisitRows(block, copy).ok());
    }
    EXPECT_TRUE(writer.Finish().ok());
    return bytes;
  }

  std::string whole_;
};

// Goal: rows that nobody owns any more are not restored, and it is said whose they were.
TEST_F(DumpDamageTest, WithoutTheDirectoryNothingIsRestored) {
  const std::string saved =
      Salvaged([](const BlockHead& head, std::string_view) { return head.space.value() == 0; });
  OtherEngine elsewhere;
  std::string lost;
  const RestoreOptions options{
      .partial = true, .report = {}, .lost = [&lost](std::string_view what) {
        lost.append(what).append("\n");
      }};
  const Status refused = RestoreAll(elsewhere.engine(), {Opener(saved)}, options);
  EXPECT_EQ(refused.code(), StatusCode::kCorruption) << refused.ToString();
  EXPECT_NE(refused.message().find("directory"), std::string_view::npos);
  for (const char* shop : {"alpha", "beta", "gamma"}) {
    EXPECT_NE(lost.find(std::string("tenant ") + shop), std::string::npos) << lost;
  }
  const auto one = RestoreTenant(elsewhere.engine(), {Opener(saved)},
                                 {.tenant = "beta", .as = {}, .replace = false}, options);
  EXPECT_EQ(one.status().code(), StatusCode::kCorruption) << one.status().ToString();
  const auto nobody = RestoreTenant(elsewhere.engine(), {Opener(saved)},
                                    {.tenant = "nobody", .as = {}, .replace = false}, options);
  EXPECT_EQ(nobody.status().code(), StatusCode::kNotFound);
}

// Goal: what is left of a directory makes a sound folder that can be used on.
// Method: lose the record of one tenant, the row that makes another one's space alive, and what the next space and gym get.
TEST_F(DumpDamageTest, WithPartOfTheDirectoryTheRestIsSound) {
  CreateTenant("gym", schema::TenantKind::GYM);
  whole_ = DumpText(engine(), engine().View(), {.tenant = {}, .since = {}, .build = "test"});
  std::string beta =
      keys::RecordPrefix(kDirectorySpace, schema::CollectionOf<schema::Tenant>().number)
          .substr(keys::kSpaceBytes);
  keys::AppendPart(&beta, std::string_view("beta"));
  const auto is_meta = [](std::string_view key) {
    return key[0] == static_cast<char>(keys::Kind::kMeta);
  };
  const std::string saved = Salvaged([&](const BlockHead& head, std::string_view key) {
    return head.space.value() == 0 ? is_meta(key) || key == beta
                                   : head.tenant == "gamma" && is_meta(key);
  });
  OtherEngine elsewhere;
  std::vector<std::string> lost;
  const RestoreOptions options{.partial = true,
                               .report = {},
                               .lost = [&lost](std::string_view what) { lost.emplace_back(what); }};
  const Status done = RestoreAll(elsewhere.engine(), {Opener(saved)}, options);
  ASSERT_TRUE(done.ok()) << done.ToString();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_NE(lost[0].find("tenant beta (space 2"), std::string::npos) << lost[0];

  std::set<SpaceId> taken;
  const auto create = [&taken](DirectoryTransaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(SpaceWriter * space,
                         tenant::Directory::Create(tx, {"new", schema::TenantKind::SHOP, "new"}));
    taken.insert(space->space());
    return tenant::Directory::Create(tx, {"gym2", schema::TenantKind::GYM, "gym2"}).status();
  };
  ASSERT_TRUE(elsewhere.engine()
                  .ExecuteDirectory({2, "test", ""}, ReadTier::kBlocking, create)
                  .status.ok());
  elsewhere.engine().WaitReleased(elsewhere.engine().appended_index());
  EXPECT_EQ(taken, std::set<SpaceId>{SpaceId(5)});
  const ReadView view = elsewhere.engine().View();
  for (const char* shop : {"alpha", "gamma", "new"}) {
    const auto found =
        tenant::Directory::Find(view, shop, schema::TenantKind::SHOP, ReadTier::kBlocking);
    ASSERT_TRUE(found.ok()) << shop << ": " << found.status().ToString();
    EXPECT_TRUE(tenant::Directory::FindServed(view, found->ref.space(), ReadTier::kBlocking).ok());
  }
  std::vector<std::string> findings;
  std::vector<CheckedSpace> spaces;
  const StateCheck check{[&](const std::string& what) { findings.push_back(what); }, {}};
  ASSERT_TRUE(CheckState(view, check, &spaces).ok());
  EXPECT_EQ(findings, std::vector<std::string>());
}

// Goal: no flipped bit of a dump passes, and the place that is named is the right one.
// Method: flip a bit of every byte; read strictly and tolerantly.
TEST_F(DumpDamageTest, EveryFlippedByteIsFoundWhereItIs) {
  ASSERT_TRUE(ReadStrict(whole_).ok());
  const std::vector<Place> blocks = Blocks();
  ASSERT_EQ(blocks.size(), 4u);
  std::vector<Damage> damages;
  const Rows all = ReadTolerant(whole_, &damages);
  ASSERT_TRUE(damages.empty());
  for (size_t at = 0; at < whole_.size(); ++at) {
    std::string bytes = whole_;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    ASSERT_EQ(ReadStrict(bytes).code(), StatusCode::kCorruption) << "byte " << at;
    const Rows rows = ReadTolerant(bytes, &damages);
    const bool named = std::any_of(damages.begin(), damages.end(), [at](const Damage& damage) {
      return damage.offset <= at && at < damage.end;
    });
    ASSERT_TRUE(named) << "byte " << at << ": " << (damages.empty() ? "" : damages[0].what);
    // Everything outside the damaged block is still there.
    for (const auto& row : all) {
      const bool lost_with_it = std::any_of(blocks.begin(), blocks.end(), [&](const Place& block) {
        return block.offset <= at && at < block.end && block.head.space.value() == row.first;
      });
      ASSERT_EQ(rows.contains(row), !lost_with_it) << "byte " << at << ", space " << row.first;
    }
  }
}

TEST_F(DumpDamageTest, DamageNamesBlockTenantAndKeys) {
  const Place block = Blocks().at(2);
  std::string bytes = whole_;
  bytes[block.end - 1] = static_cast<char>(bytes[block.end - 1] ^ 1);
  std::vector<Damage> damages;
  ReadTolerant(bytes, &damages);
  ASSERT_EQ(damages.size(), 1u);
  EXPECT_EQ(damages[0].offset, block.offset);
  EXPECT_EQ(damages[0].end, block.end);
  EXPECT_NE(damages[0].what.find("block 2 at offset " + std::to_string(block.offset)),
            std::string::npos);
  EXPECT_NE(damages[0].what.find("tenant beta"), std::string::npos) << damages[0].what;
  EXPECT_NE(damages[0].what.find("emailSubscribers beta3"), std::string::npos) << damages[0].what;
}

// Goal: a dump that was cut short is never taken for a whole one.
TEST_F(DumpDamageTest, NoLengthButTheWholeIsAccepted) {
  for (size_t bytes = 0; bytes < whole_.size(); ++bytes) {
    const std::string cut = whole_.substr(0, bytes);
    ASSERT_FALSE(ReadStrict(cut).ok()) << bytes << " bytes";
    std::vector<Damage> damages;
    ReadTolerant(cut, &damages);
    ASSERT_FALSE(damages.empty()) << bytes << " bytes";
  }
  EXPECT_FALSE(ReadStrict(whole_ + "x").ok());
}

TEST_F(DumpDamageTest, BlocksInAnotherOrderAreFound) {
  const std::vector<Place> blocks = Blocks();
  const auto part = [&](const Place& place) {
    return whole_.substr(place.offset, place.end - place.offset);
  };
  const std::string swapped = whole_.substr(0, blocks[1].offset) + part(blocks[2]) +
                              part(blocks[1]) + whole_.substr(blocks[2].end);
  EXPECT_EQ(ReadStrict(swapped).code(), StatusCode::kCorruption);
  const std::string missing = whole_.substr(0, blocks[1].offset) + whole_.substr(blocks[1].end);
  EXPECT_EQ(ReadStrict(missing).code(), StatusCode::kCorruption);
}

TEST_F(DumpDamageTest, AnotherVersionIsRefusedByName) {
  std::string header = EncodeHeader({});
  header[8] = 9;
  const size_t sealed = header.size() - 8;
  StoreLittle(header.data() + sealed, Hash64(std::string_view(header).substr(0, sealed)));
  StringSource source(header);
  const Status opened = DumpReader(source).Open();
  EXPECT_EQ(opened.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(opened.message().find("version 9"), std::string_view::npos);
}

// A file in memory, so that a hundred thousand variants are quick.
class TextFile final : public File {
 public:
  explicit TextFile(std::string* bytes) : bytes_(bytes) {}
  Status WriteAt(uint64_t, std::span<const std::string_view>) override { return IoError("fixed"); }
  Result<size_t> ReadAt(uint64_t offset, char* out, size_t bytes) const override {
    return offset >= bytes_->size() ? 0 : bytes_->copy(out, bytes, offset);
  }
  Status SyncData() override { return Status::Ok(); }
  Status Allocate(uint64_t) override { return IoError("fixed"); }
  Status Truncate(uint64_t) override { return IoError("fixed"); }
  Result<uint64_t> Size() const override { return bytes_->size(); }

 private:
  std::string* const bytes_;
};

// Goal: the same for a log segment, padding included.
TEST_F(DumpDamageTest, EveryFlippedByteOfASegmentIsFoundWhereItIs) {
  engine_.reset();
  const std::string path = folder_.path() + "/data/log/" + log::SegmentFileName(1);
  std::string bytes = ReadFile(files_, path, 1u << 24).value();
  TextFile file(&bytes);
  const log::SegmentVerdict whole = log::VerifySegment(file, true).value();
  ASSERT_TRUE(whole.sealed);
  ASSERT_TRUE(whole.findings.empty());
  ASSERT_GT(whole.tail.entry_count, 12u);
  // Where each group ends.
  std::vector<uint64_t> ends = {log::kSegmentHeaderBytes};
  while (ends.back() < whole.tail.end_offset) {
    log::GroupHeader group;
    ASSERT_TRUE(log::LoadGroupHeader(bytes.data() + ends.back(), whole.header.segment_id, &group));
    ends.push_back(ends.back() + group.total_bytes);
  }
  ends.push_back(bytes.size());
  for (size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    const log::SegmentVerdict verdict = log::VerifySegment(file, true).value();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    ASSERT_FALSE(verdict.findings.empty()) << "byte " << at;
    // The header page, one group, or the footer page.
    const auto part = std::upper_bound(ends.begin(), ends.end(), at);
    const uint64_t from = part == ends.begin() ? 0 : *(part - 1);
    const uint64_t found = verdict.findings[0].offset;
    ASSERT_TRUE(from <= found && found < *part) << "byte " << at << ", found at " << found;
  }
  for (std::string cut = bytes; !cut.empty();) {
    cut.pop_back();
    ASSERT_FALSE(log::VerifySegment(TextFile(&cut), true).value().findings.empty()) << cut.size();
  }
}

}  // namespace
}  // namespace tenantry::dump
