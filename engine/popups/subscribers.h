#pragma once
// Subscribers: e-mail addresses a shop collected. One row per address, ignoring case; unsubscribing
// keeps it, subscribing again wakes it up under the same id.
//
// Errors   Subscribe: kAlreadyExists while the address is active. Unsubscribe: none for an unknown
//          address.
// Threads  any; stateless.
// Source   popups.md §4, F11, F65, F67.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/engine.h"
#include "engine/popups/page.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::popups {

struct SubscriberReply {
  Outcome outcome;
  std::optional<codec::Stored<schema::EmailSubscriber>> subscriber;  // Set when accepted.
};

// A step of commands: a subscriber with id and times, counted when active.
Status InsertSubscriber(Transaction& tx, codec::Draft<schema::EmailSubscriber>* subscriber);
SubscriberReply Subscribe(Engine& engine, const TenantRef& shop,
                          const codec::Input<schema::SubscribeInput>& input,
                          const CommandInfo& info, ReadTier tier);
Outcome Unsubscribe(Engine& engine, const TenantRef& shop, std::string_view email,
                    const CommandInfo& info, ReadTier tier);

// A step of erasing a person: removes the row, and returns the id it had. Nothing for an unknown
// address.
Result<std::optional<std::string>> EraseSubscriberRow(Transaction& tx, std::string_view email);

struct SubscriberList {
  std::vector<codec::Stored<schema::EmailSubscriber>> subscribers;
  int64_t total = 0;
};
// Active ones, newest first.
Result<SubscriberList> ListSubscribers(const SpaceReader& shop, const Page& page);
Result<SubscriberList> ListPopupSubscribers(const SpaceReader& shop, std::string_view popup_id,
                                            const Page& page);
Result<int64_t> CountSubscribers(const SpaceReader& shop);

// CSV of everybody, active or not: email,name,popupId,isActive,createdAt. Texts that a spreadsheet
// would run as a formula (= + - @, tab, return) are led by an apostrophe.
inline constexpr std::string_view kSubscriberCsvHead = "email,name,popupId,isActive,createdAt\r\n";
// Appends up to `rows_max` rows behind `after`, which moves along; true when more are left.
Result<bool> AppendSubscriberCsv(const SpaceReader& shop, uint32_t rows_max, std::string* after,
                                 std::string* csv);

}  // namespace tenantry::popups
