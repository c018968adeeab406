#pragma once
// MemberRender: the shapes in which members are shown. Each is a type of answer of its own: a list
// for staff, one's own card, the full profile of oneself or for staff. What others see is the
// MemberRef of render.h. Hashes and tokens are internal fields, which no serializer writes (F3).
//
// Threads  stateless.

#include <string>

#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "server/gym/middleware.h"

namespace tenantry::server::gym {

// A row of GET /members.
void AppendMemberRow(std::string* out, const domain::Member& member,
                     const domain::MemberStats& stats);
// id, name, email, avatarUrl, createdAt, tenantId.
std::string RenderCard(const domain::Member& member);
// MemberProfile, open for more members; the caller closes the brace.
void AppendProfile(std::string* out, const domain::Member& member,
                   const codec::Stored<schema::Tenant>& gym);
std::string RenderProfile(const domain::Member& member, const codec::Stored<schema::Tenant>& gym);
// MemberProfile without `tenant`.
void AppendProfileAlone(std::string* out, const domain::Member& member);
// id, name, email, phoneNumber, profilePhoto: what trainers see.
void AppendContact(std::string* out, const schema::GymMember::Reader& member);

}  // namespace tenantry::server::gym
