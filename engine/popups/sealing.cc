#include "engine/popups/sealing.h"

#include <optional>

#include "engine/base/bytes.h"
#include "engine/commands.h"
#include "engine/counters/bucket.h"
#include "engine/counters/sketch_row.h"
#include "engine/popups/metrics.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {
namespace {

// Eight busy hours: an entry of about 64 KiB.
constexpr uint32_t kRowsPerStep = 512;

std::string CursorMeta(const SketchOwner& owner) {
  return "sealed/" + std::to_string(owner.family) + "/" + std::string(owner.id);
}

// Hours before this one are over.
int64_t OpenHour(int64_t now_unix_ms) {
  return counters::HourOf(now_unix_ms - kSealLagMs);
}

// The first hour that is not sealed; before any when none is. A cursor in the future is of a clock that was wrong, and says nothing.
Result<int64_t> SealCursor(const SpaceReader& shop, const SketchOwner& owner, int64_t now_unix_ms) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> cursor, shop.Meta(CursorMeta(owner)));
  if (!cursor) return INT64_MIN;
  if (cursor->size() != sizeof(int64_t)) return Corruption("a seal cursor is malformed");
  const auto hour = LoadLittle<int64_t>(cursor->data());
  return hour > OpenHour(now_unix_ms) ? INT64_MIN : hour;
}

Status SetSealCursor(Transaction& tx, const SketchOwner& owner, int64_t hour) {
  std::string bytes;
  AppendLittle(&bytes, hour);
  return tx.SetMeta(CursorMeta(owner), bytes);
}

Status Step(Transaction& tx, const SketchOwner& owner, ReclaimProgress* progress) {
  *progress = {};
  if (owner.family == kPopupVisitors) {
    TNT_ASSIGN_OR_RETURN(const auto popup, tx.Find<schema::Popup>({owner.id}));
    if (!popup.has_value()) return Status::Ok();  // Deleted: reclaiming takes its rows.
  }
  TNT_ASSIGN_OR_RETURN(const int64_t cursor, SealCursor(tx, owner, tx.now_unix_ms()));
  TNT_ASSIGN_OR_RETURN(const counters::SealedSketches sealed,
                       counters::SealSketches(tx, owner.family, owner.id, cursor,
                                              OpenHour(tx.now_unix_ms()), kRowsPerStep));
  if (sealed.rows == 0) return Status::Ok();
  progress->rows = sealed.rows;
  progress->more = !sealed.reached;
  return SetSealCursor(tx, owner, sealed.until);
}

}  // namespace

Result<bool> HasHoursToSeal(const SpaceReader& shop, const SketchOwner& owner,
                            int64_t now_unix_ms) {
  TNT_ASSIGN_OR_RETURN(const int64_t cursor, SealCursor(shop, owner, now_unix_ms));
  bool found = false;
  TNT_RETURN_IF_ERROR(shop.ScanSketches(owner.family, owner.id, cursor, OpenHour(now_unix_ms),
                                        [&found](int64_t, uint8_t, std::string_view) {
                                          found = true;
                                          return false;
                                        }));
  return found;
}

Result<ReclaimProgress> SealStep(Engine& engine, const TenantRef& shop, const SketchOwner& owner) {
  return RunStep(
      engine, shop, {static_cast<uint16_t>(CommandKind::kSeal), "system", ""},
      [&owner](Transaction& tx, ReclaimProgress* progress) { return Step(tx, owner, progress); });
}

Status ReopenHour(Transaction& tx, const SketchOwner& owner, int64_t hour) {
  if (hour >= OpenHour(tx.now_unix_ms())) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const int64_t cursor, SealCursor(tx, owner, tx.now_unix_ms()));
  return hour < cursor ? SetSealCursor(tx, owner, hour) : Status::Ok();
}

Status EraseSealCursor(Transaction& tx, const SketchOwner& owner) {
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> cursor, tx.Meta(CursorMeta(owner)));
  return cursor ? tx.EraseMeta(CursorMeta(owner)) : Status::Ok();
}

}  // namespace tenantry::popups
