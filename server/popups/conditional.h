#pragma once
// Conditional: entity tags and 304. The tag is the hash of the body, so that every replica gives
// the same one.

#include <string>
#include <string_view>

#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::server::popups {

// How long and by whom an answer may be kept.
inline constexpr std::string_view kRevalidate = "no-cache";        // Anyone, asking each time.
inline constexpr std::string_view kPrivate = "private, no-cache";  // The caller, asking each time.
inline constexpr std::string_view kNeverStored = "no-store";       // Personal data.

std::string EntityTag(std::string_view body);
// Whether If-None-Match lists the tag; weak and strong tags compare equal.
bool Matches(const http::Request& request, std::string_view tag);

http::Response NotModified(std::string_view tag, std::string_view cache_control);
// 200 with the JSON body, or 304.
http::Response Conditional(const http::Request& request, std::string json,
                           std::string_view cache_control);

}  // namespace tenantry::server::popups
