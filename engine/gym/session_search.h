#pragma once
// Session search: scheduled sessions by the words of their type's name and description and of their
// instructor.
//
// Rules    every typed word must fit somewhere (engine/word_search.h). Without a day or a range, from
//          now on. A text without words finds all that the filter allows.
// Errors   those of the reader.
// Threads  any.

#include "engine/gym/session_queries.h"

namespace tenantry::gym {

struct SessionSearch {
  std::string text;
  SessionFilter filter;  // Scheduled; location_id and available_only are not looked at.
};
// The first `wanted` by start, and how many there are.
Result<SessionPage> SearchSessions(const SpaceReader& space, const SessionSearch& search,
                                   uint64_t wanted);

}  // namespace tenantry::gym
