#pragma once
// Session rules: when and where a session may take place.

#include <cstdint>
#include <string_view>

#include "engine/transaction.h"

namespace tenantry::gym {

// kInvalidArgument unless start < end and both can be written as dates.
Status CheckTimes(RuleTrace& trace, int64_t start_ms, int64_t end_ms);

struct PlaceAndTime {
  std::string_view location_id;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::string_view except_session_id;  // Itself, when it is being moved.
};
// kConflict when a session that is not cancelled takes place there in between.
Status CheckNoOverlap(Transaction& tx, const PlaceAndTime& wanted);

}  // namespace tenantry::gym
