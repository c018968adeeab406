#pragma once
// Middleware: which gym a request is about, who sends it, and whether they may, before its handler
// runs.
//
// Rules    order: kind of route, tenant header, token, role (the body is the handler's):
//            kOpen     nothing is asked; the handler may look at the header with ChosenGym().
//            kPublic   header optional, but 400 when malformed or unknown; a valid token of that
//                      gym personalises, any other counts as none. With neither there is no gym:
//                      discovery across all of them.
//            others    header required unless a valid token names the gym: 400 without, malformed
//                      or unknown; then 401 without a valid token of that very gym; then 403 for
//                      the role.
// Errors   as http::Response bodies of the gym family.
// Threads  any; stateless.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/gym/scope.h"
#include "server/context.h"
#include "server/gym/login_guard.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/route.h"

namespace tenantry::server::gym {

namespace domain = tenantry::gym;

// What the gym's handlers share between requests.
struct GymState {
  explicit GymState(const Clock& clock) : logins(clock) {}
  LoginGuard logins;
};

struct Caller {
  codec::Stored<schema::GymMember> member;
  std::string device_id;  // Of the access token.

  domain::Actor actor() const;
};

// What a handler may act on: one consistent state of the database, and for whom.
struct Access {
  ReadView view;
  ReadTier tier;
  std::optional<tenant::TenantEntry> gym;  // Set unless the route is open or this is discovery.
  std::optional<Caller> caller;
  GymState* state = nullptr;  // Set for handlers.

  const TenantRef& tenant() const { return gym->ref; }
  std::string_view tenant_id() const;
  SpaceReader Space() const { return view.Space(gym->ref, tier); }
  // For commands of a signed-in caller.
  domain::Scope Scope(const Context& context, const http::Request& request) const;
};

Result<Access> Authorize(const Context& context, const http::Request& request,
                         http::Permission permission);

// For open routes that take the header: nullopt when it is absent, 400 when malformed or unknown.
Result<std::optional<tenant::TenantEntry>> ChosenGym(const ReadView& view,
                                                     const http::Request& request, ReadTier tier);
// A gym by the id a client sent: kInvalidArgument when malformed or unknown.
Result<tenant::TenantEntry> GymNamed(const ReadView& view, std::string_view id, ReadTier tier);

// For open routes that show more to members of a gym: who sends the request, if their token is of
// that gym.
Result<std::optional<Caller>> CallerIn(const Context& context, const http::Request& request,
                                       const Access& access, const TenantRef& gym);

using Handler = http::Response (*)(const Context&, const Access&, const http::Request&);
// The handler behind its checks, as the route table wants it.
std::function<http::Response(const http::Request&)> Guarded(const Context& context,
                                                            std::shared_ptr<GymState> state,
                                                            http::Permission permission,
                                                            Handler handler);

// An unknown path of the gym family still checks the tenant first: the refusal, or nullopt for
// "answer 404".
std::optional<http::Response> CheckTenantForUnknownPath(const Context& context,
                                                        const http::Request& request);

}  // namespace tenantry::server::gym
