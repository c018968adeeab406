#include "engine/popups/targeting.h"

#include <algorithm>

#include <re2/re2.h>

#include "engine/codec/json_in.h"
#include "engine/popups/text.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::popups {
namespace {

bool Record(RuleTrace* trace, std::string_view rule, bool held, std::vector<RuleFact> facts) {
  return trace == nullptr ? held : trace->Check(rule, held, std::move(facts));
}

re2::StringPiece Piece(std::string_view text) {
  return {text.data(), text.size()};
}

// The pattern as a regular expression for the whole text. RE2 needs time linear in the page whatever
// a merchant writes.
std::string ExpressionOf(std::string_view pattern) {
  std::string expression;
  while (true) {
    const size_t star = std::min(pattern.find('*'), pattern.size());
    expression += re2::RE2::QuoteMeta(Piece(pattern.substr(0, star)));
    if (star == pattern.size()) return expression;
    expression += ".*";
    pattern.remove_prefix(star + 1);
  }
}

struct PageParts {
  std::string_view whole;
  std::string_view path_and_query;
  std::string_view path;
  std::string_view path_without_slash;
};

PageParts SplitPage(std::string_view url) {
  PageParts page;
  page.whole = url;
  const size_t scheme = url.find("://");
  std::string_view rest = url;
  if (scheme != std::string_view::npos) {
    rest.remove_prefix(scheme + 3);
    rest.remove_prefix(std::min(rest.find_first_of("/?#"), rest.size()));
  }
  rest = rest.substr(0, rest.find('#'));
  page.path_and_query = rest.empty() ? std::string_view("/") : rest;
  page.path = page.path_and_query.substr(0, page.path_and_query.find('?'));
  if (page.path.empty()) page.path = "/";
  page.path_without_slash = page.path;
  while (page.path_without_slash.size() > 1 && page.path_without_slash.back() == '/') {
    page.path_without_slash.remove_suffix(1);
  }
  return page;
}

bool AnyPageMatches(const std::vector<std::string>& patterns, std::string_view page_url) {
  return std::any_of(patterns.begin(), patterns.end(), [page_url](const std::string& pattern) {
    return PageMatches(pattern, page_url);
  });
}

std::vector<std::string> TextsOf(const capnp::List<capnp::Text>::Reader& list) {
  std::vector<std::string> texts;
  for (const auto text : list) texts.emplace_back(View(text));
  return texts;
}

}  // namespace

bool BelowViewLimit(int64_t view_limit, int64_t views, RuleTrace* trace) {
  return Record(trace, "popup.view_limit", view_limit == 0 || views < view_limit,
                {{"viewLimit", view_limit}, {"views", views}});
}

bool WithinSchedule(std::optional<int64_t> start_unix_ms, std::optional<int64_t> end_unix_ms,
                    int64_t now_unix_ms, RuleTrace* trace) {
  const bool begun = !start_unix_ms.has_value() || *start_unix_ms <= now_unix_ms;
  const bool open = !end_unix_ms.has_value() || now_unix_ms < *end_unix_ms;
  return Record(trace, "popup.schedule", begun && open, {{"begun", begun}, {"open", open}});
}

bool PageMatches(std::string_view pattern, std::string_view page_url) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // Bytes; a page need not be UTF-8.
  const re2::RE2 expression(ExpressionOf(pattern), options);
  if (!expression.ok()) return false;  // Larger than RE2 takes: it names no page.
  const PageParts page = SplitPage(page_url);
  for (const std::string_view text :
       {page.path, page.path_without_slash, page.path_and_query, page.whole}) {
    if (re2::RE2::FullMatch(Piece(text), expression)) return true;
  }
  return false;
}

bool FitsPage(const std::vector<std::string>& show_on, const std::vector<std::string>& exclude,
              std::string_view page_url, RuleTrace* trace) {
  const bool excluded = AnyPageMatches(exclude, page_url);
  const bool listed = show_on.empty() || AnyPageMatches(show_on, page_url);
  return Record(trace, "popup.page", listed && !excluded,
                {{"listed", listed}, {"excluded", excluded}});
}

bool FitsDevice(const std::vector<std::string>& devices, std::string_view device,
                RuleTrace* trace) {
  const bool fits =
      devices.empty() || std::find(devices.begin(), devices.end(), device) != devices.end();
  return Record(trace, "popup.device", fits, {{"device", device}});
}

std::string_view ArmOf(const std::vector<TrafficShare>& shares, uint64_t visitor_hash,
                       RuleTrace* trace) {
  const auto place = static_cast<double>(visitor_hash % 100);
  double upper = 0;
  std::string_view arm;
  for (const TrafficShare& share : shares) {
    upper += share.percent;
    // An arm of 0 % ends where it began, so no place lies below its end alone.
    if (place < upper && share.percent > 0) {
      arm = share.popup_id;
      break;
    }
  }
  Record(trace, "ab.arm", !arm.empty(),
         {{"place", static_cast<int64_t>(visitor_hash % 100)}, {"popupId", arm}});
  return arm;
}

Result<Targeting> Targeting::Parse(std::string_view json) {
  const auto input = codec::Input<schema::PopupTargeting>::Decode(json);
  if (!input.ok()) return Corruption("stored targeting does not read");
  Targeting targeting;
  targeting.show_on_pages = TextsOf((**input).getShowOnPages());
  targeting.exclude_pages = TextsOf((**input).getExcludePages());
  for (const schema::PopupDevice device : (**input).getDeviceTypes()) {
    constexpr std::string_view kNames[] = {"desktop", "mobile", "tablet"};
    targeting.devices.emplace_back(kNames[static_cast<size_t>(device)]);
  }
  return targeting;
}

bool DecideShow(const ShowQuestion& question, RuleTrace* trace) {
  if (!Record(trace, "popup.active", question.active, {})) return false;
  if (!BelowViewLimit(question.view_limit, question.views, trace)) return false;
  if (!WithinSchedule(question.start_unix_ms, question.end_unix_ms, question.now_unix_ms, trace)) {
    return false;
  }
  if (question.targeting == nullptr) return true;
  return FitsDevice(question.targeting->devices, question.device, trace) &&
         FitsPage(question.targeting->show_on_pages, question.targeting->exclude_pages,
                  question.page_url, trace);
}

}  // namespace tenantry::popups
