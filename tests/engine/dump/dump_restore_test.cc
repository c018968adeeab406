#include <algorithm>

#include "engine/codec/text_view.h"
#include "engine/dump/state_check.h"
#include "engine/space_meta.h"
#include "engine/tenant/reclaim.h"
#include "engine/tenant/shop_keys.h"
#include "tests/engine/dump/dump_helpers.h"
#include "tests/support/space_hashes.h"

namespace tenantry::dump {
namespace {

using codec::View;

constexpr ReadTier kTier = ReadTier::kBlocking;

class DumpRestoreTest : public EngineFixture {
 protected:
  void SetUp() override {
    shop_ = CreateTenant("shop");
    other_ = CreateTenant("other");
    Insert(*shop_, "ada");
    Insert(*other_, "bob");
  }

  void Insert(const TenantRef& tenant, const std::string& id) {
    ASSERT_TRUE(
        Run(tenant, [&](Transaction& tx) { return tx.Insert(NewSubscriber(id)); }).status.ok());
  }
  static std::string CursorOf(std::string_view popup_id) {
    std::string cursor;
    keys::AppendPart(&cursor, popup_id);
    keys::AppendPart(&cursor, int64_t{1000});
    keys::AppendPart(&cursor, std::string_view("last view"));
    return cursor;
  }
  // A popup with a reference in the directory, a counter, and how far its upkeep came.
  std::string AddPopup(const TenantRef& tenant) {
    std::string id;
    const Outcome outcome = Run(tenant, [&](Transaction& tx) -> Status {
      id = NewUuid(tx.random());
      codec::Draft<schema::Popup> popup;
      popup->setId(id);
      popup->setShopId("shop");
      popup->setName("Summer");
      popup->setDesign("{\"linked\":\"" + id + "\",\"colour\":\"red\"}");
      TNT_RETURN_IF_ERROR(tx.Insert(popup));
      TNT_RETURN_IF_ERROR(tx.SetCounter(1, id, "views", 0, 7));
      TNT_RETURN_IF_ERROR(tx.SetCounter(10, "shop", id + "/count", 0, 3));
      TNT_RETURN_IF_ERROR(tx.SetMeta("sealed/8/" + id, "12345678"));
      TNT_RETURN_IF_ERROR(tx.SetMeta("rollup/" + id, CursorOf(id)));
      return tenant::PutReference(tx, schema::ReferenceKind::POPUP, id);
    });
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    return id;
  }
  Result<TenantRef> Find(Engine& engine, const std::string& id) {
    TNT_ASSIGN_OR_RETURN(
        const tenant::TenantEntry entry,
        tenant::Directory::Find(engine.View(), id, schema::TenantKind::SHOP, kTier));
    return entry.ref;
  }
  std::vector<std::string> Subscribers(Engine& engine, const std::string& id) {
    std::vector<std::string> ids;
    const Result<TenantRef> ref = Find(engine, id);
    EXPECT_TRUE(ref.ok()) << ref.status().ToString();
    if (!ref.ok()) return ids;
    EXPECT_TRUE(engine.View()
                    .Space(*ref, kTier)
                    .ScanRecords<schema::EmailSubscriber>(
                        {}, false,
                        [&ids](const codec::Stored<schema::EmailSubscriber>& each) {
                          ids.emplace_back(View(each->getId()));
                          return true;
                        })
                    .ok());
    return ids;
  }
  std::string Dump(const std::string& tenant = "") {
    return DumpText(engine(), engine().View(), {.tenant = tenant, .since = {}, .build = "test"});
  }

