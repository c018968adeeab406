#include "engine/gym/sign_in.h"

#include <algorithm>

#include "engine/gym/members.h"
#include "engine/gym/names.h"
#include "engine/gym/text.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::gym {
namespace {

using Membership = codec::Stored<schema::EmailMembership>;
using MemberRecord = codec::Stored<schema::GymMember>;

constexpr uint8_t kMemberByEmail = 1;

Result<std::vector<Membership>> MembershipsOf(const SpaceReader& directory,
                                              std::string_view email_key) {
  std::vector<Membership> found;
  TNT_RETURN_IF_ERROR(directory.ScanRecords<schema::EmailMembership>(
      {email_key}, false, [&](const Membership& membership) {
        found.push_back(membership);
        return true;
      }));
  std::stable_sort(found.begin(), found.end(), [](const Membership& a, const Membership& b) {
    return a->getLastUsedAt() > b->getLastUsedAt();
  });
  return found;
}

// Adds the member of one gym; nothing when the gym or the member is gone.
Status AddCandidate(const ReadView& view, std::string_view tenant_id, std::string_view email_key,
                    ReadTier tier, LoginCandidates* out) {
  Result<tenant::TenantEntry> entry =
      tenant::Directory::FindAlsoSuspended(view, tenant_id, schema::TenantKind::GYM, tier);
  if (!entry.ok()) {
    return entry.status().code() == StatusCode::kNotFound ? Status::Ok() : entry.status();
  }
  TNT_ASSIGN_OR_RETURN(
      std::optional<MemberRecord> member,
      view.Space(entry->ref, tier).FindUnique<schema::GymMember>(kMemberByEmail, {email_key}));
  if (member) out->gyms.push_back({entry->ref, entry->record, *std::move(member), false, {}});
  return Status::Ok();
}

// Whether signing in here must be written down: another gym was used since, or the note is old.
bool IsTouchDue(const std::vector<Membership>& newest_first, std::string_view tenant_id,
                int64_t now_ms) {
  if (newest_first.empty() || View(newest_first.front()->getTenantId()) != tenant_id) return true;
  const int64_t noted_ms = newest_first.front()->getLastUsedAt();
  const bool tied = newest_first.size() > 1 && newest_first[1]->getLastUsedAt() == noted_ms;
  return tied || now_ms - noted_ms >= kLastUsedEveryMs;
}

Status PlanSignIn(SpaceWriter& space, const LoginCandidate& candidate,
                  std::optional<SignedIn>* out) {
  const std::string_view id = View(candidate.member->getId());
  TNT_ASSIGN_OR_RETURN(const std::optional<MemberRecord> member, FindMember(space, id));
  const bool unchanged =
      member && View((*member)->getPasswordHash()) == View(candidate.member->getPasswordHash());
  if (!space.trace().Check("sign_in.password_unchanged", unchanged, {{"member", id}})) {
    return Unauthenticated("Unauthorized");
  }
  if (!candidate.upgraded_hash.empty()) {
    codec::Draft<schema::GymMember> after(*member);
    after->setPasswordHash(Text(candidate.upgraded_hash));
    TNT_RETURN_IF_ERROR(space.Update(*member, after));
  }
  TNT_ASSIGN_OR_RETURN(IssuedToken token, AddDevice(space, **member));
  TNT_ASSIGN_OR_RETURN(MemberRecord fresh, space.Get<schema::GymMember>({id}));
  out->emplace(SignedIn{std::move(fresh), candidate.record, std::move(token)});
  return Status::Ok();
}

}  // namespace

Result<LoginCandidates> FindLoginCandidates(const ReadView& view, std::string_view email,
                                            std::optional<std::string_view> tenant_id,
                                            int64_t now_ms, ReadTier tier) {
  const std::string email_key = EmailKey(email);
  const SpaceReader directory = view.DirectorySpace(tier);
  TNT_ASSIGN_OR_RETURN(const std::vector<Membership> memberships,
                       MembershipsOf(directory, email_key));
  LoginCandidates candidates;
  if (tenant_id) {
    TNT_RETURN_IF_ERROR(AddCandidate(view, *tenant_id, email_key, tier, &candidates));
  } else {
    candidates.several = memberships.size() > 1;
    for (const Membership& membership : memberships) {
      if (candidates.gyms.size() == kLoginGymsMax) break;
      TNT_RETURN_IF_ERROR(
          AddCandidate(view, View(membership->getTenantId()), email_key, tier, &candidates));
    }
  }
  std::stable_partition(
      candidates.gyms.begin(), candidates.gyms.end(),
      [](const LoginCandidate& candidate) { return !tenant::IsSuspended(*candidate.record); });
  for (LoginCandidate& candidate : candidates.gyms) {
    candidate.touch = IsTouchDue(memberships, View(candidate.record->getId()), now_ms);
  }
  return candidates;
}

