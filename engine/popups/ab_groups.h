#pragma once
// AbGroups: split tests between popups of a shop.
//
// Shape    the split gives each popup of the group a share; together 100 %. A visitor is assigned
//          once and stays there while the popup is in the group, whatever becomes of the split.
// Errors   kNotFound "AB test group with ID <id> not found"; kInvalidArgument for a popup of another
//          shop, a split that is not numbers summing to 100, or a winner outside the group.
// Threads  any; stateless.
// Source   popups.md §5, F64, F75.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/engine.h"
#include "engine/popups/page.h"
#include "engine/popups/stats.h"
#include "engine/popups/targeting.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::popups {

struct AbGroupState {
  codec::Stored<schema::AbGroup> record;
  int64_t visitors = 0;
};
struct AbGroupReply {
  Outcome outcome;
  std::optional<AbGroupState> group;  // Set when the command was accepted.
};

Status AbGroupNotFound(std::string_view id);

AbGroupReply CreateAbGroup(Engine& engine, const TenantRef& shop,
                           const codec::Input<schema::CreateAbGroupInput>& input,
                           const CommandInfo& info, ReadTier tier);
AbGroupReply UpdateAbGroup(Engine& engine, const TenantRef& shop, std::string_view id,
                           const codec::Input<schema::UpdateAbGroupInput>& input,
                           const CommandInfo& info, ReadTier tier);
AbGroupReply SelectWinner(Engine& engine, const TenantRef& shop, std::string_view id,
                          std::string_view popup_id, const CommandInfo& info, ReadTier tier);

struct AssignReply {
  Outcome outcome;
  std::string popup_id;  // Empty when the group is not running or holds no share.
};
// Counts a visitor the first time only.
AssignReply AssignVisitor(Engine& engine, const TenantRef& shop, std::string_view id,
                          std::string_view visitor_id, const CommandInfo& info, ReadTier tier);

Result<AbGroupState> GetAbGroup(const SpaceReader& shop, std::string_view id);
struct AbGroupList {
  std::vector<AbGroupState> groups;
  int64_t total = 0;
};
// Newest first.
Result<AbGroupList> ListAbGroups(const SpaceReader& shop, const Page& page);

struct AbResult {
  std::string popup_id;
  PopupStats stats;
  double percent = 0;
};
// One entry per popup of the group, in its order; unknown popups have zeros.
Result<std::vector<AbResult>> ReadAbResults(const SpaceReader& shop,
                                            const schema::AbGroup::Reader& group);

}  // namespace tenantry::popups
