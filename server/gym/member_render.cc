#include "server/gym/member_render.h"

#include "engine/codec/json_out.h"
#include "engine/gym/text.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

// The five fields that every view of a member shares.
void WriteIdentity(codec::ObjectWriter* object, const schema::GymMember::Reader& member) {
  object->String("id", View(member.getId()));
  object->OptionalString("name", member.hasName(), View(member.getName()));
  object->String("email", View(member.getEmail()));
  object->OptionalString("avatarUrl", member.hasAvatarUrl(), View(member.getAvatarUrl()));
  object->Instant("createdAt", member.getCreatedAt());
}

}  // namespace

void AppendMemberRow(std::string* out, const domain::Member& member,
                     const domain::MemberStats& stats) {
  codec::ObjectWriter object(out);
  WriteIdentity(&object, *member);
  object.String("role", RoleName(member->getRole()));
  object.Instant("joinDate", member->getCreatedAt());
  object.Int("totalBookings", stats.bookings);
  object.Int("currentStreak", stats.current_streak);
}

std::string RenderCard(const domain::Member& member) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    WriteIdentity(&object, *member);
    object.String("tenantId", View(member->getTenantId()));
  }
  return out;
}

void AppendProfile(std::string* out, const domain::Member& member,
                   const codec::Stored<schema::Tenant>& gym) {
  out->push_back('{');
  codec::AppendMembers<schema::GymMember>(out, *member);
  out->append(",\"tenant\":");
  codec::ObjectWriter tenant(out);
  tenant.String("id", View(gym->getId()));
  tenant.String("name", View(gym->getName()));
}

std::string RenderProfile(const domain::Member& member, const codec::Stored<schema::Tenant>& gym) {
  std::string out;
  AppendProfile(&out, member, gym);
  out.push_back('}');
  return out;
}

void AppendProfileAlone(std::string* out, const domain::Member& member) {
  codec::AppendObject<schema::GymMember>(out, *member);
}

void AppendContact(std::string* out, const schema::GymMember::Reader& member) {
  codec::ObjectWriter object(out);
  object.String("id", View(member.getId()));
  object.OptionalString("name", member.hasName(), View(member.getName()));
  object.String("email", View(member.getEmail()));
  object.OptionalString("phoneNumber", member.hasPhoneNumber(), View(member.getPhoneNumber()));
  object.OptionalString("profilePhoto", member.hasProfilePhoto(), View(member.getProfilePhoto()));
}

}  // namespace tenantry::server::gym
