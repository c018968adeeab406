#pragma once
// Signup: a new gym with its first member, and a new member of an existing gym.
//
// Rules    a gym's name is unique after trimming, an e-mail within its gym ignoring case. Whoever
//          creates a gym has owner rights in it, whatever label they asked for; strangers who join
//          are MEMBER (F2).
// Errors   kAlreadyExists for a taken name or e-mail; kNotFound when the gym is gone.
// Threads  any.

#include <string_view>

#include "engine/codec/json_in.h"
#include "engine/gym/sign_in.h"
#include "engine/schema/gym_input.capnp.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {

// Looks for conflicts before time goes into hashing a password; the commands look again.
Status CheckGymNameFree(const ReadView& view, std::string_view name, ReadTier tier);
Status CheckEmailFree(const ReadView& view, const TenantRef& tenant, std::string_view email,
                      ReadTier tier);

struct CreateGym {
  schema::GymSignupInput::Reader input;
  std::string_view password_hash;
  std::string_view request_id;
};
Done<SignedIn> SignUpGym(Engine& engine, const CreateGym& request, ReadTier tier);

struct JoinGym {
  const tenant::TenantEntry& gym;
  std::string_view email;
  std::string_view name;
  std::string_view password_hash;
  std::string_view request_id;
};
Done<SignedIn> SignUpMember(Engine& engine, const JoinGym& request, ReadTier tier);

}  // namespace tenantry::gym
