#include "engine/word_search.h"

#include <algorithm>

#include "engine/codec/words.h"

namespace tenantry {
namespace {

using WordSet = std::set<std::string, std::less<>>;

size_t LetterBytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

std::vector<std::string> LettersOf(std::string_view word) {
  std::vector<std::string> letters;
  while (!word.empty()) {
    const size_t bytes = std::min(LetterBytes(word.front()), word.size());
    letters.emplace_back(word.substr(0, bytes));
    word.remove_prefix(bytes);
  }
  return letters;
}

std::string Join(const std::vector<std::string>& letters, size_t from, size_t until) {
  std::string text;
  for (size_t i = from; i < until; ++i) text.append(letters[i]);
  return text;
}

class Walk {
 public:
  Walk(WordCursor* words, Fit fit, WordSet* found) : words_(*words), fit_(fit), found_(*found) {}

  // Every word that starts with `start`.
  Status AddStarting(const std::string& start) {
    TNT_RETURN_IF_ERROR(words_.Seek(start));
    while (words_.Valid() && words_.word().starts_with(start) && found_.size() < kFittingWordsMax) {
      const std::string word = words_.word();
      found_.insert(word);
      TNT_RETURN_IF_ERROR(words_.Seek(word + '\x01'));
    }
    return Status::Ok();
  }

  // Words one edit away from the letters.
  Status AddEdited(const std::vector<std::string>& letters) {
    const size_t count = letters.size();
    for (size_t i = 0; i <= count; ++i) {
      const std::string head = Join(letters, 0, i);
      const std::string tail = Join(letters, i, count);
      if (i < count) TNT_RETURN_IF_ERROR(Add(head + Join(letters, i + 1, count)));
      if (i + 1 < count) {
        TNT_RETURN_IF_ERROR(Add(head + letters[i + 1] + letters[i] + Join(letters, i + 2, count)));
      }
      TNT_RETURN_IF_ERROR(AddAnyLetterAfter(
          head, tail, i < count ? std::optional(Join(letters, i + 1, count)) : std::nullopt));
    }
    return Status::Ok();
  }

 private:
  // A candidate: itself, or all that start with it.
  Status Add(const std::string& candidate) {
    if (candidate.empty()) return Status::Ok();
    if (fit_ == Fit::kPrefix) return AddStarting(candidate);
    TNT_RETURN_IF_ERROR(words_.Seek(candidate));
    if (words_.Valid() && words_.word() == candidate) found_.insert(candidate);
    return Status::Ok();
  }

  // Each letter that does follow `head` somewhere: put in before `tail`, and in place of the letter
  // that `rest` lacks.
  Status AddAnyLetterAfter(const std::string& head, const std::string& tail,
                           const std::optional<std::string>& rest) {
    TNT_RETURN_IF_ERROR(words_.Seek(head));
    while (words_.Valid() && words_.word().starts_with(head)) {
      const std::string word = words_.word();
      if (word.size() == head.size()) {
        TNT_RETURN_IF_ERROR(words_.Seek(head + '\x01'));
        continue;
      }
      const std::string start = word.substr(0, head.size() + LetterBytes(word[head.size()]));
      TNT_RETURN_IF_ERROR(Add(start + tail));
      if (rest) TNT_RETURN_IF_ERROR(Add(start + *rest));
      TNT_RETURN_IF_ERROR(words_.Skip(start));
    }
    return Status::Ok();
  }

  WordCursor& words_;
  const Fit fit_;
  WordSet& found_;
};

}  // namespace

Result<WordSet> FittingWords(const SpaceReader& space, const schema::Collection& collection,
                             uint8_t index, std::string_view typed, Fit fit) {
  WordSet found;
  WordCursor words = space.OpenWords(collection, index);
  Walk walk(&words, fit, &found);
  const std::vector<std::string> letters = LettersOf(typed);
  if (letters.empty()) return found;
  if (fit == Fit::kWord) TNT_RETURN_IF_ERROR(walk.AddStarting(std::string(typed)));
  const size_t least = fit == Fit::kWord ? kEditLettersMin : kPrefixEditLettersMin;
  if (letters.size() >= least) TNT_RETURN_IF_ERROR(walk.AddEdited(letters));
  return found;
}

std::vector<std::string> TypedWords(std::string_view text) {
  std::vector<std::string> words = codec::Words(text);
  if (words.size() > kTypedWordsMax) words.resize(kTypedWordsMax);
  return words;
}

Result<std::vector<std::string>> FindByWords(const SpaceReader& space,
                                             const schema::Collection& collection, uint8_t index,
                                             std::string_view text) {
  std::vector<std::string> result;
  bool first = true;
  for (const std::string& typed : TypedWords(text)) {
    TNT_ASSIGN_OR_RETURN(WordSet fitting,
                         FittingWords(space, collection, index, typed, Fit::kWord));
    if (fitting.empty()) {
      TNT_ASSIGN_OR_RETURN(fitting, FittingWords(space, collection, index, typed, Fit::kPrefix));
    }
    WordSet keys;
    for (const std::string& word : fitting) {
      TNT_RETURN_IF_ERROR(space.ScanIndexKeys(collection,
                                              {.index = index, .equal = {std::string_view(word)}},
                                              [&keys](std::string_view primary_key) {
                                                keys.emplace(primary_key);
                                                return true;
                                              }));
    }
    if (first) {
      result.assign(keys.begin(), keys.end());
    } else {
      std::erase_if(result, [&keys](const std::string& key) { return !keys.contains(key); });
    }
    first = false;
  }
  return result;
}

}  // namespace tenantry