Status TouchMembership(DirectoryTransaction& tx, std::string_view email_key,
                       std::string_view tenant_id, std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const std::vector<Membership> memberships, MembershipsOf(tx, email_key));
  codec::Draft<schema::EmailMembership> after;
  after->setEmailKey(Text(std::string(email_key)));
  after->setTenantId(Text(std::string(tenant_id)));
  after->setMemberId(Text(std::string(member_id)));
  int64_t last_used_ms = tx.now_unix_ms();
  const Membership* before = nullptr;
  for (const Membership& membership : memberships) {
    if (View(membership->getTenantId()) == tenant_id) {
      before = &membership;
    } else {
      // Two uses within a millisecond still have an order.
      last_used_ms = std::max(last_used_ms, membership->getLastUsedAt() + 1);
    }
  }
  after->setLastUsedAt(last_used_ms);
  return before ? tx.Update(*before, after) : tx.Insert(after);
}

Done<SignedIn> SignIn(Engine& engine, const LoginCandidate& candidate, std::string_view request_id,
                      ReadTier tier) {
  Done<SignedIn> done;
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kGymLogin),
                         View(candidate.member->getId()), request_id};
  if (candidate.touch) {
    done.outcome = engine.ExecuteDirectory(info, tier, [&](DirectoryTransaction& tx) -> Status {
      TNT_RETURN_IF_ERROR(TouchMembership(tx, View(candidate.member->getEmailKey()),
                                          View(candidate.record->getId()),
                                          View(candidate.member->getId())));
      TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.OpenSpace(candidate.tenant.space()));
      return PlanSignIn(*space, candidate, &done.value);
    });
  } else {
    done.outcome = engine.Execute(candidate.tenant, info, tier, [&](Transaction& tx) {
      return PlanSignIn(tx, candidate, &done.value);
    });
  }
  if (!done.ok()) done.value.reset();
  return done;
}

Done<Refreshed> Refresh(Engine& engine, const TenantRef& tenant, const RefreshToken& shown,
                        std::string_view request_id, ReadTier tier) {
  const Scope scope{engine, tenant, {}, {}, request_id, tier};
  return Run<Refreshed>(scope, CommandKind::kGymRefresh, [&](Transaction& tx) -> Result<Refreshed> {
    TNT_ASSIGN_OR_RETURN(RotationResult rotated, RotateDevice(tx, shown));
    Refreshed refreshed;
    refreshed.rotation = rotated.rotation;
    if (rotated.rotation != Rotation::kRotated) return refreshed;
    TNT_ASSIGN_OR_RETURN(refreshed.member, FindMember(tx, rotated.member_id));
    if (!refreshed.member) return Unauthenticated("Unauthorized");
    refreshed.token = std::move(rotated.issued);
    return refreshed;
  });
}

Done<SignedIn> Reissue(Engine& engine, const tenant::TenantEntry& gym,
                       const ReissueRequest& request, ReadTier tier) {
  const Scope scope{engine, gym.ref, {}, {request.member_id}, request.request_id, tier};
  return Run<SignedIn>(scope, CommandKind::kAnswerReplay, [&](Transaction& tx) -> Result<SignedIn> {
    TNT_ASSIGN_OR_RETURN(std::optional<MemberRecord> member,
                         tx.Find<schema::GymMember>({request.member_id}));
    const bool same = member && (*member)->getTokenEpoch() == request.token_epoch;
    if (!tx.trace().Check("reissue.member_unchanged", same, {{"member", request.member_id}})) {
      return Unauthenticated("Unauthorized");
    }
    TNT_ASSIGN_OR_RETURN(std::optional<IssuedToken> token,
                         ReissueDevice(tx, request.device_id, request.member_id));
    if (!token) return Unauthenticated("Unauthorized");
    return SignedIn{*std::move(member), gym.record, *std::move(token)};
  });
}

Outcome SignOut(const Scope& scope, std::string_view device_id) {
  return scope.engine.Execute(
      scope.tenant, scope.Info(CommandKind::kGymLogout), scope.tier,
      [&](Transaction& tx) { return RevokeDevice(tx, device_id, scope.actor.member_id); });
}

Result<std::optional<std::string>> MemberOfDevice(const SpaceReader& space,
                                                  std::string_view device_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::GymRefreshToken>> device,
                       space.Find<schema::GymRefreshToken>({device_id}));
  if (!device) return std::optional<std::string>();
  return std::optional<std::string>(String((*device)->getMemberId()));
}

Result<bool> IsDeviceAlive(const SpaceReader& space, std::string_view device_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::GymRefreshToken>> device,
                       space.Find<schema::GymRefreshToken>({device_id}));
  return device && (*device)->getRevokedAt() == schema::NULL_INT;
}

}  // namespace tenantry::gym
