#include "engine/dump/source.h"

#include <map>
#include <set>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/codec/text_view.h"
#include "engine/dump/tenant_rows.h"
#include "engine/dump/writer.h"
#include "engine/keys/keys.h"
#include "engine/log/reader.h"
#include "engine/log/segment_log.h"
#include "engine/log/write_set.h"
#include "engine/schema/directory.capnp.h"
#include "engine/space_meta.h"

namespace tenantry::dump {
namespace {

using codec::View;
using keys::Kind;

constexpr uint64_t kReportRows = 4096;

bool IsDerived(std::string_view key) {
  const auto kind = key.empty() ? Kind::kMeta : static_cast<Kind>(static_cast<uint8_t>(key[0]));
  return kind == Kind::kUnique || kind == Kind::kIndex;
}

class Source {
 public:
  Source(const Engine& engine, const ReadView& view, const SourceOptions& options, ByteSink& sink)
      : engine_(engine),
        view_(view),
        options_(options),
        directory_(view.DirectorySpace(ReadTier::kBlocking)),
        writer_(sink) {}

  Result<Footer> Run() {
    if (!options_.tenant.empty()) {
      TNT_ASSIGN_OR_RETURN(FoundTenant tenant, FindTenant(directory_, options_.tenant));
      tenants_[tenant.space] = options_.tenant;
    } else {
      TNT_RETURN_IF_ERROR(LoadTenants());
      EstimateTotal();
    }
    TNT_RETURN_IF_ERROR(writer_.Begin(MakeHeader()));
    TNT_RETURN_IF_ERROR(options_.since.index == 0 ? WriteState() : WriteChanges());
    TNT_RETURN_IF_ERROR(writer_.Finish());
    return writer_.footer();
  }

 private:
  Header MakeHeader() const {
    Header header;
    header.cluster_id = engine_.cluster_id();
    header.position = engine_.PositionOf(view_);
    header.since = options_.since;
    header.fingerprint = SchemaFingerprint();
    header.created_unix_ms = engine_.clock().NowUnixMs();
    header.tenant = options_.tenant;
    header.build = options_.build;
    return header;
  }

  Status LoadTenants() {
    return directory_.ScanRecords<schema::Tenant>(
        {}, false, [this](const codec::Stored<schema::Tenant>& tenant) {
          tenants_[SpaceId(tenant->getSpace())] = std::string(View(tenant->getId()));
          return true;
        });
  }

  void EstimateTotal() {
    for (const EngineStats::Kind& kind : engine_.Stats().kinds) {
      if (kind.name != "unique" && kind.name != "index") total_ += kind.rows;
    }
  }

  Status WriteState() {
    TNT_RETURN_IF_ERROR(WriteDirectory());
    for (const auto& [space, tenant] : tenants_) TNT_RETURN_IF_ERROR(WriteSpace(space, tenant));
    return Status::Ok();
  }

  Status WriteSpace(SpaceId space, const std::string& tenant) {
    TNT_RETURN_IF_ERROR(writer_.BeginSpace(space, tenant));
    TNT_RETURN_IF_ERROR(WriteRange(space, Kind::kMeta, Kind::kUnique, nullptr));
    return WriteRange(space, Kind::kCounter, Kind(0xFF), nullptr);
  }

  Status WriteDirectory() {
    TNT_RETURN_IF_ERROR(writer_.BeginSpace(kDirectorySpace, ""));
    if (options_.tenant.empty()) {
      const auto wanted = [](std::string_view key, std::string* /*value*/) -> Result<bool> {
        return !IsNodeLocal(key);
      };
      TNT_RETURN_IF_ERROR(WriteRange(kDirectorySpace, Kind::kMeta, Kind::kUnique, wanted));
      return WriteRange(kDirectorySpace, Kind::kCounter, Kind(0xFF), wanted);
    }
    TenantRows rows(options_.tenant);
    const auto wanted = [&](std::string_view key, std::string* value) -> Result<bool> {
      TNT_ASSIGN_OR_RETURN(const bool ours, rows.Wants(key, *value));
      if (ours && rows.space()) TNT_RETURN_IF_ERROR(NameSpaceNow(key, *rows.space(), value));
      return ours;
    };
    return WriteRange(kDirectorySpace, Kind::kMeta, Kind::kUnique, wanted);
  }

  // A reference may name a space that a restore replaced; which became which is not in a tenant's dump.
  static Status NameSpaceNow(std::string_view key, SpaceId space, std::string* value) {
    uint8_t kind = 0;
    uint16_t collection = 0;
    const bool is_reference = KindOf(key, &kind, &collection) &&
                              collection == schema::CollectionOf<schema::Reference>().number;
    if (!is_reference) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(const auto before, codec::Stored<schema::Reference>::Decode(*value));
    if (before->getSpace() == space.value()) return Status::Ok();
    codec::Draft<schema::Reference> after(before);
    after->setSpace(space.value());
    *value = after.Encode();
    return Status::Ok();
  }

  // May change the value that is written.
  using Wanted = std::function<Result<bool>(std::string_view key, std::string* value)>;
  Status WriteRange(SpaceId space, Kind from, Kind until, const Wanted& wanted) {
    const std::unique_ptr<Cursor> rows =
        view_.Rows(keys::SpacePrefix(space, from), keys::SpacePrefix(space, until));
    std::string value;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      const std::string_view key = rows->key().substr(keys::kSpaceBytes);
      value = rows->value();
      if (wanted) {
        TNT_ASSIGN_OR_RETURN(const bool is_wanted, wanted(key, &value));
        if (!is_wanted) continue;
      }
      TNT_RETURN_IF_ERROR(writer_.Put(key, value));
      TNT_RETURN_IF_ERROR(Report());
    }
    return rows->status();
  }

