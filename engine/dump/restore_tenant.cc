#include <optional>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/codec/row_keys.h"
#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/dump/dump_check.h"
#include "engine/dump/loader.h"
#include "engine/dump/renamer.h"
#include "engine/dump/source.h"
#include "engine/dump/tenant_rows.h"
#include "engine/jobs/queue.h"
#include "engine/keys/keys.h"
#include "engine/schema/annotations.capnp.h"
#include "engine/schema/gym.capnp.h"
#include "engine/space_meta.h"
#include "engine/tenant/directory.h"

namespace tenantry::dump {
namespace {

using codec::View;
using keys::Kind;
using TenantRecord = codec::Stored<schema::Tenant>;

constexpr CommandInfo kLoad{static_cast<uint16_t>(CommandKind::kRestoreLoad), "admin", ""};
constexpr CommandInfo kSwitch{static_cast<uint16_t>(CommandKind::kRestoreSwitch), "admin", ""};
constexpr CommandInfo kUndo{static_cast<uint16_t>(CommandKind::kRestoreUndo), "admin", ""};
constexpr ReadTier kTier = ReadTier::kBlocking;
constexpr uint8_t kTenantByGymName = 1, kTenantByCode = 2;

std::string AliveKey() {
  return keys::MetaKey(kDirectorySpace, kAliveMeta).substr(keys::kSpaceBytes);
}

template <class T>
bool IsA(uint16_t collection) {
  return collection == schema::CollectionOf<T>().number;
}

std::string ReplacedValue(int64_t until_ms, const TenantRecord& record, std::string_view alive) {
  std::string value;
  AppendBig64(&value, static_cast<uint64_t>(until_ms));
  AppendSized(&value, View(record->getId()));
  AppendSized(&value, record.bytes());
  AppendSized(&value, alive);
  return value;
}

// Takes the tenant from `from` to `to`; the alive row of `to` is written with the flags.
Status MoveTenant(DirectoryTransaction& tx, const TenantRecord& before, SpaceId to,
                  const std::string& alive) {
  const SpaceId from(before->getSpace());
  std::string target;
  AppendBig64(&target, to.value());
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> was, tx.GetRow(from, AliveKey()));
  TNT_RETURN_IF_ERROR(tx.DeleteRow(from, AliveKey()));
  const int64_t until_ms = tx.now_unix_ms() + kUndoMs;
  TNT_RETURN_IF_ERROR(
      tx.SetMeta(SpaceMeta(kReplacedPrefix, from),
                 ReplacedValue(until_ms, before, was.value_or(std::string(kAlive)))));
  TNT_RETURN_IF_ERROR(tx.SetMeta(SpaceMeta(kMovedPrefix, from), target));
  return tx.PutRow(to, AliveKey(), alive);
}

class TenantRestorer {
 public:
  TenantRestorer(Engine& engine, const std::vector<OpenDump>& dumps, const TenantRestore& wanted,
                 const RestoreOptions& options)
      : engine_(engine),
        dumps_(dumps),
        wanted_(wanted),
        options_(options),
        loader_(engine, options.gentle) {}

  Result<RestoredTenant> Run() {
    TNT_ASSIGN_OR_RETURN(CheckedDumps checked, CheckDumps(dumps_, options_));
    rows_total_ = checked.rows;
    spaces_ = std::move(checked.spaces);
    TNT_RETURN_IF_ERROR(ChooseTenant(checked.first));
    TNT_RETURN_IF_ERROR(LookAtDump());
    TNT_RETURN_IF_ERROR(LookAtTarget());
    TNT_RETURN_IF_ERROR(ReserveSpace());
    Status done = Load();
    if (done.ok()) done = Compare();
    if (done.ok()) done = Switch();
    if (!done.ok()) {
      // What was loaded is nobody's; reclaiming takes it.
      static_cast<void>(GiveUpSpace(engine_, kLoadingPrefix, space_).ok());
      return done;
    }
    TNT_RETURN_IF_ERROR(QueueJobs());
    return RestoredTenant{new_id_, space_, rows_, existing_.has_value()};
  }

 private:
  bool copies() const { return !wanted_.as.empty(); }

