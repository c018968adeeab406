#pragma once
// StoredAnswer: between HTTP responses and the rows that answer a repeat of a keyed request.
//
// Threads  stateless.

#include <string_view>

#include "engine/keyed_call.h"
#include "server/http/response.h"

namespace tenantry::server {

inline constexpr std::string_view kKeyReused =
    "This Idempotency-Key was used with another request; use a new key for a new request";

// Whether an answer is final. What a moment or a machine caused (limits, overload, faults) is not, and a repeat runs anew.
bool IsFinal(int status);

// Status, body, Content-Type, ETag and Location; the call completes the rest.
AnswerDraft AnswerOf(const http::Response& response);

// What AnswerOf kept, marked with `Idempotent-Replayed: true`.
http::Response ResponseOf(const schema::StoredAnswer::Reader& answer);

// The mark of a replay.
void MarkReplayed(http::Response* response);

}  // namespace tenantry::server
