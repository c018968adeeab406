#pragma once
// ShopGate: who may manage a shop (crosscutting.md K3, K4; F10).
//
//   --shop-auth keys   a management request shows a key: none or a wrong one is 401, another
//                      shop's is 404
//   --shop-auth open   a shop without keys is open to anyone; one with a key is locked, as above
//
// Errors   kUnauthenticated, kNotFound, kWouldBlock.
// Threads  any; stateless. Borrows the options.

#include <string>
#include <string_view>

#include "engine/engine.h"
#include "server/context.h"
#include "server/http/request.h"

namespace tenantry::server::popups {

class ShopGate {
 public:
  explicit ShopGate(const ServerOptions& options) : options_(options) {}

  // Lets the request manage `shop_id`; returns who it is, for the audit trail.
  Result<std::string> Admit(const ReadView& view, const http::Request& request,
                            std::string_view shop_id) const;
  // As far as that can be said before the shop is known: refuses a missing or wrong key in keys
  // mode.
  Status AdmitUnnamed(const ReadView& view, const http::Request& request) const;
  // Admits to the shop that the query parameter `shopId` names, and returns the shop id.
  // kInvalidArgument without one.
  struct Admitted {
    std::string shop_id;
    std::string actor;
  };
  Result<Admitted> AdmitQuery(const ReadView& view, const http::Request& request) const;

 private:
  Result<std::string> WhoIs(const ReadView& view, const http::Request& request,
                            std::string_view shop_id) const;

  const ServerOptions& options_;
};

// The query parameter `shopId`, for routes that need no key. kInvalidArgument "shopId is required".
Result<std::string> QueryShop(const http::Request& request);

}  // namespace tenantry::server::popups
