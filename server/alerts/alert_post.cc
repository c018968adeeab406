#include "server/alerts/alert_post.h"

#include <utility>

namespace tenantry::alerts {
namespace {

outbound::AddressPolicy Everywhere() {
  Result<outbound::AddressPolicy> policy = outbound::AddressPolicy::Make({"0.0.0.0/0", "::/0"});
  TNT_CHECK(policy.ok());
  return *std::move(policy);
}

}  // namespace

AlertPost::AlertPost(const Clock& clock, std::string url)
    : url_(std::move(url)), caller_(clock, Everywhere()) {}

Status AlertPost::Send(const std::string& body) {
  const outbound::Reply reply = caller_.Post({url_, body, {}});
  if (!reply.status.ok()) {
    return Unavailable("the webhook was not delivered: " + std::string(reply.status.message()));
  }
  if (reply.code >= 200 && reply.code < 300) return Status::Ok();
  return Unavailable("the webhook was answered with status " + std::to_string(reply.code));
}

}  // namespace tenantry::alerts
