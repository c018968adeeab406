#pragma once
// Room count: how many sessions with room start after an instant, without walking them.
//
// Shape    counters of the sessions with `hasRoom`, for the gym and for each place, in buckets of
//          three widths: about 17 minutes, 9 hours and 12 days; 32 of one make one of the next. A
//          count adds the rows of the instant's own bucket, then at most 31 buckets of each width,
//          then the widest ones, of which a year has 30.
// Units    Unix milliseconds.
// Threads  CountRoom belongs to the plan that runs it, RoomAfter to one reader.
// Source   docs/file-formats.md#counters-and-sketches

#include <optional>
#include <string_view>

#include "engine/gym/session_parts.h"
#include "engine/transaction.h"

namespace tenantry::gym {

// A session was written. Empty `before`: a new one.
Status CountRoom(SpaceWriter& tx, const std::optional<schema::GymSession::Reader>& before,
                 const schema::GymSession::Reader& after);

// Sessions with room that start later than `after_ms`; with a place, only there.
Result<uint64_t> RoomAfter(const SpaceReader& space, std::string_view location_id,
                           int64_t after_ms);

}  // namespace tenantry::gym