  Status ChooseTenant(const Header& header) {
    id_ = wanted_.tenant.empty() ? header.tenant : wanted_.tenant;
    if (id_.empty()) return InvalidArgument("this dump holds every tenant: name one with --tenant");
    if (!header.tenant.empty() && id_ != header.tenant) {
      return NotFound("this dump holds tenant " + header.tenant + ", not " + id_);
    }
    if (header.tenant.empty() && dumps_.size() > 1) {
      return InvalidArgument(
          "to take one tenant out of a dump with increments, restore them into an empty folder, "
          "and "
          "dump the tenant there");
    }
    return Status::Ok();
  }

  // The directory's rows of the tenant, of the newest dump; and its space.
  using VisitDirectory =
      std::function<Status(uint16_t collection, std::string_view key, std::string_view value)>;
  Status VisitDirectoryRows(const VisitDirectory& visit) {
    TenantRows rows(id_);
    const VisitRow look = [&](bool /*put*/, std::string_view key,
                              std::string_view value) -> Status {
      TNT_ASSIGN_OR_RETURN(const bool ours, rows.Wants(key, value));
      if (!ours) return Status::Ok();
      const std::string whole = keys::RowKey(kDirectorySpace, key);
      keys::KeyHead head;
      return keys::SplitHead(whole, &head) ? visit(head.collection, key, value)
                                           : Corruption("a row with a malformed key");
    };
    const Status visited = VisitDumps(dumps_, [&](size_t dump, const Block& block) -> Result<bool> {
      if (block.head.space != kDirectorySpace) return false;
      if (dump + 1 < dumps_.size()) return true;
      TNT_RETURN_IF_ERROR(VisitRows(block, look));
      return true;
    });
    TNT_RETURN_IF_ERROR(visited);
    if (!rows.space()) return NoTenant();
    dump_space_ = *rows.space();
    return Status::Ok();
  }

  Status NoTenant() const {
    for (const auto& [space, orphan] : spaces_.Orphans()) {
      if (orphan.tenant == id_) return Corruption(DescribeLoss(space, orphan));
    }
    return NotFound("this dump has no tenant " + id_);
  }

  Status LookAtDump() {
    renamer_.emplace(id_, "", 0);
    std::vector<std::string> listed;
    TNT_RETURN_IF_ERROR(VisitDirectoryRows(
        [&](uint16_t collection, std::string_view /*key*/, std::string_view value) -> Status {
          if (IsA<schema::Tenant>(collection)) {
            TNT_ASSIGN_OR_RETURN(TenantRecord record, TenantRecord::Decode(value));
            record_.emplace(std::move(record));
          }
          return Status::Ok();
        }));
    is_gym_ = (*record_)->getKind() == schema::TenantKind::GYM;
    new_id_ = !copies() ? id_ : is_gym_ ? NewGymId(engine_.random()) : wanted_.as;
    renamer_.emplace(id_, new_id_, engine_.random().Next64());
    if (!copies()) return Status::Ok();
    TNT_RETURN_IF_ERROR(VisitDirectoryRows([&](uint16_t collection, std::string_view /*key*/,
                                               std::string_view value) -> Status {
      if (!IsA<schema::Reference>(collection)) return Status::Ok();
      TNT_ASSIGN_OR_RETURN(const auto reference, codec::Stored<schema::Reference>::Decode(value));
      renamer_->Learn(View(reference->getId()));
      return Status::Ok();
    }));
    // A gym's id is as random as theirs; a shop's is a word that means other things elsewhere.
    renamer_->DoneLearning();
    return Status::Ok();
  }

  Status LookAtTarget() {
    const ReadView view = engine_.View();
    const SpaceReader directory = view.DirectorySpace(kTier);
    TNT_ASSIGN_OR_RETURN(existing_, directory.Find<schema::Tenant>({new_id_}));
    if (existing_ && (copies() || !wanted_.replace)) {
      return AlreadyExists("tenant " + new_id_ + " exists" +
                           (copies() ? "" : "; --replace restores over it, --as makes a copy"));
    }
    if (!is_gym_) return Status::Ok();
    const std::string name = copies() ? wanted_.as : codec::String((*record_)->getGymName());
    TNT_ASSIGN_OR_RETURN(const std::optional<TenantRecord> same_name,
                         directory.FindUnique<schema::Tenant>(kTenantByGymName, {name}));
    if (same_name && View((*same_name)->getId()) != new_id_) {
      return AlreadyExists("another gym is called \"" + name +
                           "\"; --as NAME gives it another name");
    }
    if (copies()) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(
        const std::optional<TenantRecord> same_code,
        directory.FindUnique<schema::Tenant>(kTenantByCode, {View((*record_)->getCode())}));
    if (same_code && View((*same_code)->getId()) != new_id_) {
      return AlreadyExists("another gym has the code " + codec::String((*record_)->getCode()) +
                           "; --as NAME makes a copy with a code of its own");
    }
    return Status::Ok();
  }

