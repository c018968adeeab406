#include "engine/popups/upkeep.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/commands.h"
#include "engine/popups/batch.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/metrics.h"
#include "engine/popups/reclaim.h"
#include "engine/popups/sealing.h"
#include "engine/popups/text.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {
namespace {

using codec::Stored;

constexpr uint32_t kRowsPerStep = 512;
constexpr int kSealStepsMax = 16;
constexpr uint8_t kTrackedAtIndex = 1;
constexpr uint8_t kAssignedAtIndex = 1;

Result<std::vector<std::string>> PopupIds(const SpaceReader& shop) {
  std::vector<std::string> ids;
  TNT_RETURN_IF_ERROR(shop.ScanIndex<schema::Popup>({.index = 1}, [&ids](const auto& popup) {
    ids.emplace_back(View(popup->getId()));
    return true;
  }));
  return ids;
}

int64_t TimeOf(const schema::PopupView::Reader& view) {
  return view.getViewedAt();
}
int64_t TimeOf(const schema::PopupConversion::Reader& conversion) {
  return conversion.getConvertedAt();
}

// The oldest events of a popup, up to `rows_max` of those before `before_unix_ms`.
template <class T>
Result<std::vector<Stored<T>>> Oldest(const SpaceReader& shop, std::string_view popup_id,
                                      int64_t before_unix_ms, uint32_t rows_max) {
  std::vector<Stored<T>> events;
  TNT_RETURN_IF_ERROR(shop.ScanRecords<T>({popup_id}, false, [&](const Stored<T>& event) {
    if (events.size() >= rows_max || TimeOf(*event) >= before_unix_ms) return false;
    events.push_back(event);
    return true;
  }));
  return events;
}

// Views wait for their roll-up, however old they are.
bool RolledUp(const schema::PopupView::Reader& view, std::string_view cursor) {
  return ViewKey(View(view.getPopupId()), view.getViewedAt(), View(view.getId())) <= cursor;
}

Status ExpireEvents(Transaction& tx, std::string_view popup_id, int64_t before_unix_ms,
                    ReclaimProgress* progress) {
  *progress = {};
  TNT_ASSIGN_OR_RETURN(const std::string cursor, RollUpCursor(tx, popup_id));
  TNT_ASSIGN_OR_RETURN(const auto views,
                       Oldest<schema::PopupView>(tx, popup_id, before_unix_ms, kRowsPerStep));
  for (const auto& view : views) {
    if (!RolledUp(*view, cursor)) break;
    TNT_RETURN_IF_ERROR(tx.Erase(view));
    ++progress->rows;
  }
  TNT_ASSIGN_OR_RETURN(
      const auto conversions,
      Oldest<schema::PopupConversion>(tx, popup_id, before_unix_ms, kRowsPerStep - progress->rows));
  for (const auto& conversion : conversions) TNT_RETURN_IF_ERROR(tx.Erase(conversion));
  progress->rows += static_cast<uint32_t>(conversions.size());
  progress->more = progress->rows == kRowsPerStep;
  return Status::Ok();
}

Result<std::vector<Stored<schema::TrackedEvent>>> OldIds(const SpaceReader& shop,
                                                         int64_t before_unix_ms) {
  std::vector<Stored<schema::TrackedEvent>> ids;
  TNT_RETURN_IF_ERROR(shop.ScanIndex<schema::TrackedEvent>(
      {.index = kTrackedAtIndex, .until = before_unix_ms}, [&](const auto& id) {
        ids.push_back(id);
        return ids.size() < kRowsPerStep;
      }));
  return ids;
}

// Assignments that are older, whatever their test.
Result<std::vector<Stored<schema::AbAssignment>>> OldAssignments(const SpaceReader& shop,
                                                                 int64_t before_unix_ms) {
  std::vector<Stored<schema::AbAssignment>> found;
  TNT_RETURN_IF_ERROR(shop.ScanIndex<schema::AbAssignment>(
      {.index = kAssignedAtIndex, .until = before_unix_ms}, [&](const auto& assignment) {
        found.push_back(assignment);
        return found.size() < kRowsPerStep;
      }));
  return found;
}

// Assignments of tests that have been over since then.
Result<std::vector<Stored<schema::AbAssignment>>> AssignmentsOfEnded(const SpaceReader& shop,
                                                                     int64_t since_unix_ms) {
  std::vector<Stored<schema::AbAssignment>> found;
  Status scanned;
  TNT_RETURN_IF_ERROR(shop.ScanRecords<schema::AbGroup>({}, false, [&](const auto& group) {
    if (group->getStatus() != schema::AbStatus::COMPLETED) return true;
    if (group->getUpdatedAt() >= since_unix_ms) return true;
    scanned = shop.ScanRecords<schema::AbAssignment>({View(group->getId())}, false,
                                                     [&](const auto& assignment) {
                                                       found.push_back(assignment);
                                                       return found.size() < kRowsPerStep;
                                                     });
    return scanned.ok() && found.size() < kRowsPerStep;
  }));
  TNT_RETURN_IF_ERROR(scanned);
  return found;
}

template <class Find>
Status EraseFound(Transaction& tx, const Find& find, ReclaimProgress* progress) {
  *progress = {};
  TNT_ASSIGN_OR_RETURN(const auto rows, find(tx));
  for (const auto& row : rows) TNT_RETURN_IF_ERROR(tx.Erase(row));
  progress->rows = static_cast<uint32_t>(rows.size());
  progress->more = progress->rows == kRowsPerStep;
  return Status::Ok();
}

constexpr CommandInfo kExpiry{static_cast<uint16_t>(CommandKind::kEventExpiry), "system", "", true};

void Add(const ReclaimProgress& part, ReclaimProgress* sum) {
  sum->more = sum->more || part.more;
  sum->rows += part.rows;
  sum->release_index = std::max(sum->release_index, part.release_index);
}

// A step for the shop as a whole and for each popup whose hours are over, but few in one go: all popups' hours end at once. A step
// that fails, for want of room on the disk say, is tried again at the next look and stands in nobody's way.
void SealHours(Engine& engine, const TenantRef& shop, const SpaceReader& space,
               const std::vector<std::string>& popups, ReclaimProgress* sum) {
  std::vector<SketchOwner> owners = {{kShopVisitors, kShopOwner}};
  for (const std::string& popup_id : popups) owners.push_back({kPopupVisitors, popup_id});
  int steps = 0;
  for (const SketchOwner& owner : owners) {
    const Result<bool> over = HasHoursToSeal(space, owner, engine.clock().NowUnixMs());
    if (!over.ok() || !*over) continue;
    if (++steps > kSealStepsMax) {
      sum->more = true;
      return;
    }
    const Result<ReclaimProgress> part = SealStep(engine, shop, owner);
    if (part.ok()) Add(*part, sum);
  }
}

}  // namespace