  std::string Changes(const Position& since, const std::string& tenant = "") {
    return DumpText(engine(), engine().View(), {.tenant = tenant, .since = since, .build = "test"});
  }
  Position Now() { return engine().PositionOf(engine().View()); }
  void Restore(const std::string& bytes, bool gentle = false, const RestoreReport& report = {}) {
    const auto done =
        RestoreTenant(engine(), {Opener(bytes)}, {.tenant = "shop", .as = {}, .replace = true},
                      {.partial = false, .gentle = gentle, .report = report});
    ASSERT_TRUE(done.ok()) << done.status().ToString();
  }
  void Delete(const std::string& id) {
    const auto plan = [&](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, id); };
    ASSERT_TRUE(engine().ExecuteDirectory({2, "test", ""}, kTier, plan).status.ok());
    engine().WaitReleased(engine().appended_index());
  }
  void ReclaimAll() {
    while (tenant::ReclaimStep(engine()).value()) {
    }
    engine().WaitReleased(engine().appended_index());
  }
  // What `admin verify` would say.
  static std::vector<std::string> Findings(const Engine& engine) {
    std::vector<std::string> found;
    std::vector<CheckedSpace> spaces;
    const StateCheck check{[&found](const std::string& what) { found.push_back(what); }, {}};
    EXPECT_TRUE(CheckState(engine.View(), check, &spaces).ok());
    return found;
  }
  static size_t SpaceCount(const Engine& engine) {
    return engine.View().HashSpaces().value().size();
  }

