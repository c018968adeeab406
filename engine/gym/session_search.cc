#include "engine/gym/session_search.h"

#include <limits>
#include <set>

#include "engine/codec/words.h"
#include "engine/gym/text.h"
#include "engine/word_search.h"

namespace tenantry::gym {
namespace {

using NameSet = std::set<std::string, std::less<>>;

constexpr uint8_t kTypeWords = 20;
constexpr uint8_t kInstructorWords = 20;
constexpr uint8_t kByTypeAndStatus = 4;

// Where one typed word fits.
struct Places {
  NameSet types;  // Ids.
  NameSet instructor_words;
  bool empty() const { return types.empty() && instructor_words.empty(); }
};

Result<Places> Look(const SpaceReader& space, std::string_view typed, Fit fit) {
  const schema::Collection& types = schema::CollectionOf<schema::GymSessionType>();
  Places places;
  TNT_ASSIGN_OR_RETURN(const NameSet words, FittingWords(space, types, kTypeWords, typed, fit));
  bool whole = true;
  for (const std::string& word : words) {
    TNT_RETURN_IF_ERROR(
        space.ScanIndexKeys(types, {.index = kTypeWords, .equal = {std::string_view(word)}},
                            [&](std::string_view primary_key) {
                              std::string id;
                              whole = keys::TakeText(&primary_key, &id);
                              if (whole) places.types.insert(std::move(id));
                              return whole;
                            }));
    if (!whole) return Corruption("a word row does not split");
  }
  TNT_ASSIGN_OR_RETURN(places.instructor_words,
                       FittingWords(space, schema::CollectionOf<schema::GymSession>(),
                                    kInstructorWords, typed, fit));
  return places;
}

bool Fits(const Session& session, const Places& places) {
  if (places.types.contains(View(session->getSessionTypeId()))) return true;
  if (places.instructor_words.empty()) return false;
  for (const std::string& word : codec::Words(View(session->getInstructor()))) {
    if (places.instructor_words.contains(word)) return true;
  }
  return false;
}

// The index ranges that hold every session with the first word.
std::vector<IndexRange> RangesOf(const Places& places, const InstantRange& starts) {
  const int64_t scheduled = static_cast<int64_t>(schema::GymSessionStatus::SCHEDULED);
  std::vector<IndexRange> ranges;
  for (const std::string& id : places.types) {
    ranges.push_back({.index = kByTypeAndStatus, .equal = {std::string_view(id), scheduled}});
  }
  for (const std::string& word : places.instructor_words) {
    ranges.push_back({.index = kInstructorWords, .equal = {std::string_view(word), scheduled}});
  }
  for (IndexRange& range : ranges) {
    range.from = starts.from_ms;
    range.until = starts.until_ms;
  }
  return ranges;
}

Result<SessionPage> Gather(const SpaceReader& space, const SessionFilter& filter,
                           const std::vector<Places>& words, uint64_t wanted) {
  SessionMatcher matcher(space, filter);
  NameSet seen;
  SessionPage found;
  Status failed;
  const auto visit = [&](const Session& session) {
    if (!seen.insert(String(session->getId())).second) return true;
    for (const Places& places : words) {
      if (!Fits(session, places)) return true;
    }
    const Result<bool> matches = matcher.Matches(session);
    if (!matches.ok()) failed = matches.status();
    if (matches.ok() && *matches) found.rows.push_back(session);
    return matches.ok();
  };
  for (const IndexRange& range : RangesOf(words.front(), StartsWithin(filter))) {
    TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymSession>(range, visit));
    TNT_RETURN_IF_ERROR(failed);
  }
  found.total = found.rows.size();
  SortByStart(wanted, &found.rows);
  return found;
}

}  // namespace

Result<SessionPage> SearchSessions(const SpaceReader& space, const SessionSearch& search,
                                   uint64_t wanted) {
  SessionFilter filter = search.filter;
  filter.location_id.clear();
  filter.available_only = false;
  if (!filter.date && !filter.today && !filter.starts) {
    filter.starts = {filter.now_ms, std::numeric_limits<int64_t>::max()};
  }
  const std::vector<std::string> typed = TypedWords(search.text);
  if (typed.empty()) return ListSessions(space, filter, {1, wanted});
  std::vector<Places> words;
  for (const std::string& word : typed) {
    TNT_ASSIGN_OR_RETURN(Places places, Look(space, word, Fit::kWord));
    if (places.empty()) {
      TNT_ASSIGN_OR_RETURN(places, Look(space, word, Fit::kPrefix));
    }
    if (places.empty()) return SessionPage();
    words.push_back(std::move(places));
  }
  return Gather(space, filter, words, wanted);
}

}  // namespace tenantry::gym