  Status ReserveSpace() {
    const Outcome outcome =
        engine_.ExecuteDirectory(kLoad, kTier, [this](DirectoryTransaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(const std::optional<std::string> next, tx.Meta(kNextSpaceMeta));
          space_ = SpaceId(next ? LoadBig64(next->data()) : 1);
          std::string after;
          AppendBig64(&after, space_.value() + 1);
          TNT_RETURN_IF_ERROR(tx.SetMeta(kNextSpaceMeta, after));
          return tx.SetMeta(SpaceMeta(kLoadingPrefix, space_), "1");
        });
    return outcome.status;
  }

  Status Load() {
    const auto load = [this](size_t dump, const Block& block) -> Result<bool> {
      if (block.head.space > dump_space_ || dump < spaces_.FirstDump(dump_space_)) return false;
      if (block.head.space != dump_space_) return true;
      const bool changes = block.head.kind == BlockKind::kEffects;
      TNT_RETURN_IF_ERROR(
          VisitRows(block, [&](bool put, std::string_view key, std::string_view value) {
            return LoadRow(changes, put, key, value);
          }));
      rows_ += block.head.rows;
      if (options_.report && !options_.report("load", rows_, rows_total_)) {
        return Unavailable("the restore was stopped");
      }
      return true;
    };
    TNT_RETURN_IF_ERROR(VisitDumps(dumps_, load));
    TNT_RETURN_IF_ERROR(loader_.Finish());
    // The directory's rows, which nothing finds before the tenant has its space.
    Loader directory(engine_, options_.gentle);
    TNT_RETURN_IF_ERROR(
        VisitDirectoryRows([&](uint16_t collection, std::string_view key, std::string_view value) {
          return LoadDirectoryRow(&directory, collection, key, value);
        }));
    return directory.Finish();
  }

  Status LoadRow(bool changes, bool put, std::string_view key, std::string_view value) {
    if (key == AliveKey()) {
      if (put) alive_ = value;
      return Status::Ok();
    }
    TNT_RETURN_IF_ERROR(NoteTrainerCode(key, value));
    if (changes) {
      if (copies()) return InvalidArgument("increments cannot be restored as a copy");
      return loader_.Change(space_, put, key, value);
    }
    if (!copies()) return loader_.Put(space_, key, value);
    TNT_ASSIGN_OR_RETURN(const std::optional<Renamer::Row> row, renamer_->Rewrite(key, value));
    return row ? loader_.Put(space_, row->key, row->value) : Status::Ok();
  }

  Status NoteTrainerCode(std::string_view key, std::string_view value) {
    static const std::string members =
        keys::RecordPrefix(kDirectorySpace, schema::CollectionOf<schema::GymMember>().number)
            .substr(keys::kSpaceBytes);
    if (!key.starts_with(members) || value.empty()) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(const auto member, codec::Stored<schema::GymMember>::Decode(value));
    const std::string_view code = View(member->getTrainerCode());
    if (code.size() > trainer_code_.size() ||
        (code.size() == trainer_code_.size() && code > trainer_code_)) {
      trainer_code_ = code;
    }
    return Status::Ok();
  }

  Status LoadDirectoryRow(Loader* loader, uint16_t collection, std::string_view key,
                          std::string_view value) {
    if (IsA<schema::EmailMembership>(collection)) return LoadMembership(loader, value);
    if (IsA<schema::Reference>(collection)) return LoadReference(loader, value);
    // Keys of a shop that exists stay as they are: a revoked one must not come back. A copy starts without.
    const bool wants_keys = !copies() && !existing_;
    if (!IsA<schema::ShopKey>(collection) || !wants_keys) return Status::Ok();
    return loader->Change(kDirectorySpace, true, key, value);
  }

  Status LoadMembership(Loader* loader, std::string_view value) {
    TNT_ASSIGN_OR_RETURN(const auto before, codec::Stored<schema::EmailMembership>::Decode(value));
    codec::Draft<schema::EmailMembership> after(before);
    after->setTenantId(new_id_);
    // A login that names no gym goes to the one used last, and nobody has used the copy.
    if (copies()) after->setLastUsedAt(0);
    TNT_ASSIGN_OR_RETURN(const auto known,
                         engine_.View().DirectorySpace(kTier).Find<schema::EmailMembership>(
                             {View(before->getEmailKey()), std::string_view(new_id_)}));
    return known ? Status::Ok() : PutDirectoryRecord(loader, after);
  }