  Status Report() {
    if (writer_.rows() % kReportRows != 0 || !options_.report) return Status::Ok();
    return options_.report(writer_.rows(), total_) ? Status::Ok()
                                                   : Unavailable("the dump was stopped");
  }

  // What the log says, in its order. The directory of a tenant's dump is written whole: of a deleted row the log does not say
  // whose it was.
  Status WriteChanges() {
    const uint64_t last = view_.applied_index();
    if (options_.since.index > last) {
      return NotFound("position " + FormatPosition(options_.since) + " lies ahead of " +
                      FormatPosition(engine_.PositionOf(view_)));
    }
    const uint64_t first = engine_.log().first_index();
    if (options_.since.index + 1 < first) {
      return NotFound("the log begins at entry " + std::to_string(first) +
                      " and no longer says what changed since " + FormatPosition(options_.since) +
                      ": take a whole dump");
    }
    total_ = 0;
    if (!options_.tenant.empty()) {
      TNT_RETURN_IF_ERROR(WriteDirectory());
    } else {
      TNT_RETURN_IF_ERROR(WriteEffects(kDirectorySpace, "", last));
    }
    TNT_ASSIGN_OR_RETURN(const std::set<SpaceId> taken_up, TakenUp(last));
    for (const auto& [space, tenant] : tenants_) {
      TNT_RETURN_IF_ERROR(taken_up.contains(space) ? WriteSpace(space, tenant)
                                                   : WriteEffects(space, tenant, last));
    }
    return Status::Ok();
  }

  // Spaces that a tenant got by a restore or an undo. They may be older than that, and then neither the dumps before nor the log
  // since then have all of their rows: while they are loaded or put aside, dumps leave them out.
  Result<std::set<SpaceId>> TakenUp(uint64_t last) {
    std::set<SpaceId> spaces;
    const std::string loading = keys::MetaKey(kDirectorySpace, kLoadingPrefix);
    const std::string replaced = keys::MetaKey(kDirectorySpace, kReplacedPrefix);
    const auto look = [&](const log::Effect& effect) {
      if (effect.kind != log::EffectKind::kDelete) return Status::Ok();
      for (const std::string* prefix : {&loading, &replaced}) {
        const bool marks = effect.key.starts_with(*prefix) &&
                           effect.key.size() == prefix->size() + keys::kSpaceBytes;
        if (marks) spaces.insert(SpaceId(LoadBig64(effect.key.data() + prefix->size())));
      }
      return Status::Ok();
    };
    TNT_RETURN_IF_ERROR(VisitLog(last, look));
    return spaces;
  }

  // Reads the log once per space: increments are short.
  Status WriteEffects(SpaceId space, const std::string& tenant, uint64_t last) {
    TNT_RETURN_IF_ERROR(writer_.BeginSpace(space, tenant, BlockKind::kEffects));
    const std::string prefix = keys::RowKey(space, "");
    return VisitLog(last, [&](const log::Effect& effect) -> Status {
      if (!effect.key.starts_with(prefix)) return Status::Ok();
      const std::string_view key = effect.key.substr(prefix.size());
      if (IsDerived(key) || (space == kDirectorySpace && IsNodeLocal(key))) return Status::Ok();
      TNT_RETURN_IF_ERROR(effect.kind == log::EffectKind::kPut ? writer_.Put(key, effect.value)
                                                               : writer_.Delete(key));
      return Report();
    });
  }

  // Every effect since the position, up to entry `last`.
  template <class Visit>
  Status VisitLog(uint64_t last, const Visit& visit) {
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader,
                         engine_.log().ReadFrom(options_.since.index + 1));
    log::EntryView entry;
    while (reader->next_index() <= last) {
      TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
      if (!more) break;
      Status done;
      TNT_RETURN_IF_ERROR(log::VisitWriteSet(entry.payload, [&](const log::Effect& effect) {
        if (done.ok()) done = visit(effect);
      }));
      TNT_RETURN_IF_ERROR(done);
    }
    return Status::Ok();
  }

  const Engine& engine_;
  const ReadView& view_;
  const SourceOptions& options_;
  const SpaceReader directory_;
  DumpWriter writer_;
  std::map<SpaceId, std::string> tenants_;
  uint64_t total_ = 0;
};

}  // namespace

bool IsNodeLocal(std::string_view key) {
  const std::string whole = keys::RowKey(kDirectorySpace, key);
  keys::KeyHead head;
  if (!keys::SplitHead(whole, &head)) return false;
  if (head.kind == Kind::kRecord) {
    return head.collection == schema::CollectionOf<schema::FollowerNode>().number;
  }
  if (head.kind != Kind::kMeta) return false;
  const std::string_view name = key.substr(1);
  return name == keys::kAppliedIndexMeta || name.starts_with(kDroppedPrefix) ||
         name.starts_with(kLoadingPrefix) || name.starts_with(kReplacedPrefix);
}

Result<FoundTenant> FindTenant(const SpaceReader& directory, std::string_view id) {
  Result<codec::Stored<schema::Tenant>> record = directory.Get<schema::Tenant>({id});
  if (record.status().code() == StatusCode::kNotFound) {
    return NotFound("no tenant " + std::string(id));
  }
  TNT_RETURN_IF_ERROR(record.status());
  const SpaceId space((*record)->getSpace());
  return FoundTenant{space, *std::move(record)};
}

Result<Footer> WriteDump(const Engine& engine, const ReadView& view, const SourceOptions& options,
                         ByteSink& sink) {
  return Source(engine, view, options, sink).Run();
}

}  // namespace tenantry::dump
