#pragma once
// Sign-in: how a person becomes a signed-in member: by password, by refresh token, or just after
// signing up.
//
// Rules    passwords are judged by the caller, who gets candidates with their hashes first and then
//          names the one that matched; the command checks again that the hash is still the
//          member's.
// Errors   SignIn: kUnauthenticated when the member or its password changed meanwhile.
// Threads  any.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/devices.h"
#include "engine/gym/scope.h"
#include "engine/schema/directory.capnp.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {

// A password is tried against this many gyms of an e-mail, the most recently used first.
inline constexpr size_t kLoginGymsMax = 5;
// Using the same gym again writes "last used" only this often, unless another gym was used in
// between.
inline constexpr int64_t kLastUsedEveryMs = 3'600'000;

struct SignedIn {
  codec::Stored<schema::GymMember> member;
  codec::Stored<schema::Tenant> tenant;
  IssuedToken token;
};

struct LoginCandidate {
  TenantRef tenant;
  codec::Stored<schema::Tenant> record;
  codec::Stored<schema::GymMember> member;
  bool touch = false;         // "Last used" is due.
  std::string upgraded_hash;  // Set by who judged the password: replaces the member's hash.
};
struct LoginCandidates {
  // Most recently used first, at most kLoginGymsMax; suspended ones behind the others.
  std::vector<LoginCandidate> gyms;
  bool several = false;  // The e-mail is known in more than one gym and none was chosen.
};
// With `tenant_id`, only that gym is looked at.
Result<LoginCandidates> FindLoginCandidates(const ReadView& view, std::string_view email,
                                            std::optional<std::string_view> tenant_id,
                                            int64_t now_ms, ReadTier tier);

Done<SignedIn> SignIn(Engine& engine, const LoginCandidate& candidate, std::string_view request_id,
                      ReadTier tier);

// OK also when the token was refused; then `value->token` is empty and the member is not signed in.
struct Refreshed {
  Rotation rotation = Rotation::kRefused;
  std::optional<codec::Stored<schema::GymMember>> member;  // Set when rotated.
  IssuedToken token;
};
Done<Refreshed> Refresh(Engine& engine, const TenantRef& tenant, const RefreshToken& shown,
                        std::string_view request_id, ReadTier tier);

// Signs in again who was signed in by a request that is repeated: same device, fresh tokens. kUnauthenticated when the device
// was signed out since, or the member's tokens were ended.
struct ReissueRequest {
  std::string_view member_id;
  std::string_view device_id;
  int64_t token_epoch = 0;
  std::string_view request_id;
};
Done<SignedIn> Reissue(Engine& engine, const tenant::TenantEntry& gym,
                       const ReissueRequest& request, ReadTier tier);

// Ends the device of the actor that is named by a refresh token or by an access token's family.
Outcome SignOut(const Scope& scope, std::string_view device_id);

// False once the family was signed out, or forgotten.
// Whose device it is, alive or not; nullopt for one we do not know.
Result<std::optional<std::string>> MemberOfDevice(const SpaceReader& space,
                                                  std::string_view device_id);
Result<bool> IsDeviceAlive(const SpaceReader& space, std::string_view device_id);

// A step of directory commands: the gym was used now, so it is tried first next time.
Status TouchMembership(DirectoryTransaction& tx, std::string_view email_key,
                       std::string_view tenant_id, std::string_view member_id);

}  // namespace tenantry::gym