  Status LoadReference(Loader* loader, std::string_view value) {
    TNT_ASSIGN_OR_RETURN(const auto before, codec::Stored<schema::Reference>::Decode(value));
    const std::string id = renamer_->Renamed(View(before->getId()));
    const ReadView view = engine_.View();
    const Result<TenantRef> holder =
        tenant::Directory::FindByReference(view, before->getKind(), id, kTier);
    const StatusCode code = holder.status().code();
    if (holder.ok() || code == StatusCode::kPermissionDenied) {
      const bool ours = existing_ && (code == StatusCode::kPermissionDenied ||
                                      holder->space() == SpaceId((*existing_)->getSpace()));
      if (ours) return Status::Ok();
      return AlreadyExists("id " + id +
                           " of this dump belongs to another tenant here; --as makes a "
                           "copy with ids of its own");
    }
    if (code != StatusCode::kNotFound) return holder.status();
    codec::Draft<schema::Reference> after(before);
    after->setId(id);
    after->setSpace(space_.value());
    return PutDirectoryRecord(loader, after);
  }

  template <class T>
  Status PutDirectoryRecord(Loader* loader, const codec::Draft<T>& record) {
    const schema::Collection& collection = schema::CollectionOf<T>();
    const std::string tuple =
        codec::PrimaryKey(collection, capnp::DynamicStruct::Reader(record.reader()));
    const std::string key = keys::RecordKey(kDirectorySpace, collection.number, tuple);
    return loader->Change(kDirectorySpace, true, key.substr(keys::kSpaceBytes), record.Encode());
  }

  // Reads back what was stored.
  Status Compare() {
    const ReadView view = engine_.View();
    RowSum found;
    const keys::Bounds bounds = keys::SpaceBounds(space_);
    const std::unique_ptr<Cursor> rows = view.Rows(bounds.lower, bounds.upper);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) found.Add(rows->key(), rows->value());
    TNT_RETURN_IF_ERROR(rows->status());
    const bool same = dumps_.size() > 1 || found == loader_.sum();
    return same ? Status::Ok() : Corruption("what was stored is not what was loaded");
  }

  Status Switch() {
    const Outcome outcome = engine_.ExecuteDirectory(
        kSwitch, kTier, [this](DirectoryTransaction& tx) { return PlanSwitch(tx); });
    TNT_RETURN_IF_ERROR(outcome.status);
    engine_.WaitReleased(outcome.release_index);
    return Status::Ok();
  }

  Status PlanSwitch(DirectoryTransaction& tx) {
    TNT_RETURN_IF_ERROR(tx.EraseMeta(SpaceMeta(kLoadingPrefix, space_)));
    TNT_ASSIGN_OR_RETURN(const std::optional<TenantRecord> now, tx.Find<schema::Tenant>({new_id_}));
    const bool unchanged = now.has_value() == existing_.has_value() &&
                           (!now || (*now)->getSpace() == (*existing_)->getSpace());
    if (!unchanged) return Conflict("tenant " + new_id_ + " came, went or moved meanwhile");
    codec::Draft<schema::Tenant> after(*record_);
    after->setId(new_id_);
    after->setSpace(space_.value());
    after->setSuspendedAt(now ? (*now)->getSuspendedAt() : schema::NULL_INT);
    if (copies()) {
      after->setName(wanted_.as);
      after->setCreatedAt(tx.now_unix_ms());
      after->setUpdatedAt(tx.now_unix_ms());
    }
    if (copies() && is_gym_) {
      after->setGymName(wanted_.as);
      TNT_ASSIGN_OR_RETURN(const std::string code, tenant::NextGymCode(tx));
      after->setCode(code);
    }
    TNT_RETURN_IF_ERROR(tenant::NoteForeignCode(tx, View(after->getCode().asReader())));
    TNT_RETURN_IF_ERROR(tenant::NoteForeignCode(tx, trainer_code_));
    const bool observed = !copies() && HasFlag(alive_, kObservedFlag);
    const std::string alive = AliveValue(observed, now && tenant::IsSuspended(**now));
    if (!now) {
      TNT_RETURN_IF_ERROR(tx.PutRow(space_, AliveKey(), alive));
      return tx.Insert(after);
    }
    TNT_RETURN_IF_ERROR(MoveTenant(tx, *now, space_, alive));
    return tx.Update(*now, after);
  }

