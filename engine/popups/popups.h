#pragma once
// Popups: create, change, delete, list. A popup belongs to the shop whose space holds it, for good.
//
// Shape    the document without its view count, and the count beside it: an edit cannot touch what
//          it does not carry.
// Errors   kNotFound "Popup with ID <id> not found" for unknown ids and those of another shop;
//          kInvalidArgument for a body that names another shop.
// Threads  any; stateless.
// Source   popups.md §2, §3.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/engine.h"
#include "engine/popups/page.h"
#include "engine/popups/plans.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"
#include "engine/tenant/directory.h"

namespace tenantry::popups {

inline constexpr uint32_t kPopupsListed = 100;
inline constexpr uint32_t kActiveListed = 50;

// What `targeting` is when a new popup says nothing.
inline constexpr std::string_view kDefaultTargeting =
    R"({"showOnPages":[],"excludePages":[],"deviceTypes":["desktop","mobile","tablet"]})";

struct PopupState {
  codec::Stored<schema::Popup> record;
  int64_t view_count = 0;
};

struct PopupReply {
  Outcome outcome;
  std::optional<PopupState> popup;  // Set when the command was accepted.
};

Status PopupNotFound(std::string_view id);

// --- Commands ---
// With billing also kPermissionDenied once the shop's plan is full.
PopupReply CreatePopup(Engine& engine, const TenantRef& shop,
                       const codec::Input<schema::CreatePopupInput>& input, const CommandInfo& info,
                       ReadTier tier, Billing billing = Billing::kOff);
PopupReply UpdatePopup(Engine& engine, const TenantRef& shop, std::string_view id,
                       const codec::Input<schema::UpdatePopupInput>& input, const CommandInfo& info,
                       ReadTier tier);
// Leaves a tombstone for the popup's events; reclaim.h removes them later.
Outcome DeletePopup(Engine& engine, const TenantRef& shop, std::string_view id,
                    const CommandInfo& info, ReadTier tier);

// --- Queries ---
Result<PopupState> GetPopup(const SpaceReader& shop, std::string_view id);
struct PopupList {
  std::vector<PopupState> popups;
  int64_t total = 0;
};
// Newest first.
Result<PopupList> ListPopups(const SpaceReader& shop, const Page& page);
// What the storefront shows: active, below its view limit, oldest first, then by id.
Result<std::vector<PopupState>> ActivePopups(const SpaceReader& shop);

}  // namespace tenantry::popups
