#pragma once
// Bots: which user agents say themselves that they are no visitor. Their events are answered like
// any other and counted under the rule that found them, not as views.
//
// Shape    only what names itself: crawlers, link previews, uptime checks, page auditors. Tools and
//          automated browsers are let through, since shops test their popups with them.
// Threads  stateless; BotMemory belongs to one loop.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/text_hash.h"

namespace tenantry::popups {

// Which rule; 0 is none. The names are metrics of a counter, on disk: never renumbered or renamed.
enum class BotRule : uint8_t { kNone = 0, kCrawler = 1, kPreview = 2, kMonitor = 3, kAuditor = 4 };
inline constexpr std::string_view kBotRuleNames[] = {"", "crawler", "preview", "monitor",
                                                     "auditor"};

BotRule FindBot(std::string_view user_agent);

// Remembers verdicts: a storefront's visitors share a few thousand user agents.
class BotMemory {
 public:
  BotRule Find(std::string_view user_agent);

 private:
  static constexpr size_t kAgentsMax = 4096;  // About 1 MiB; then it starts over.
  static constexpr size_t kAgentBytesMax = 512;
  std::unordered_map<std::string, BotRule, TextHash, std::equal_to<>> known_;
};

}  // namespace tenantry::popups
