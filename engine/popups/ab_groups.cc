#include "engine/popups/ab_groups.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"
#include "engine/popups/visitor_seed.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using codec::Stored;

constexpr uint8_t kCreatedIndex = 1;
constexpr size_t kPopupsMax = 20;  // More arms than any test has; bounds what results read.

CommandInfo As(const CommandInfo& info, CommandKind kind) {
  CommandInfo as = info;
  as.command = static_cast<uint16_t>(kind);
  return as;
}

Result<Stored<schema::AbGroup>> MustGet(const SpaceReader& shop, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(auto found, shop.Find<schema::AbGroup>({id}));
  if (!found.has_value()) return AbGroupNotFound(id);
  return *std::move(found);
}

Result<AbGroupState> WithCount(const SpaceReader& shop, Stored<schema::AbGroup> record) {
  TNT_ASSIGN_OR_RETURN(const int64_t visitors,
                       shop.Counter(kAbGroups, View(record->getId()), kVisitors));
  return AbGroupState{std::move(record), visitors};
}

Result<AbGroupState> Answer(const SpaceReader& shop, const Draft<schema::AbGroup>& draft) {
  TNT_ASSIGN_OR_RETURN(Stored<schema::AbGroup> stored,
                       Stored<schema::AbGroup>::Decode(draft.Encode()));
  return WithCount(shop, std::move(stored));
}

bool Holds(const schema::AbGroup::Reader& group, std::string_view popup_id) {
  for (const auto id : group.getPopupIds()) {
    if (View(id) == popup_id) return true;
  }
  return false;
}