  using Ids = std::vector<std::string>;
  std::optional<TenantRef> shop_, other_;
};

TEST_F(DumpRestoreTest, WholeDumpGivesTheSameRowsAndIndexes) {
  AddPopup(*shop_);
  const std::string bytes = Dump();
  OtherEngine restored;
  const Status done = RestoreAll(restored.engine(), {Opener(bytes)}, {});
  ASSERT_TRUE(done.ok()) << done.ToString();
  EXPECT_EQ(HashText(restored.engine().View()), HashText(engine().View()));
}

TEST_F(DumpRestoreTest, IncrementsContinueWhatTheyFollow) {
  const std::string base = Dump();
  const Position first = engine().PositionOf(engine().View());
  Insert(*shop_, "cleo");
  const TenantRef late = CreateTenant("late");
  Insert(late, "dora");
  ASSERT_TRUE(Run(*shop_, [](Transaction& tx) -> Status {
                TNT_ASSIGN_OR_RETURN(const auto ada, tx.Get<schema::EmailSubscriber>({"ada"}));
                return tx.Erase(ada);
              }).status.ok());
  const std::string changes =
      DumpText(engine(), engine().View(), {.tenant = {}, .since = first, .build = {}});
  OtherEngine restored;
  const Status done = RestoreAll(restored.engine(), {Opener(base), Opener(changes)}, {});
  ASSERT_TRUE(done.ok()) << done.ToString();
  EXPECT_EQ(HashText(restored.engine().View()), HashText(engine().View()));

  OtherEngine refused;
  EXPECT_EQ(RestoreAll(refused.engine(), {Opener(changes)}, {}).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(RestoreAll(refused.engine(), {Opener(base), Opener(base)}, {}).code(),
            StatusCode::kInvalidArgument);
}

// Goal: what was deleted at the source between the dumps is not brought back, whether its rows are still there or not.
TEST_F(DumpRestoreTest, TenantsDeletedBetweenIncrementsAreLeftOut) {
  const std::string base = Dump();
  const Position first = Now();
  Insert(*other_, "secret");
  const std::string middle = Changes(first);
  const Position second = Now();
  Delete("other");
  Insert(*shop_, "cleo");
  const std::string deleted = Changes(second);
  ReclaimAll();
  const std::string reclaimed = Changes(second);
  for (const std::string* last : {&deleted, &reclaimed}) {
    OtherEngine restored;
    const Status done =
        RestoreAll(restored.engine(), {Opener(base), Opener(middle), Opener(*last)}, {});
    ASSERT_TRUE(done.ok()) << done.ToString();
    EXPECT_EQ(Findings(restored.engine()), Ids());
    EXPECT_EQ(SpaceCount(restored.engine()), 2u);  // The directory and one shop.
    EXPECT_EQ(Subscribers(restored.engine(), "shop"), (Ids{"ada", "cleo"}));
  }
}

TEST_F(DumpRestoreTest, WhatARestoreReplacedBetweenIncrementsIsLeftOut) {
  const std::string base = Dump();
  const Position first = Now();
  Insert(*shop_, "newer");
  Restore(base);
  Insert(Find(engine(), "shop").value(), "cleo");
  const std::string changes = Changes(first);
  OtherEngine restored;
  const Status done = RestoreAll(restored.engine(), {Opener(base), Opener(changes)}, {});
  ASSERT_TRUE(done.ok()) << done.ToString();
  EXPECT_EQ(Findings(restored.engine()), Ids());
  EXPECT_EQ(SpaceCount(restored.engine()), 3u);
  EXPECT_EQ(Subscribers(restored.engine(), "shop"), (Ids{"ada", "cleo"}));
}

// Goal: a space that comes back has all its rows, also those that no dump before could show.
// Method: one increment while it is put aside, one after it is back; whole dumps and dumps of the tenant.
TEST_F(DumpRestoreTest, WhatAnUndoBroughtBackIsWholeInTheNextIncrement) {
  for (const std::string tenant : {"", "shop"}) {
    const std::string base = Dump(tenant);
    const Position first = Now();
    const Ids before = Subscribers(engine(), "shop");
    Insert(Find(engine(), "shop").value(), "unseen" + tenant);
    ASSERT_TRUE(Run(Find(engine(), "shop").value(), [&](Transaction& tx) -> Status {
                  TNT_ASSIGN_OR_RETURN(const auto gone,
                                       tx.Get<schema::EmailSubscriber>({before.front()}));
                  return tx.Erase(gone);
                }).status.ok());
    Restore(base);
    const std::string aside = Changes(first, tenant);
    const Position second = Now();
    ASSERT_TRUE(UndoRestore(engine(), "shop").ok());
    Insert(Find(engine(), "shop").value(), "zoe" + tenant);
    const std::string back = Changes(second, tenant);
    OtherEngine restored;
    const std::vector<OpenDump> dumps = {Opener(base), Opener(aside), Opener(back)};
    const Status done = tenant.empty() ? RestoreAll(restored.engine(), dumps, {})
                                       : RestoreTenant(restored.engine(), dumps, {}, {}).status();
    ASSERT_TRUE(done.ok()) << done.ToString();
    EXPECT_EQ(Findings(restored.engine()), Ids());
    EXPECT_EQ(Subscribers(restored.engine(), "shop"), Subscribers(engine(), "shop"));
  }
}

// Goal: the same for a space that was being loaded when the dump before was taken.
TEST_F(DumpRestoreTest, WhatWasBeingLoadedIsWholeInTheNextIncrement) {
  for (int part = 0; part < 10; ++part) {
    const auto insert = [part](Transaction& tx) -> Status {
      for (int i = 0; i < 200; ++i) {
        const std::string id = "s" + std::to_string(part * 200 + i);
        TNT_RETURN_IF_ERROR(tx.Insert(NewSubscriber(id)));
      }
      return Status::Ok();
    };
    ASSERT_TRUE(Run(*shop_, insert).status.ok());
  }
  std::string base;
  Position first;
  Restore(Dump(), true, [&](std::string_view phase, uint64_t, uint64_t) {
    if (phase != "load" || !base.empty()) return true;
    engine().WaitReleased(engine().appended_index());
    base = Dump();
    first = Now();
    return true;
  });
  ASSERT_FALSE(base.empty());
  const std::string changes = Changes(first);
  OtherEngine restored;
  const Status done = RestoreAll(restored.engine(), {Opener(base), Opener(changes)}, {});
  ASSERT_TRUE(done.ok()) << done.ToString();
  EXPECT_EQ(Findings(restored.engine()), Ids());
  EXPECT_EQ(Subscribers(restored.engine(), "shop").size(), 2001u);
}

TEST_F(DumpRestoreTest, ChangesOfATenantAreOnlyItsOwn) {
  const std::string base = Dump("shop");
  const Position first = engine().PositionOf(engine().View());
  Insert(*shop_, "cleo");
  Insert(*other_, "secretary");
  const std::string changes =
      DumpText(engine(), engine().View(), {.tenant = "shop", .since = first, .build = {}});
  OtherEngine restored;
  const auto done = RestoreTenant(restored.engine(), {Opener(base), Opener(changes)}, {}, {});
  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_EQ(Subscribers(restored.engine(), "shop"), (Ids{"ada", "cleo"}));
  EXPECT_FALSE(Find(restored.engine(), "other").ok());
}

TEST_F(DumpRestoreTest, TenantOverItselfAndBack) {
  const std::string popup = AddPopup(*shop_);
  const std::string bytes = Dump("shop");
  Insert(*shop_, "newer");
  ASSERT_TRUE(Run(*shop_, [](Transaction& tx) { return tx.SetObserved(true); }).status.ok());
  const std::vector<OpenDump> dumps = {Opener(bytes)};
  EXPECT_EQ(RestoreTenant(engine(), dumps, {}, {}).status().code(), StatusCode::kAlreadyExists);
  const auto done = RestoreTenant(engine(), dumps, {.tenant = {}, .as = {}, .replace = true}, {});
  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_TRUE(done->replaced);
  EXPECT_EQ(Subscribers(engine(), "shop"), (Ids{"ada"}));
  EXPECT_EQ(Subscribers(engine(), "other"), (Ids{"bob"}));
  // Who knew the tenant before is led to where it is now.
  const auto by_reference = tenant::Directory::FindByReference(
      engine().View(), schema::ReferenceKind::POPUP, popup, kTier);
  ASSERT_TRUE(by_reference.ok()) << by_reference.status().ToString();
  EXPECT_EQ(by_reference->space(), done->space);
  // A command for the space that was left is refused.
  EXPECT_EQ(
      Run(*shop_, [](Transaction& tx) { return tx.Insert(NewSubscriber("lost")); }).status.code(),
      StatusCode::kNotFound);

  EXPECT_EQ(UndoRestore(engine(), "shop").value(), Undone::kBeforeRestore);
  EXPECT_EQ(Subscribers(engine(), "shop"), (Ids{"ada", "newer"}));
  // Its webhooks hear of changes again.
  const SpaceReader undone = engine().View().Space(Find(engine(), "shop").value(), kTier);
  EXPECT_EQ(undone.Meta("alive").value(), "1w");
  EXPECT_EQ(UndoRestore(engine(), "shop").value(), Undone::kRestored);
  EXPECT_EQ(Subscribers(engine(), "shop"), (Ids{"ada"}));
  EXPECT_TRUE(tenant::Directory::FindByReference(engine().View(), schema::ReferenceKind::POPUP,
                                                 popup, kTier)
                  .ok());
  // Dumping what was moved about finds the reference again.
  OtherEngine elsewhere;
  const std::string again = Dump("shop");
  ASSERT_TRUE(RestoreTenant(elsewhere.engine(), {Opener(again)}, {}, {}).ok());
  EXPECT_TRUE(tenant::Directory::FindByReference(elsewhere.engine().View(),
                                                 schema::ReferenceKind::POPUP, popup, kTier)
                  .ok());
}

TEST_F(DumpRestoreTest, WhatWasReplacedIsReclaimedAfterAWeek) {
  const std::string bytes = Dump("shop");
  ASSERT_TRUE(
      RestoreTenant(engine(), {Opener(bytes)}, {.tenant = {}, .as = {}, .replace = true}, {}).ok());
  EXPECT_FALSE(ExpireReplaced(engine()).value());
  clock_.AdvanceMs(kUndoMs + 1);
  EXPECT_TRUE(ExpireReplaced(engine()).value());
  EXPECT_FALSE(ExpireReplaced(engine()).value());
  EXPECT_EQ(UndoRestore(engine(), "shop").status().code(), StatusCode::kNotFound);
  while (tenant::ReclaimStep(engine()).value()) {
  }
  engine().WaitReleased(engine().appended_index());
  const std::vector<SpaceHash> spaces = engine().View().HashSpaces().value();
  for (const SpaceHash& each : spaces) {
    EXPECT_NE(each.space, shop_->space());
  }
}

TEST_F(DumpRestoreTest, CopyHasIdsOfItsOwnEverywhere) {
  const std::string popup = AddPopup(*shop_);
  ASSERT_TRUE(tenant::CreateShopKey(engine(), "shop", "label", {}).ok());
  const std::string bytes = Dump("shop");
  const auto done =
      RestoreTenant(engine(), {Opener(bytes)}, {.tenant = {}, .as = "copy", .replace = false}, {});
  ASSERT_TRUE(done.ok()) << done.status().ToString();
  const ReadView view = engine().View();
  const SpaceReader space = view.Space(Find(engine(), "copy").value(), kTier);
  std::string id;
  ASSERT_TRUE(space
                  .ScanRecords<schema::Popup>({}, false,
                                              [&](const codec::Stored<schema::Popup>& each) {
                                                id = View(each->getId());
                                                EXPECT_EQ(View(each->getShopId()), "copy");
                                                EXPECT_EQ(View(each->getDesign()),
                                                          "{\"linked\":\"" + id +
                                                              "\",\"colour\":\"red\"}");
                                                return true;
                                              })
                  .ok());
  EXPECT_TRUE(IsUuid(id));
  EXPECT_NE(id, popup);
  EXPECT_EQ(space.Counter(1, id, "views").value(), 7);
  EXPECT_EQ(space.Counter(10, "shop", id + "/count").value(), 3);
  EXPECT_EQ(space.Meta("sealed/8/" + id)->value_or(""), "12345678");
  EXPECT_EQ(space.Meta("rollup/" + id)->value_or(""), CursorOf(id)) << "or its views count twice";
  EXPECT_FALSE(space.Meta("rollup/" + popup)->has_value());
  EXPECT_EQ(tenant::Directory::FindByReference(view, schema::ReferenceKind::POPUP, id, kTier)
                .value()
                .space(),
            done->space);
  EXPECT_EQ(Subscribers(engine(), "shop"), Subscribers(engine(), "copy"));
  EXPECT_FALSE(tenant::ShopHasKey(view, "copy", kTier).value());
  EXPECT_TRUE(tenant::ShopHasKey(view, "shop", kTier).value());
  EXPECT_EQ(
      RestoreTenant(engine(), {Opener(bytes)}, {.tenant = {}, .as = "copy", .replace = true}, {})
          .status()
          .code(),
      StatusCode::kAlreadyExists);
}

// Goal: a login that names no gym goes to the one that was used last, not to a copy that nobody has used.
TEST_F(DumpRestoreTest, AccountsOfACopyCountAsNeverUsed) {
  const auto note_use = [](DirectoryTransaction& tx) -> Status {
    codec::Draft<schema::EmailMembership> membership;
    membership->setEmailKey("eve@mail.example");
    membership->setTenantId("shop");
    membership->setMemberId("eve");
    membership->setLastUsedAt(kTestStartMs);
    return tx.Insert(membership);
  };
  ASSERT_TRUE(engine().ExecuteDirectory({2, "test", ""}, kTier, note_use).status.ok());
  engine().WaitReleased(engine().appended_index());
  const std::string bytes = Dump("shop");
  ASSERT_TRUE(RestoreTenant(engine(), {Opener(bytes)}, {.tenant = {}, .as = "copy"}, {}).ok());
  OtherEngine elsewhere;
  ASSERT_TRUE(RestoreTenant(elsewhere.engine(), {Opener(bytes)}, {}, {}).ok());
  const auto last_used = [](Engine& at, std::string_view tenant) {
    const auto membership = at.View().DirectorySpace(kTier).Get<schema::EmailMembership>(
        {std::string_view("eve@mail.example"), tenant});
    return membership.ok() ? (*membership)->getLastUsedAt() : -1;
  };
  EXPECT_EQ(last_used(engine(), "shop"), kTestStartMs);
  EXPECT_EQ(last_used(engine(), "copy"), 0);
  EXPECT_EQ(last_used(elsewhere.engine(), "shop"), kTestStartMs);
}

TEST_F(DumpRestoreTest, TenantOutOfAWholeDumpIntoAnotherCluster) {
  const std::string popup = AddPopup(*shop_);
  const std::string bytes = Dump();
  OtherEngine elsewhere;
  const auto unnamed = RestoreTenant(elsewhere.engine(), {Opener(bytes)}, {}, {});
  EXPECT_EQ(unnamed.status().code(), StatusCode::kInvalidArgument);
  const auto done = RestoreTenant(elsewhere.engine(), {Opener(bytes)},
                                  {.tenant = "shop", .as = {}, .replace = false}, {});
  ASSERT_TRUE(done.ok()) << done.status().ToString();
  EXPECT_EQ(Subscribers(elsewhere.engine(), "shop"), (Ids{"ada"}));
  EXPECT_FALSE(Find(elsewhere.engine(), "other").ok());
  const auto nobody = RestoreTenant(elsewhere.engine(), {Opener(bytes)},
                                    {.tenant = "nobody", .as = {}, .replace = false}, {});
  EXPECT_EQ(nobody.status().code(), StatusCode::kNotFound);
}

// Goal: ids that another tenant has are not taken from it.
TEST_F(DumpRestoreTest, TakenIdsAreRefusedBeforeAnythingChanges) {
  AddPopup(*shop_);
  const std::string bytes = Dump("shop");
  OtherEngine elsewhere;
  ASSERT_TRUE(RestoreTenant(elsewhere.engine(), {Opener(bytes)}, {}, {}).ok());
  std::string renamed = bytes;
  // The same popups under the id of a shop that does not exist: a dump of a tenant called "nope".
  ASSERT_TRUE(elsewhere.engine()
                  .ExecuteDirectory({10, "test", ""}, kTier,
                                    [](DirectoryTransaction& tx) -> Status {
                                      TNT_ASSIGN_OR_RETURN(const auto shop,
                                                           tx.Get<schema::Tenant>({"shop"}));
                                      codec::Draft<schema::Tenant> other(shop);
                                      other->setId("renamed");
                                      TNT_RETURN_IF_ERROR(tx.Erase(shop));
                                      return tx.Insert(other);
                                    })
                  .status.ok());
  elsewhere.engine().WaitReleased(elsewhere.engine().appended_index());
  const auto refused = RestoreTenant(elsewhere.engine(), {Opener(bytes)}, {}, {});
  EXPECT_EQ(refused.status().code(), StatusCode::kAlreadyExists) << refused.status().ToString();
  EXPECT_FALSE(Find(elsewhere.engine(), "shop").ok());
}

TEST_F(DumpRestoreTest, DamagedDumpChangesNothing) {
  std::string bytes = Dump("shop");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const uint64_t before = engine().appended_index();
  const auto refused =
      RestoreTenant(engine(), {Opener(bytes)}, {.tenant = {}, .as = {}, .replace = true}, {});
  EXPECT_EQ(refused.status().code(), StatusCode::kCorruption);
  EXPECT_EQ(engine().appended_index(), before);
}

// Goal: what one tenant is given of itself holds nothing that opens others.
TEST_F(DumpRestoreTest, TenantDumpHoldsNoSecretOfTheClusterAndNothingOfOthers) {
  ASSERT_TRUE(tenant::EnsureTokenSecret(engine()).ok());
  const std::string bytes = Dump("shop");
  StringSource source(bytes);
  OtherEngine elsewhere;
  ASSERT_TRUE(RestoreTenant(elsewhere.engine(), {Opener(bytes)}, {}, {}).ok());
  EXPECT_FALSE(tenant::HasTokenSecret(elsewhere.engine().View()));
  OtherEngine whole;
  const std::string everything = Dump();
  ASSERT_TRUE(RestoreAll(whole.engine(), {Opener(everything)}, {}).ok());
  EXPECT_TRUE(tenant::HasTokenSecret(whole.engine().View()));
}

TEST_F(DumpRestoreTest, SpacesOfBrokenRestoresAreGivenUp) {
  ASSERT_TRUE(engine()
                  .ExecuteDirectory({362, "test", ""}, kTier,
                                    [](DirectoryTransaction& tx) {
                                      return tx.SetMeta(
                                          std::string("loading:") + std::string(7, '\0') + "\x63",
                                          "1");
                                    })
                  .status.ok());
  engine().WaitReleased(engine().appended_index());
  ASSERT_TRUE(DropUnfinished(engine()).ok());
  engine().WaitReleased(engine().appended_index());
  const Outcome outcome =
      engine().ExecuteDirectory({2, "test", ""}, kTier, [](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const std::vector<SpaceId> dropped, tx.SpacesListed(kDroppedPrefix));
        EXPECT_EQ(dropped, std::vector<SpaceId>{SpaceId(0x63)});
        return Status::Ok();
      });
  EXPECT_TRUE(outcome.status.ok());
}

}  // namespace
}  // namespace tenantry::dump
