#pragma once
// Targeting: the rules that decide whom a popup is shown to, each as a function that records what it
// looked at. The active list, A/B assignment and the storefront script follow these and no others;
// a decision on the server is a call of DecideShow().
//
// Shape    page patterns are a path or a whole address; `*` stands for any text, everything else for
//          itself. The script has the same rule in its own words (server/popups/storefront.js).
// Units    instants in Unix milliseconds; shares in percent.
// Errors   Parse: kCorruption for stored targeting that does not read, which input rules prevent.
// Threads  stateless.
// Source   popups.md §2, §3, §5, §8.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/rule_trace.h"

namespace tenantry::popups {

// --- Single rules ---

// 0 is no limit.
bool BelowViewLimit(int64_t view_limit, int64_t views, RuleTrace* trace);

// Null ends are open; `end` is exclusive.
bool WithinSchedule(std::optional<int64_t> start_unix_ms, std::optional<int64_t> end_unix_ms,
                    int64_t now_unix_ms, RuleTrace* trace);

// Whether one pattern matches the page: its path, its path with query, or its whole address.
bool PageMatches(std::string_view pattern, std::string_view page_url);
// Not on an excluded page, and on a listed one unless none is listed.
bool FitsPage(const std::vector<std::string>& show_on, const std::vector<std::string>& exclude,
              std::string_view page_url, RuleTrace* trace);

// No list means every device.
bool FitsDevice(const std::vector<std::string>& devices, std::string_view device, RuleTrace* trace);

// --- A/B ---

struct TrafficShare {
  std::string popup_id;
  double percent = 0;
};
// The arm of a visitor: the hash modulo 100 walks the shares in order. Empty when they hold nothing.
std::string_view ArmOf(const std::vector<TrafficShare>& shares, uint64_t visitor_hash,
                       RuleTrace* trace);

// --- All together ---

struct Targeting {
  std::vector<std::string> show_on_pages;
  std::vector<std::string> exclude_pages;
  std::vector<std::string> devices;
  static Result<Targeting> Parse(std::string_view json);
};

struct ShowQuestion {
  bool active = false;
  int64_t view_limit = 0;
  int64_t views = 0;
  const Targeting* targeting = nullptr;  // Null: everywhere.
  std::optional<int64_t> start_unix_ms;
  std::optional<int64_t> end_unix_ms;
  std::string_view page_url;
  std::string_view device;
  int64_t now_unix_ms = 0;
};
// True when every rule holds; the trace ends with the one that did not.
bool DecideShow(const ShowQuestion& question, RuleTrace* trace);

}  // namespace tenantry::popups
