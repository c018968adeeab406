#include "engine/dump/state_check.h"

#include <algorithm>
#include <map>
#include <set>

#include <capnp/dynamic.h>

#include "engine/base/bytes.h"
#include "engine/codec/text_view.h"
#include "engine/dump/loader.h"
#include "engine/dump/reader.h"
#include "engine/dump/references.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"
#include "engine/schema/directory.capnp.h"
#include "engine/space_meta.h"

namespace tenantry::dump {
namespace {

using codec::View;
using keys::Kind;

constexpr uint64_t kReportRows = 8192;

bool IsIndexKind(std::string_view key) {
  const auto kind = static_cast<Kind>(static_cast<uint8_t>(key[0]));
  return kind == Kind::kUnique || kind == Kind::kIndex;
}

class SpaceCheck {
 public:
  SpaceCheck(const ReadView& view, const CheckedSpace& space, const StateCheck& check,
             uint64_t* rows)
      : view_(view),
        space_(space),
        check_(check),
        rows_(rows),
        bounds_(keys::SpaceBounds(space.space)),
        lookup_(view.Rows(bounds_.lower, bounds_.upper)) {}

  Status Run() {
    const std::unique_ptr<Cursor> rows = view_.Rows(bounds_.lower, bounds_.upper);
    std::string before;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      const std::string_view key = rows->key().substr(keys::kSpaceBytes);
      if (!before.empty() && rows->key() <= before)
        Found(key, "its key is not above the one before");
      before = rows->key();
      TNT_RETURN_IF_ERROR(Look(key, rows->value()));
      if (++*rows_ % kReportRows == 0 && check_.report && !check_.report(*rows_)) {
        return Unavailable("the check was stopped");
      }
    }
    TNT_RETURN_IF_ERROR(rows->status());
    // Two sums instead of a set of all rows: memory stays small however many there are.
    return derived_ == stored_ ? Status::Ok() : NameIndexRows();
  }

 private:
  void Found(std::string_view key, const std::string& what) const {
    check_.found("space " + std::to_string(space_.space.value()) +
                 (space_.tenant.empty() ? "" : ", tenant " + space_.tenant) + ", " +
                 DescribeKey(key) + ": " + what);
  }

  Status Look(std::string_view key, std::string_view value) {
    if (IsIndexKind(key)) {
      stored_.Add(key, value);
      return Status::Ok();
    }
    const Result<std::vector<DerivedRow>> derived = DerivedRows(key, value);
    if (!derived.ok()) {
      Found(key, std::string(derived.status().message()));
      return Status::Ok();
    }
    for (const DerivedRow& row : *derived) derived_.Add(row.key, row.value);
    return CheckNames(key, value);
  }

  // What the record names must be there.
  Status CheckNames(std::string_view key, std::string_view value) {
    TNT_ASSIGN_OR_RETURN(const std::vector<NamedRecord> named, NamedRecords(key, value));
    for (const NamedRecord& record : named) {
      const bool there =
          std::any_of(record.keys.begin(), record.keys.end(),
                      [this](const std::string& target) { return Stored(target).has_value(); });
      TNT_RETURN_IF_ERROR(lookup_->status());
      if (!there) Found(key, "its " + record.field + " " + record.id + " does not exist");
    }
    return Status::Ok();
  }

  // The value under a key without the space; until the next call.
  std::optional<std::string_view> Stored(std::string_view key) {
    const std::string whole = keys::RowKey(space_.space, key);
    lookup_->Seek(whole);
    if (!lookup_->Valid() || lookup_->key() != whole) return std::nullopt;
    return lookup_->value();
  }

  // The sums differ: finds out where.
  Status NameIndexRows() {
    const std::unique_ptr<Cursor> rows = view_.Rows(bounds_.lower, bounds_.upper);
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      const std::string_view key = rows->key().substr(keys::kSpaceBytes);
      if (IsIndexKind(key)) {
        NameStray(key, rows->value());
        continue;
      }
      const Result<std::vector<DerivedRow>> derived = DerivedRows(key, rows->value());
      if (!derived.ok()) continue;
      for (const DerivedRow& row : *derived) {
        const std::optional<std::string_view> stored = Stored(row.key);
        if (stored != std::string_view(row.value)) {
          Found(key, "its row in index " + IndexName(row.key) +
                         (stored ? " holds something else" : " is missing"));
        }
      }
    }
    return rows->status();
  }

