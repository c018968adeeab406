#pragma once
// Word search: which records have the words that somebody typed.
//
// Shape    a typed text is split into folded words (engine/codec/words.h). A stored word fits a typed
//          one when it starts with it, or is one edit away: a letter more, less or other, or two
//          neighbours swapped. Words of an index lie in order, so the walk below is that of a trie:
//          for each place an edit may be, the letters that do occur there are tried, each with one
//          seek. See docs/adr/0010-word-search.md for what it costs.
// Errors   those of the reader.
// Threads  one at a time, as its reader.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/space_reader.h"

namespace tenantry {

// Shorter typed words must be spelled right: with an edit, three letters fit half the words.
inline constexpr size_t kEditLettersMin = 3;
inline constexpr size_t kPrefixEditLettersMin = 4;
// More stored words than this do not fit one typed word; narrower typing finds the rest.
inline constexpr size_t kFittingWordsMax = 10'000;
// Typed words beyond this are ignored.
inline constexpr size_t kTypedWordsMax = 8;

enum class Fit : uint8_t {
  kWord,    // Starts with the typed word, or is one edit away from it.
  kPrefix,  // Starts with something one edit away. For when nothing else fits.
};
// `typed` is one folded word. In order, without doubles.
Result<std::set<std::string, std::less<>>> FittingWords(const SpaceReader& space,
                                                        const schema::Collection& collection,
                                                        uint8_t index, std::string_view typed,
                                                        Fit fit);

// The typed words of a text: folded, distinct, at most kTypedWordsMax.
std::vector<std::string> TypedWords(std::string_view text);

// Encoded primary keys, in order, of the records that have a fitting word for every typed one. None
// for a text without words.
Result<std::vector<std::string>> FindByWords(const SpaceReader& space,
                                             const schema::Collection& collection, uint8_t index,
                                             std::string_view text);

}  // namespace tenantry
