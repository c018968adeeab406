#pragma once
// Words: text as search sees it: case, accents and punctuation gone.
//
// Shape    FoldText: NFKD, case folded, marks dropped, a few letters without decomposition replaced
//          ("ø" becomes "o"). Words are runs of letters and digits of folded text.
// Units    a word is cut after kWordBytesMax bytes, at a character's end.
// Errors   what is not UTF-8 folds to nothing.
// Threads  stateless.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenantry::codec {

// Longer words are not told apart beyond this; nobody types that much.
inline constexpr size_t kWordBytesMax = 48;
// Words of one record that are searched; descriptions may be longer.
inline constexpr size_t kWordsMax = 64;

std::string FoldText(std::string_view text);

// Distinct words in order of appearance, at most kWordsMax. Folds first.
std::vector<std::string> Words(std::string_view text);

}  // namespace tenantry::codec
