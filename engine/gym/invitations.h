#pragma once
// Invitations: how a gym takes somebody in with more than a MEMBER's role.
//
//                       ┌─AcceptInvitation──▶ accepted, and the invitee is a member
//   (none) ─Invite─▶ pending ──DeclineInvitation──▶ declined
//                       ├─CancelInvitation──▶ cancelled
//                       └─at expiresAt──▶ expired (reads as such; written when somebody answers)
//
// Rules    managers invite; only owners invite an OWNER. What the inviter may not grant any more
//          when it is answered is not granted. Whoever holds the code answers; an answer is one
//          command, so it counts once (F59). An accepted invitation never changes a member who is
//          there already.
// Errors   kPermissionDenied, kAlreadyExists for a member's e-mail, kNotFound "Invitation with ID
//          ... not found", kInvalidArgument when not pending or expired.
// Threads  any.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/members.h"
#include "engine/gym/sign_in.h"

namespace tenantry::gym {

using Invitation = codec::Stored<schema::GymInvitation>;

Done<Invitation> Invite(const Scope& scope, schema::GymInvitationInput::Reader input);
Done<Invitation> CancelInvitation(const Scope& scope, std::string_view id);

// Who answers is nobody's member yet.
struct InvitationAnswer {
  Engine& engine;
  TenantRef gym;
  std::string_view code;
  std::string_view request_id;
  ReadTier tier;
};
// OK also when the invitation turned out to be expired, which is written down; then `in` is empty.
struct Accepted {
  Invitation invitation;
  std::optional<SignedIn> in;
};
struct NewInvitee {
  std::string_view name;           // Empty: as invited, else the e-mail's first part.
  std::string_view password_hash;  // Empty: no password yet.
};
Done<Accepted> AcceptInvitation(const InvitationAnswer& answer, const NewInvitee& invitee);
Done<Invitation> DeclineInvitation(const InvitationAnswer& answer, std::string_view reason);

// --- Queries ---

// The gym whose invitation has this id or code.
Result<TenantRef> FindInvitationGym(const ReadView& view, std::string_view id_or_code,
                                    ReadTier tier);
// As readers see it now.
Result<Invitation> GetInvitation(const SpaceReader& space, std::string_view id_or_code,
                                 int64_t now_ms);
// Newest first.
Result<std::vector<Invitation>> ListInvitations(const SpaceReader& space, const Page& page,
                                                int64_t now_ms);
struct InvitationCounts {
  int64_t pending = 0, accepted = 0, declined = 0, expired = 0, cancelled = 0;
  int64_t total() const { return pending + accepted + declined + expired + cancelled; }
};
Result<InvitationCounts> CountInvitations(const SpaceReader& space, int64_t now_ms);

}  // namespace tenantry::gym
