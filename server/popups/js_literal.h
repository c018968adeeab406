#pragma once
// JsLiteral: text as a JavaScript string literal that is inert wherever it is pasted, also inside
// HTML (F15).

#include <string>
#include <string_view>

namespace tenantry::server::popups {

// Quotes the text; everything but letters, digits and ".-_:/" becomes a \u escape. False, and
// nothing appended, for text that is not UTF-8 or longer than kJsLiteralBytesMax.
inline constexpr size_t kJsLiteralBytesMax = 1024;
bool AppendJsLiteral(std::string* out, std::string_view text);

}  // namespace tenantry::server::popups