// The shares in the order of the group's popups; popups that the split leaves out have none.
Result<std::vector<TrafficShare>> SharesOf(const schema::AbGroup::Reader& group) {
  TNT_ASSIGN_OR_RETURN(const auto split, codec::ReadNumberMembers(View(group.getTrafficSplit())));
  std::vector<TrafficShare> shares;
  for (const auto id : group.getPopupIds()) {
    TrafficShare share{std::string(View(id)), 0};
    for (const auto& [popup_id, percent] : split) {
      if (popup_id == share.popup_id) share.percent = percent;
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

// Hundredths of a percent, so that 33.33, 33.33 and 33.34 are a whole.
bool SplitIsWhole(const schema::AbGroup::Reader& group) {
  const auto split = codec::ReadNumberMembers(View(group.getTrafficSplit()));
  if (!split.ok()) return false;
  int64_t sum = 0;
  for (const auto& [popup_id, percent] : *split) {
    if (!Holds(group, popup_id) || percent < 0 || percent > 100) return false;
    sum += std::llround(percent * 100);
  }
  return sum == 100 * 100;
}

Status CheckGroup(Transaction& tx, const schema::AbGroup::Reader& group) {
  if (group.getPopupIds().size() > kPopupsMax) {
    return InvalidFields(
        {"popupIds must contain no more than " + std::to_string(kPopupsMax) + " elements"});
  }
  for (const auto id : group.getPopupIds()) {
    TNT_ASSIGN_OR_RETURN(const auto popup, tx.Find<schema::Popup>({View(id)}));
    if (!tx.trace().Check("ab.popup_of_shop", popup.has_value(), {{"popupId", View(id)}})) {
      return InvalidFields({"each value in popupIds must be a popup of the shop"});
    }
  }
  if (!tx.trace().Check("ab.split_whole", SplitIsWhole(group), {})) {
    return InvalidFields({"trafficSplit must give popups of the group numbers that sum to 100"});
  }
  const bool ends = group.getEndDate() != schema::NULL_INT;
  if (ends && group.getStartDate() != schema::NULL_INT &&
      group.getEndDate() <= group.getStartDate()) {
    return InvalidFields({"endDate must be after startDate"});
  }
  return Status::Ok();
}

std::optional<int64_t> InstantOrNone(int64_t value) {
  return value == schema::NULL_INT ? std::nullopt : std::optional<int64_t>(value);
}

// A null of a column that has none keeps the value, as for popups.
codec::FieldSet WithoutNullsOfRequired(codec::FieldSet fields) {
  const schema::StructInfo& info = schema::InfoOf<schema::UpdateAbGroupInput>();
  for (const std::string_view name : {"shopId", "name", "status", "popupIds", "trafficSplit"}) {
    const uint16_t ordinal = info.FindField(name)->ordinal;
    if (fields.null[ordinal]) fields.sent.reset(ordinal);
  }
  return fields;
}

}  // namespace

Status AbGroupNotFound(std::string_view id) {
  return NotFound("AB test group with ID " + std::string(id) + " not found");
}

AbGroupReply CreateAbGroup(Engine& engine, const TenantRef& shop,
                           const codec::Input<schema::CreateAbGroupInput>& input,
                           const CommandInfo& info, ReadTier tier) {
  AbGroupReply reply;
  reply.outcome = engine.Execute(shop, As(info, CommandKind::kAbGroupCreate), tier,
                                 [&](Transaction& tx) -> Status {
                                   Draft<schema::AbGroup> group;
                                   codec::CopySent(input, &group);
                                   group->setId(ToText(NewUuid(tx.random())));
                                   group->setCreatedAt(tx.now_unix_ms());
                                   group->setUpdatedAt(tx.now_unix_ms());
                                   TNT_RETURN_IF_ERROR(CheckGroup(tx, group.reader()));
                                   TNT_RETURN_IF_ERROR(tx.Insert(group));
                                   counters::CounterDeltas deltas;
                                   deltas.Add({kShopTotals, kShopOwner, kGroups}, 1);
                                   TNT_RETURN_IF_ERROR(deltas.WriteTo(tx));
                                   TNT_ASSIGN_OR_RETURN(reply.group, Answer(tx, group));
                                   return Status::Ok();
                                 });
  return reply;
}

AbGroupReply UpdateAbGroup(Engine& engine, const TenantRef& shop, std::string_view id,
                           const codec::Input<schema::UpdateAbGroupInput>& input,
                           const CommandInfo& info, ReadTier tier) {
  AbGroupReply reply;
  reply.outcome = engine.Execute(
      shop, As(info, CommandKind::kAbGroupUpdate), tier, [&](Transaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const Stored<schema::AbGroup> before, MustGet(tx, id));
        if ((*input).hasShopId() && View((*input).getShopId()) != View(before->getShopId())) {
          return InvalidFields({"shopId cannot be changed"});
        }
        Draft<schema::AbGroup> after(before);
        codec::CopySent(input, WithoutNullsOfRequired(input.fields()), &after);
        after->setUpdatedAt(tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(CheckGroup(tx, after.reader()));
        const auto now = after.reader();
        const bool decided = now.getStatus() == schema::AbStatus::COMPLETED &&
                             Holds(now, View(now.getWinnerPopupId()));
        if (!decided) after->disownWinnerPopupId();  // A test that goes on has no winner.
        TNT_RETURN_IF_ERROR(tx.Update(before, after));
        TNT_ASSIGN_OR_RETURN(reply.group, Answer(tx, after));
        return Status::Ok();
      });
  return reply;
}

AbGroupReply SelectWinner(Engine& engine, const TenantRef& shop, std::string_view id,
                          std::string_view popup_id, const CommandInfo& info, ReadTier tier) {
  AbGroupReply reply;
  reply.outcome = engine.Execute(
      shop, As(info, CommandKind::kAbGroupWinner), tier, [&](Transaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const Stored<schema::AbGroup> before, MustGet(tx, id));
        if (!tx.trace().Check("ab.winner_in_group", Holds(*before, popup_id),
                              {{"popupId", popup_id}})) {
          return InvalidFields({"popupId must be a popup of the group"});
        }
        Draft<schema::AbGroup> after(before);
        after->setStatus(schema::AbStatus::COMPLETED);
        after->setWinnerPopupId(ToText(std::string(popup_id)));
        after->setUpdatedAt(tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(tx.Update(before, after));
        TNT_ASSIGN_OR_RETURN(reply.group, Answer(tx, after));
        return Status::Ok();
      });
  return reply;
}

AssignReply AssignVisitor(Engine& engine, const TenantRef& shop, std::string_view id,
                          std::string_view visitor_id, const CommandInfo& info, ReadTier tier) {
  AssignReply reply;
  reply.outcome =
      engine.Execute(shop, As(info, CommandKind::kAbAssign), tier, [&](Transaction& tx) -> Status {
        reply.popup_id.clear();
        TNT_ASSIGN_OR_RETURN(const Stored<schema::AbGroup> group, MustGet(tx, id));
        const bool running =
            tx.trace().Check("ab.running", group->getStatus() == schema::AbStatus::RUNNING, {});
        if (!running ||
            !WithinSchedule(InstantOrNone(group->getStartDate()),
                            InstantOrNone(group->getEndDate()), tx.now_unix_ms(), &tx.trace())) {
          return Status::Ok();
        }
        TNT_ASSIGN_OR_RETURN(const uint64_t seed, VisitorSeed(tx));
        const uint64_t hash = Hash64(visitor_id, seed ^ Hash64(id, 0));
        std::string bytes;
        AppendBig64(&bytes, hash);
        const std::string visitor_hash = FormatHex(bytes);
        TNT_ASSIGN_OR_RETURN(const auto known,
                             tx.Find<schema::AbAssignment>({id, std::string_view(visitor_hash)}));
        if (known.has_value() && Holds(*group, View((*known)->getPopupId()))) {
          reply.popup_id = View((*known)->getPopupId());
          return Status::Ok();
        }
        TNT_ASSIGN_OR_RETURN(const std::vector<TrafficShare> shares, SharesOf(*group));
        reply.popup_id = ArmOf(shares, hash, &tx.trace());
        if (reply.popup_id.empty()) return Status::Ok();
        Draft<schema::AbAssignment> assignment;
        assignment->setGroupId(group->getId());
        assignment->setVisitorHash(ToText(visitor_hash));
        assignment->setPopupId(ToText(reply.popup_id));
        assignment->setAssignedAt(tx.now_unix_ms());
        if (known.has_value()) return tx.Update(*known, assignment);
        TNT_RETURN_IF_ERROR(tx.Insert(assignment));
        counters::CounterDeltas deltas;
        deltas.Add({kAbGroups, id, kVisitors}, 1);
        return deltas.WriteTo(tx);
      });
  return reply;
}

Result<AbGroupState> GetAbGroup(const SpaceReader& shop, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(Stored<schema::AbGroup> group, MustGet(shop, id));
  return WithCount(shop, std::move(group));
}

Result<AbGroupList> ListAbGroups(const SpaceReader& shop, const Page& page) {
  AbGroupList list;
  TNT_ASSIGN_OR_RETURN(
      std::vector<Stored<schema::AbGroup>> records,
      ReadPage<schema::AbGroup>(shop, {.index = kCreatedIndex, .reverse = true}, page));
  for (Stored<schema::AbGroup>& record : records) {
    TNT_ASSIGN_OR_RETURN(AbGroupState state, WithCount(shop, std::move(record)));
    list.groups.push_back(std::move(state));
  }
  TNT_ASSIGN_OR_RETURN(list.total, shop.Counter(kShopTotals, kShopOwner, kGroups));
  return list;
}

Result<std::vector<AbResult>> ReadAbResults(const SpaceReader& shop,
                                            const schema::AbGroup::Reader& group) {
  TNT_ASSIGN_OR_RETURN(const std::vector<TrafficShare> shares, SharesOf(group));
  std::vector<AbResult> results;
  for (const TrafficShare& share : shares) {
    TNT_ASSIGN_OR_RETURN(PopupStats stats, ReadPopupStats(shop, share.popup_id));
    results.push_back({share.popup_id, std::move(stats), share.percent});
  }
  return results;
}

}  // namespace tenantry::popups
