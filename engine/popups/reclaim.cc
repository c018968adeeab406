#include "engine/popups/reclaim.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/commands.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/metrics.h"
#include "engine/popups/sealing.h"
#include "engine/popups/text.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {
namespace {

using codec::Stored;

// Small enough that commands of the shop wait a few milliseconds at most.
constexpr uint32_t kRowsPerStep = 512;

// What one step may still free.
struct Budget {
  uint32_t left = kRowsPerStep;
  bool spent() const { return left == 0; }
};

template <class T>
Status EraseEvents(Transaction& tx, std::string_view popup_id, Budget* budget) {
  if (budget->spent()) return Status::Ok();
  std::vector<Stored<T>> events;
  TNT_RETURN_IF_ERROR(tx.ScanRecords<T>({popup_id}, false, [&](const Stored<T>& event) {
    events.push_back(event);
    return events.size() < budget->left;
  }));
  for (const Stored<T>& event : events) TNT_RETURN_IF_ERROR(tx.Erase(event));
  budget->left -= static_cast<uint32_t>(events.size());
  return Status::Ok();
}

Status EraseCounters(Transaction& tx, uint8_t family, std::string_view popup_id, Budget* budget) {
  if (budget->spent()) return Status::Ok();
  std::vector<std::pair<std::string, int64_t>> found;
  TNT_RETURN_IF_ERROR(
      tx.ScanCounters(family, popup_id, [&](std::string_view metric, int64_t bucket, int64_t) {
        // Subscribers outlive the popup that won them.
        if (family == kPopupTotals && metric == kSubscribers) return true;
        found.emplace_back(metric, bucket);
        return found.size() < budget->left;
      }));
  for (const auto& [metric, bucket] : found) {
    TNT_RETURN_IF_ERROR(tx.EraseCounter(family, popup_id, metric, bucket));
  }
  budget->left -= static_cast<uint32_t>(found.size());
  return Status::Ok();
}

Status EraseSketches(Transaction& tx, std::string_view popup_id, Budget* budget) {
  if (budget->spent()) return Status::Ok();
  std::vector<std::pair<int64_t, uint8_t>> found;
  TNT_RETURN_IF_ERROR(tx.ScanSketches(kPopupVisitors, popup_id, INT64_MIN, INT64_MAX,
                                      [&](int64_t bucket, uint8_t block, std::string_view) {
                                        found.emplace_back(bucket, block);
                                        return found.size() < budget->left;
                                      }));
  for (const auto& [bucket, block] : found) {
    TNT_RETURN_IF_ERROR(tx.EraseSketchBlock(kPopupVisitors, popup_id, bucket, block));
  }
  budget->left -= static_cast<uint32_t>(found.size());
  return budget->spent() ? Status::Ok() : EraseSealCursor(tx, {kPopupVisitors, popup_id});
}

Status EraseBreakdowns(Transaction& tx, std::string_view popup_id, Budget* budget) {
  if (budget->spent()) return Status::Ok();
  uint32_t erased = 0;
  TNT_RETURN_IF_ERROR(EraseBreakdown(tx, popup_id, budget->left, &erased));
  budget->left -= erased;
  return Status::Ok();
}

// The tombstone goes last, with the step that finds nothing more.
Status Step(Transaction& tx, ReclaimProgress* progress) {
  *progress = {};
  std::vector<Stored<schema::PopupTombstone>> tombstones;
  TNT_RETURN_IF_ERROR(tx.ScanRecords<schema::PopupTombstone>(
      {}, false, [&](const Stored<schema::PopupTombstone>& tombstone) {
        tombstones.push_back(tombstone);
        return tombstones.size() < 2;
      }));
  if (tombstones.empty()) return Status::Ok();
  const Stored<schema::PopupTombstone>& tombstone = tombstones.front();
  const std::string_view popup_id = View(tombstone->getPopupId());
  Budget budget;
  TNT_RETURN_IF_ERROR(EraseEvents<schema::PopupView>(tx, popup_id, &budget));
  TNT_RETURN_IF_ERROR(EraseEvents<schema::PopupConversion>(tx, popup_id, &budget));
  TNT_RETURN_IF_ERROR(EraseCounters(tx, kPopupQuarterHours, popup_id, &budget));
  TNT_RETURN_IF_ERROR(EraseCounters(tx, kPopupTotals, popup_id, &budget));
  TNT_RETURN_IF_ERROR(EraseSketches(tx, popup_id, &budget));
  TNT_RETURN_IF_ERROR(EraseBreakdowns(tx, popup_id, &budget));
  progress->rows = kRowsPerStep - budget.left;
  progress->more = budget.spent() || tombstones.size() > 1;
  return budget.spent() ? Status::Ok() : tx.Erase(tombstone);
}

}  // namespace

Result<ReclaimProgress> RunStep(Engine& engine, const TenantRef& shop, const CommandInfo& info,
                                const std::function<Status(Transaction&, ReclaimProgress*)>& step) {
  ReclaimProgress progress;
  const Outcome outcome = engine.Execute(shop, info, ReadTier::kBlocking,
                                         [&](Transaction& tx) { return step(tx, &progress); });
  TNT_RETURN_IF_ERROR(outcome.status);
  progress.release_index = outcome.release_index;
  return progress;
}

Result<ReclaimProgress> ReclaimStep(Engine& engine, const TenantRef& shop) {
  return RunStep(engine, shop, {static_cast<uint16_t>(CommandKind::kReclaim), "system", ""}, Step);
}

}  // namespace tenantry::popups
