#include "engine/gym/member_search.h"

#include <algorithm>

#include "engine/gym/text.h"
#include "engine/word_search.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kWords = 20;

}  // namespace

Result<std::vector<codec::Stored<schema::GymMember>>> SearchMembers(const SpaceReader& space,
                                                                    std::string_view text) {
  using Member = codec::Stored<schema::GymMember>;
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> keys,
                       FindByWords(space, schema::CollectionOf<schema::GymMember>(), kWords, text));
  std::vector<Member> members;
  for (const std::string& key : keys) {
    TNT_ASSIGN_OR_RETURN(Member member, space.GetAt<schema::GymMember>(key));
    members.push_back(std::move(member));
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    if (a->getCreatedAt() != b->getCreatedAt()) return a->getCreatedAt() > b->getCreatedAt();
    return View(a->getId()) > View(b->getId());
  });
  return members;
}

}  // namespace tenantry::gym
