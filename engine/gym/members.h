#pragma once
// Members: the people of one gym: who they are, what they may be made, and what they tell of
// themselves.
//
// Rules    an e-mail is unique within its gym ignoring case. Only owners make owners and admins, or
//          change one other than themselves; the last OWNER keeps the role. The record of a deleted
//          account stays, blank, and counts as absent everywhere (account.h).
// Errors   kNotFound "Member with ID ... not found"; kAlreadyExists for a taken e-mail;
//          kPermissionDenied and kConflict for the rules above.
// Threads  any.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/gym/scope.h"
#include "engine/gym/session_queries.h"
#include "engine/schema/gym_input.capnp.h"

namespace tenantry::gym {

using Member = codec::Stored<schema::GymMember>;

// --- Queries ---

Result<std::optional<Member>> FindMember(const SpaceReader& space, std::string_view id);
Result<std::optional<Member>> FindMemberByEmail(const SpaceReader& space, std::string_view email);
Result<Member> GetMember(const SpaceReader& space, std::string_view id);
// kAlreadyExists when a member of this gym has the e-mail.
Status CheckEmailFree(const SpaceReader& space, std::string_view email);

struct MemberPage {
  std::vector<Member> rows;  // Newest first.
  uint64_t total = 0;
};
Result<MemberPage> ListMembers(const SpaceReader& space, std::optional<schema::GymRole> role,
                               const Page& page);

// Somebody other than `member_id` is labelled OWNER.
Result<bool> HasOtherOwner(const SpaceReader& space, std::string_view member_id);
// Somebody other than `member_id` has the rights of an owner: by label, or as the gym's founder.
Result<bool> HasOtherOwnerRights(const SpaceReader& space, std::string_view member_id);

// 0 to 100: an eighth each for name, e-mail, phone number and photo, half for a role's profile.
int64_t ProfileCompleteness(const schema::GymMember::Reader& member);

// --- Commands ---

struct NewMember {
  std::string_view tenant_id;
  std::string_view email;
  std::string_view name;
  std::string_view password_hash;  // Empty: cannot sign in by password.
  schema::GymRole role = schema::GymRole::MEMBER;
  bool owner_rights = false;
};
// A step of directory commands: the member, counted, and the way from its e-mail to this gym.
Result<Member> InsertMember(DirectoryTransaction& tx, SpaceWriter& space, const NewMember& member);

Done<Member> AddMember(const Scope& scope, const NewMember& member);
// A changed e-mail ends the member's access tokens, which name the old one.
Done<Member> ChangeMember(const Scope& scope, std::string_view member_id,
                          const codec::Input<schema::GymMemberPatch>& in);
// Of the actor. Fields that the body lacks stay; protected ones are no part of it (F4).
Done<Member> ChangeProfile(const Scope& scope, const codec::Input<schema::GymProfileInput>& in);

enum class ProfileKind { kOwner, kTrainer, kClient, kStaff };
struct CompletedProfile {
  ProfileKind kind;
  const codec::Input<schema::GymProfileInput>& common;
  std::string document;      // JSON object; empty: the body told nothing of the role.
  std::string trainer_type;  // For trainers, who also get their code.
};
Done<Member> CompleteProfile(const Scope& scope, const CompletedProfile& profile);

}  // namespace tenantry::gym