Result<ReclaimProgress> UpkeepStep(Engine& engine, const TenantRef& shop,
                                   const UpkeepOptions& options) {
  ReclaimProgress sum;
  const ReadView view = engine.View();
  const SpaceReader space = view.Space(shop, ReadTier::kBlocking);
  const int64_t now = engine.clock().NowUnixMs();
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> popups, PopupIds(space));
  for (const std::string& popup_id : popups) {
    TNT_ASSIGN_OR_RETURN(const ReclaimProgress rolled_up, RollUpStep(engine, shop, popup_id));
    Add(rolled_up, &sum);
    if (options.event_retention_ms <= 0) continue;
    const int64_t before = now - options.event_retention_ms;
    TNT_ASSIGN_OR_RETURN(const auto views, Oldest<schema::PopupView>(space, popup_id, before, 1));
    TNT_ASSIGN_OR_RETURN(const auto conversions,
                         Oldest<schema::PopupConversion>(space, popup_id, before, 1));
    if (views.empty() && conversions.empty()) continue;
    TNT_ASSIGN_OR_RETURN(
        const ReclaimProgress part,
        RunStep(engine, shop, kExpiry, [&](Transaction& tx, ReclaimProgress* progress) {
          return ExpireEvents(tx, popup_id, before, progress);
        }));
    Add(part, &sum);
  }
  const auto expire = [&](const auto& find) -> Status {
    TNT_ASSIGN_OR_RETURN(const auto rows, find(space));
    if (rows.empty()) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(
        const ReclaimProgress part,
        RunStep(engine, shop, kExpiry, [&](Transaction& tx, ReclaimProgress* progress) {
          return EraseFound(tx, find, progress);
        }));
    Add(part, &sum);
    return Status::Ok();
  };
  TNT_RETURN_IF_ERROR(
      expire([now](const SpaceReader& reader) { return OldIds(reader, now - kEventIdWindowMs); }));
  TNT_RETURN_IF_ERROR(expire([now](const SpaceReader& reader) {
    return AssignmentsOfEnded(reader, now - kEndedTestKeptMs);
  }));
  if (options.event_retention_ms > 0) {
    TNT_RETURN_IF_ERROR(expire([now, &options](const SpaceReader& reader) {
      return OldAssignments(reader, now - options.event_retention_ms);
    }));
  }
  SealHours(engine, shop, space, popups, &sum);
  return sum;
}

}  // namespace tenantry::popups
