#include "engine/popups/bots.h"

#include "engine/popups/text.h"

namespace tenantry::popups {
namespace {

struct Mark {
  std::string_view text;  // In lower case.
  BotRule rule;
};

// Looked for anywhere; previews and auditors come before the general word "bot" in some of them.
constexpr Mark kMarks[] = {{"facebookexternalhit", BotRule::kPreview},
                           {"whatsapp/", BotRule::kPreview},
                           {"slackbot", BotRule::kPreview},
                           {"twitterbot", BotRule::kPreview},
                           {"telegrambot", BotRule::kPreview},
                           {"discordbot", BotRule::kPreview},
                           {"linkedinbot", BotRule::kPreview},
                           {"skypeuripreview", BotRule::kPreview},
                           {"uptimerobot", BotRule::kMonitor},
                           {"pingdom", BotRule::kMonitor},
                           {"statuscake", BotRule::kMonitor},
                           {"site24x7", BotRule::kMonitor},
                           {"chrome-lighthouse", BotRule::kAuditor},
                           {"gtmetrix", BotRule::kAuditor},
                           {"pagespeed", BotRule::kAuditor},
                           {"crawler", BotRule::kCrawler},
                           {"spider", BotRule::kCrawler},
                           {"slurp", BotRule::kCrawler},
                           {"mediapartners-google", BotRule::kCrawler}};

bool IsLetter(char c) {
  return c >= 'a' && c <= 'z';
}

// "bot" at the end of a word, as in Googlebot/2.1. Cubot makes telephones.
bool NamesABot(std::string_view lower) {
  for (size_t at = lower.find("bot"); at != std::string_view::npos;
       at = lower.find("bot", at + 3)) {
    const bool ends = at + 3 == lower.size() || !IsLetter(lower[at + 3]);
    const bool telephone = at >= 2 && lower.substr(at - 2, 2) == "cu";
    if (ends && !telephone) return true;
  }
  return false;
}

}  // namespace

BotRule FindBot(std::string_view user_agent) {
  const std::string lower = LowerAscii(user_agent);
  for (const Mark& mark : kMarks) {
    if (lower.find(mark.text) != std::string::npos) return mark.rule;
  }
  return NamesABot(lower) ? BotRule::kCrawler : BotRule::kNone;
}

BotRule BotMemory::Find(std::string_view user_agent) {
  if (user_agent.size() > kAgentBytesMax) return FindBot(user_agent);
  if (const auto at = known_.find(user_agent); at != known_.end()) return at->second;
  if (known_.size() >= kAgentsMax) known_.clear();
  return known_.emplace(user_agent, FindBot(user_agent)).first->second;
}

}  // namespace tenantry::popups