  static std::string IndexName(std::string_view key) {
    return key.size() < 4 ? "?" : std::to_string(static_cast<uint8_t>(key[3]));
  }

  void NameStray(std::string_view key, std::string_view value) {
    const std::string record = RecordOfIndexRow(key, value);
    const std::optional<std::string_view> stored = record.empty() ? std::nullopt : Stored(record);
    if (stored) {
      const Result<std::vector<DerivedRow>> derived = DerivedRows(record, *stored);
      const bool has_row =
          derived.ok() && std::any_of(derived->begin(), derived->end(),
                                      [&](const DerivedRow& row) { return row.key == key; });
      if (has_row) return;
    }
    Found(record.empty() ? key : record,
          "a row in index " + IndexName(key) + (stored ? " is not its" : " has no record"));
  }

  const ReadView& view_;
  const CheckedSpace& space_;
  const StateCheck& check_;
  uint64_t* const rows_;
  const keys::Bounds bounds_;
  const std::unique_ptr<Cursor> lookup_;
  RowSum derived_, stored_;
};

// Spaces whose rows may lie about without a tenant.
Result<std::set<SpaceId>> OutgoingSpaces(const ReadView& view) {
  std::set<SpaceId> spaces;
  for (const std::string_view prefix : {kDroppedPrefix, kReplacedPrefix, kLoadingPrefix}) {
    const std::string start = keys::MetaKey(kDirectorySpace, prefix);
    const std::unique_ptr<Cursor> rows = view.Rows(start, keys::PrefixEnd(start));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      const std::string_view space = rows->key().substr(start.size());
      if (space.size() == keys::kSpaceBytes) spaces.insert(SpaceId(LoadBig64(space.data())));
    }
    TNT_RETURN_IF_ERROR(rows->status());
  }
  return spaces;
}

// The first row of each space, found by leaping from one to the next.
Status CheckSpacesAreKnown(const ReadView& view, const StateCheck& check,
                           const std::vector<CheckedSpace>& spaces) {
  TNT_ASSIGN_OR_RETURN(std::set<SpaceId> known, OutgoingSpaces(view));
  for (const CheckedSpace& space : spaces) known.insert(space.space);
  const std::unique_ptr<Cursor> rows = view.Rows("", std::string(9, '\xFF'));
  for (rows->SeekToFirst(); rows->Valid();) {
    const SpaceId space(LoadBig64(rows->key().data()));
    if (!known.contains(space)) {
      check.found("space " + std::to_string(space.value()) + " holds rows of no tenant");
    }
    rows->Seek(keys::SpaceBounds(space).upper);
  }
  return rows->status();
}

}  // namespace

Status CheckState(const ReadView& view, const StateCheck& check,
                  std::vector<CheckedSpace>* spaces) {
  spaces->assign(1, {kDirectorySpace, "", false});
  TNT_RETURN_IF_ERROR(
      view.DirectorySpace(ReadTier::kBlocking)
          .ScanRecords<schema::Tenant>({}, false, [&](const codec::Stored<schema::Tenant>& tenant) {
            spaces->push_back({SpaceId(tenant->getSpace()), codec::String(tenant->getId()),
                               tenant->getKind() == schema::TenantKind::GYM});
            return true;
          }));
  std::sort(spaces->begin() + 1, spaces->end(),
            [](const CheckedSpace& a, const CheckedSpace& b) { return a.space < b.space; });
  uint64_t rows = 0;
  for (const CheckedSpace& space : *spaces) {
    TNT_RETURN_IF_ERROR(SpaceCheck(view, space, check, &rows).Run());
    if (space.space == kDirectorySpace) continue;
    const std::string alive = keys::MetaKey(space.space, kAliveMeta);
    const std::unique_ptr<Cursor> row = view.Rows(alive, keys::PrefixEnd(alive));
    row->SeekToFirst();
    TNT_RETURN_IF_ERROR(row->status());
    if (!row->Valid()) {
      check.found("tenant " + space.tenant + ": its space " + std::to_string(space.space.value()) +
                  " is not alive");
    }
  }
  return CheckSpacesAreKnown(view, check, *spaces);
}

}  // namespace tenantry::dump
