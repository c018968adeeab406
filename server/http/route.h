#pragma once
// Route: one row of the one table that routing, permission checks, OpenAPI, metric labels and the
// role test read.

#include <cstdint>
#include <functional>
#include <string_view>

#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::http {

enum class Module : uint8_t { kGym, kPopups, kShared };

// Who may call. The middleware of each module enforces it before the handler runs.
enum class Permission : uint8_t {
  kOpen,          // Nobody is asked.
  kPublic,        // Gym browsing: a token is optional and personalises.
  kAny,           // Any signed-in member.
  kCrew,          // OWNER, ADMIN, TRAINER, STAFF.
  kManager,       // OWNER, ADMIN.
  kStorefront,    // Popups: any origin, no credentials.
  kShopKey,       // Popups: the shop's key, unless --shop-auth open.
  kLoopbackOnly,  // Operations.
};

// Which rate limit counts the request (crosscutting.md L1-L4, L9).
enum class RateClass : uint8_t {
  kDefault,
  kViews,
  kConversions,
  kStats,
  kPopupStats,  // Counted per client and, by the first path parameter, per popup (L9).
  kStorefront,  // The rest are classes of their own only when configured (L9, K9).
  kSignUp,
  kLogIn,
  kRefresh,
  kExempt
};

// How long an answer may be reused (crosscutting.md C1-C5).
enum class CacheClass : uint8_t {
  kNone,
  kActivePopups,
  kPopup,
  kPopupStats,
  kShopStats,
  kGymPublic,
  kScript
};

// Where the handler runs: on the loop; on a worker that may wait for a disk; on the few
// low-priority workers that hash passwords, so that a login storm cannot hold up anything else.
enum class Lane : uint8_t { kInline, kBlocking, kHashing };

struct Route {
  Method method;
  // Literal segments and ":name" segments, such as "/sessions/:id/checkin". Literal segments ignore
  // case.
  std::string_view path;
  // operationId: unique, camelCase, used as metric label and in OpenAPI.
  std::string_view name;
  Module module;
  Permission permission;
  RateClass rate;
  CacheClass cache;
  Lane lane;
  // Runs the request. Must not throw for bad input.
  std::function<Response(const Request&)> handler;
};

}  // namespace tenantry::http
