#pragma once
// Conditional: entity tags and the request headers that name them.
//
// Shape    a tag is the quoted hash of a body, so every replica gives the same one. A compressed form of the body has
//          the same tag with its coding behind the hash, "<hash>-gzip"; in comparisons all forms are equal.

#include <string>
#include <string_view>

namespace tenantry::server {

// How long and by whom an answer may be kept.
inline constexpr std::string_view kRevalidate = "no-cache";        // Anyone, asking each time.
inline constexpr std::string_view kPrivate = "private, no-cache";  // The caller, asking each time.
inline constexpr std::string_view kNeverStored = "no-store";       // Personal data, errors.

std::string EntityTag(std::string_view body);
// The tag of the same body in another coding, such as "gzip".
std::string TagOfCoding(std::string_view tag, std::string_view coding);
// Whether the value of an If-None-Match or If-Match header lists the tag. Weak and strong tags compare equal.
bool ListsTag(std::string_view header, std::string_view tag);

}  // namespace tenantry::server
