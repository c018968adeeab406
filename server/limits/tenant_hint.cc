#include "server/limits/tenant_hint.h"

#include <string_view>

#include "engine/base/checksum.h"

namespace tenantry::limits {
namespace {

// Bodies that name a popup or shop are small; a larger one is not worth a search.
constexpr size_t kBodySearched = 4096;

// The text of member `name` (with its quotes) of a JSON object; empty unless the name stands there exactly once.
std::string_view MemberText(std::string_view body, std::string_view name) {
  const size_t at = body.find(name);
  if (at == std::string_view::npos || body.find(name, at + 1) != std::string_view::npos) return {};
  std::string_view rest = body.substr(at + name.size());
  const size_t open = rest.find_first_not_of(" \t\r\n:");
  if (open == std::string_view::npos || rest[open] != '"') return {};
  rest.remove_prefix(open + 1);
  const size_t close = rest.find('"');
  // An escape could spell the same id in another way.
  if (close == std::string_view::npos ||
      rest.substr(0, close).find('\\') != std::string_view::npos) {
    return {};
  }
  return rest.substr(0, close);
}

// A random id of ours, which belongs to one tenant; other path parameters are words that any tenant may use.
bool IsId(std::string_view text) {
  if (text.size() == 25) return text.front() == 'c';
  return text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' &&
         text[23] == '-';
}

uint64_t HashOf(char kind, std::string_view text, uint64_t seed) {
  return Hash64(text, seed + static_cast<uint64_t>(kind)) | 1;
}

// Shorter ones are no tokens or keys of ours, but words such as "Bearer null" that many clients send.
constexpr size_t kTokenBytesMin = 32;

uint64_t HashOfToken(const http::Request& request, uint64_t seed) {
  const auto token = request.FindHeader("authorization");
  return token && token->size() >= kTokenBytesMin ? HashOf('a', *token, seed) : 0;
}

// A gym's header and token must agree, or the request fails and teaches nothing.
uint64_t HintOfGym(const http::Request& request, const http::Route& route, uint64_t seed,
                   uint64_t route_seed) {
  // Sign-up, sign-in and the like choose their gym by other means.
  if (route.permission == http::Permission::kOpen) return 0;
  if (const auto header = request.FindHeader("x-tenant-id")) return HashOf('h', *header, seed);
  if (const uint64_t token = HashOfToken(request, seed)) return token;
  if (request.params.count == 0 || !IsId(request.params.values[0])) return 0;
  return HashOf('p', request.params.values[0], route_seed);
}

uint64_t HintOfBody(std::string_view body, uint64_t seed) {
  // A body with an escape may hide a second name from the search.
  if (body.size() > kBodySearched || body.find('\\') != std::string_view::npos) return 0;
  const std::string_view popup = MemberText(body, "\"popupId\"");
  if (IsId(popup)) return HashOf('p', popup, seed);
  const std::string_view shop = MemberText(body, "\"shopId\"");
  return shop.empty() ? 0 : HashOf('s', shop, seed);
}

uint64_t HintOfShop(const http::Request& request, const http::Route& route, uint64_t seed) {
  if (request.params.count > 0) {
    const std::string& first = request.params.values[0];
    if (IsId(first)) return HashOf('p', first, seed);
    if (route.path.starts_with("/analytics/shop/") || route.path.starts_with("/shops/")) {
      return HashOf('s', first, seed);
    }
  }
  if (!request.body.empty()) return HintOfBody(request.body, seed);
  if (const auto shop = request.FindQuery("shopId")) return HashOf('s', *shop, seed);
  return HashOfToken(request, seed);
}

}  // namespace

uint64_t HintOf(const http::Request& request, const http::Route& route, uint64_t seed) {
  const uint64_t route_seed = Hash64(route.name, seed);
  switch (route.module) {
    case http::Module::kGym:
      return HintOfGym(request, route, seed, route_seed);
    case http::Module::kPopups:
      return HintOfShop(request, route, route_seed);
    case http::Module::kShared:
      return 0;
  }
  return 0;
}

uint64_t HintTable::Find(uint64_t hint) const {
  if (entries_.empty() || hint == 0) return 0;
  const Entry& entry = entries_[hint >> 1 & (kEntries - 1)];
  return entry.hint == hint ? entry.tenant : 0;
}

void HintTable::Learn(uint64_t hint, uint64_t tenant) {
  if (hint == 0) return;
  if (entries_.empty()) entries_.resize(kEntries);
  entries_[hint >> 1 & (kEntries - 1)] = {hint, tenant};
}

}  // namespace tenantry::limits
