#pragma once
// Totals: numbers about a whole gym, kept as counters with the commands that change them.
//
// Shape    counters of family 1, owner "" : "members" (bucket 0), and per UTC month "joined", "left",
//          "attended" and "charged" (hundredths).
// Units    months count from year 0 (counters::MonthOf).
// Threads  AddToTotal belongs to the plan that runs it; Total to one reader.

#include <cstdint>
#include <string_view>

#include "engine/transaction.h"

namespace tenantry::gym {

inline constexpr std::string_view kTotalMembers = "members";
inline constexpr std::string_view kTotalJoined = "joined";
inline constexpr std::string_view kTotalLeft = "left";
inline constexpr std::string_view kTotalAttended = "attended";
inline constexpr std::string_view kTotalCharged = "charged";

Status AddToTotal(SpaceWriter& tx, std::string_view name, int64_t month, int64_t delta);
Result<int64_t> Total(const SpaceReader& space, std::string_view name, int64_t month);

// A member came or went, now; an imported one came at another time.
Status CountMemberJoined(SpaceWriter& tx);
Status CountMemberJoinedAt(SpaceWriter& tx, int64_t joined_unix_ms);
Status CountMemberLeft(SpaceWriter& tx);

}  // namespace tenantry::gym
