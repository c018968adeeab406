#include "engine/codec/words.h"

#include <algorithm>
#include <array>

#include <utf8proc.h>

namespace tenantry::codec {
namespace {

// Letters that people type without their stroke or ligature, but that Unicode does not decompose.
// Case folding comes first, so lower case is enough.
struct Replacement {
  utf8proc_int32_t letter;
  std::string_view plain;
};
constexpr std::array<Replacement, 9> kReplacements = {{{0xE6, "ae"},
                                                       {0xF0, "d"},
                                                       {0xF8, "o"},
                                                       {0xFE, "th"},
                                                       {0x111, "d"},
                                                       {0x127, "h"},
                                                       {0x131, "i"},
                                                       {0x142, "l"},
                                                       {0x153, "oe"}}};

void AppendCodePoint(std::string* out, utf8proc_int32_t letter) {
  for (const Replacement& known : kReplacements) {
    if (known.letter == letter) {
      out->append(known.plain);
      return;
    }
  }
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(letter, bytes);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

bool IsWordCharacter(utf8proc_int32_t letter) {
  const utf8proc_category_t category = utf8proc_category(letter);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

void AddWord(std::string* word, std::vector<std::string>* words) {
  if (word->empty()) return;
  if (words->size() < kWordsMax && std::find(words->begin(), words->end(), *word) == words->end()) {
    words->push_back(*word);
  }
  word->clear();
}

}  // namespace

std::string FoldText(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  if (IsAscii(text)) {
    for (const char c : text) {
      folded.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return folded;
  }
  constexpr auto kOptions =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                     UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  // A character decomposes into at most 18; asking first says how many there are in all.
  const utf8proc_ssize_t count = utf8proc_decompose(bytes, size, nullptr, 0, kOptions);
  if (count <= 0) return folded;
  std::vector<utf8proc_int32_t> letters(static_cast<size_t>(count));
  if (utf8proc_decompose(bytes, size, letters.data(), count, kOptions) != count) return folded;
  for (const utf8proc_int32_t letter : letters) AppendCodePoint(&folded, letter);
  return folded;
}

std::vector<std::string> Words(std::string_view text) {
  const std::string folded = FoldText(text);
  std::vector<std::string> words;
  std::string word;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(folded.data());
  auto left = static_cast<utf8proc_ssize_t>(folded.size());
  while (left > 0) {
    utf8proc_int32_t letter = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(at, left, &letter);
    if (size <= 0) break;
    if (!IsWordCharacter(letter)) {
      AddWord(&word, &words);
    } else if (word.size() + static_cast<size_t>(size) <= kWordBytesMax) {
      word.append(reinterpret_cast<const char*>(at), static_cast<size_t>(size));
    }
    at += size;
    left -= size;
  }
  AddWord(&word, &words);
  return words;
}

}  // namespace tenantry::codec