  Status QueueJobs() {
    if (copies()) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(const TenantRef ref,
                         tenant::Directory::FindBySpace(engine_.View(), space_, kTier));
    return jobs::QueueAll(engine_, ref);
  }

  Engine& engine_;
  const std::vector<OpenDump>& dumps_;
  const TenantRestore& wanted_;
  const RestoreOptions& options_;
  Loader loader_;
  LiveSpaces spaces_;
  std::string id_;      // In the dump.
  std::string new_id_;  // Here.
  bool is_gym_ = false;
  SpaceId dump_space_, space_;
  std::optional<TenantRecord> record_;    // In the dump.
  std::optional<TenantRecord> existing_;  // Here, before.
  std::optional<Renamer> renamer_;
  std::string alive_;
  std::string trainer_code_;  // The highest.
  uint64_t rows_ = 0, rows_total_ = 0;
};

// The newest space kept for undoing restores of a tenant, and the record it had.
struct Former {
  SpaceId space;
  TenantRecord record;
  std::string alive;
};
Result<Former> FindFormer(const ReadView& view, const std::string& tenant) {
  std::optional<Former> found;
  uint64_t newest = 0;
  const std::string start = keys::MetaKey(kDirectorySpace, kReplacedPrefix);
  const std::unique_ptr<Cursor> rows = view.Rows(start, keys::PrefixEnd(start));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    std::string_view value = rows->value(), id, record, alive;
    if (rows->key().size() != start.size() + 8 || value.size() < 8) continue;
    const uint64_t until = LoadBig64(value.data());
    value.remove_prefix(8);
    if (!TakeSized(&value, &id) || !TakeSized(&value, &record)) continue;
    if (!TakeSized(&value, &alive)) continue;
    if (id != tenant || until < newest) continue;
    TNT_ASSIGN_OR_RETURN(TenantRecord decoded, TenantRecord::Decode(record));
    newest = until;
    found.emplace(Former{SpaceId(LoadBig64(rows->key().data() + start.size())), std::move(decoded),
                         std::string(alive)});
  }
  TNT_RETURN_IF_ERROR(rows->status());
  if (!found) return NotFound("nothing is kept that a restore of " + tenant + " replaced");
  return *std::move(found);
}

}  // namespace

Result<RestoredTenant> RestoreTenant(Engine& engine, const std::vector<OpenDump>& dumps,
                                     const TenantRestore& wanted, const RestoreOptions& options) {
  return TenantRestorer(engine, dumps, wanted, options).Run();
}

Result<Undone> UndoRestore(Engine& engine, const std::string& tenant) {
  TNT_ASSIGN_OR_RETURN(const Former former, FindFormer(engine.View(), tenant));
  Undone undone{};
  const Outcome outcome =
      engine.ExecuteDirectory(kUndo, kTier, [&](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const std::optional<TenantRecord> now,
                             tx.Find<schema::Tenant>({tenant}));
        if (!now) return NotFound("no tenant " + tenant);
        // A restore loads into a space with a higher number than any it had.
        undone =
            former.space < SpaceId((*now)->getSpace()) ? Undone::kBeforeRestore : Undone::kRestored;
        const std::string marker = SpaceMeta(kReplacedPrefix, former.space);
        TNT_ASSIGN_OR_RETURN(const std::optional<std::string> kept, tx.Meta(marker));
        if (!kept) return Conflict("what the restore replaced was given up just now");
        const std::string alive =
            AliveValue(HasFlag(former.alive, kObservedFlag), tenant::IsSuspended(**now));
        TNT_RETURN_IF_ERROR(tx.EraseMeta(marker));
        TNT_RETURN_IF_ERROR(tx.EraseMeta(SpaceMeta(kMovedPrefix, former.space)));
        TNT_RETURN_IF_ERROR(MoveTenant(tx, *now, former.space, alive));
        codec::Draft<schema::Tenant> after(former.record);
        after->setSuspendedAt((*now)->getSuspendedAt());
        return tx.Update(*now, after);
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  engine.WaitReleased(outcome.release_index);
  TNT_ASSIGN_OR_RETURN(const TenantRef ref,
                       tenant::Directory::FindBySpace(engine.View(), former.space, kTier));
  TNT_RETURN_IF_ERROR(jobs::QueueAll(engine, ref));
  return undone;
}

}  // namespace tenantry::dump
