#pragma once
// TextRules: what input texts must look like beyond their length.
//
// Threads  stateless.

#include <cstddef>
#include <string_view>

namespace tenantry::codec {

// local@domain.tld, at most 254 bytes: a check for slips of the pen, not a proof that mail arrives.
// Letters beyond ASCII are allowed, spaces and control characters are not.
bool IsEmail(std::string_view text);

// Characters of valid UTF-8, which is what length limits count.
size_t CountCharacters(std::string_view text);

// Empty or only ASCII white space.
bool IsBlank(std::string_view text);

}  // namespace tenantry::codec
