#include "engine/dump/references.h"

#include <capnp/dynamic.h>

#include "engine/codec/stored.h"
#include "engine/codec/text_view.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::dump {
namespace {

struct Rule {
  uint16_t collection;
  const char* field;
  std::vector<uint16_t> targets;  // Records with this id as their whole key.
};

template <class T>
uint16_t NumberOf() {
  return schema::CollectionOf<T>().number;
}

// What is never left dangling: deleted accounts leave a blank member, closed places and retired types stay, deleted popups
// leave a tombstone while their events are there.
const std::vector<Rule>& Rules() {
  using namespace schema;
  static const std::vector<Rule> rules = {
      {NumberOf<GymBooking>(), "memberId", {NumberOf<GymMember>()}},
      {NumberOf<GymBooking>(), "sessionInstanceId", {NumberOf<GymSession>()}},
      {NumberOf<GymSession>(), "sessionTypeId", {NumberOf<GymSessionType>()}},
      {NumberOf<GymSession>(), "locationId", {NumberOf<GymLocation>()}},
      {NumberOf<GymWaitlistEntry>(), "memberId", {NumberOf<GymMember>()}},
      {NumberOf<GymWaitlistEntry>(), "sessionInstanceId", {NumberOf<GymSession>()}},
      {NumberOf<GymMemberStats>(), "memberId", {NumberOf<GymMember>()}},
      {NumberOf<GymRefreshToken>(), "memberId", {NumberOf<GymMember>()}},
      {NumberOf<GymFavorite>(), "memberId", {NumberOf<GymMember>()}},
      {NumberOf<GymFavorite>(), "sessionTypeId", {NumberOf<GymSessionType>()}},
      {NumberOf<GymSubscription>(), "memberId", {NumberOf<GymMember>()}},
      {NumberOf<GymSubscription>(), "membershipPlanId", {NumberOf<GymPlan>()}},
      {NumberOf<PopupView>(), "popupId", {NumberOf<Popup>(), NumberOf<PopupTombstone>()}},
      {NumberOf<PopupConversion>(), "popupId", {NumberOf<Popup>(), NumberOf<PopupTombstone>()}},
      {NumberOf<AbAssignment>(), "groupId", {NumberOf<AbGroup>()}},
  };
  return rules;
}

bool TakePart(const schema::FieldInfo& field, std::string_view* in) {
  std::string text;
  int64_t number = 0;
  return field.type == schema::FieldType::kText ? keys::TakeText(in, &text)
                                                : keys::TakeInt(in, &number);
}

}  // namespace

Result<std::vector<NamedRecord>> NamedRecords(std::string_view key, std::string_view value) {
  std::vector<NamedRecord> named;
  const std::string whole = keys::RowKey(kDirectorySpace, key);
  keys::KeyHead head;
  if (!keys::SplitHead(whole, &head) || head.kind != keys::Kind::kRecord) return named;
  std::shared_ptr<const codec::Message> message;
  for (const Rule& rule : Rules()) {
    if (rule.collection != head.collection) continue;
    const schema::StructInfo& info = *schema::FindCollection(rule.collection)->info;
    if (message == nullptr) {
      TNT_ASSIGN_OR_RETURN(message, codec::Message::Decode(value, &info));
    }
    const auto record = message->root().as<capnp::DynamicStruct>(info.schema);
    const schema::FieldInfo* const field = info.FindField(rule.field);
    if (!record.has(field->field)) continue;
    NamedRecord one{rule.field, codec::String(record.get(field->field).as<capnp::Text>()), {}};
    if (one.id.empty()) continue;
    std::string tuple;
    keys::AppendPart(&tuple, std::string_view(one.id));
    for (const uint16_t target : rule.targets) {
      one.keys.push_back(keys::RecordKey(kDirectorySpace, target, tuple).substr(keys::kSpaceBytes));
    }
    named.push_back(std::move(one));
  }
  return named;
}

std::string RecordOfIndexRow(std::string_view key, std::string_view value) {
  const std::string whole = keys::RowKey(kDirectorySpace, key);
  keys::KeyHead head;
  if (!keys::SplitHead(whole, &head) || head.rest.empty()) return "";
  const schema::Collection* const collection = schema::FindCollection(head.collection);
  if (collection == nullptr) return "";
  const auto record_key = [&](std::string_view tuple) {
    return keys::RecordKey(kDirectorySpace, head.collection, tuple).substr(keys::kSpaceBytes);
  };
  if (head.kind == keys::Kind::kUnique) return record_key(value);
  std::string_view rest = head.rest.substr(1);
  const auto number = static_cast<uint8_t>(head.rest[0]);
  for (const schema::IndexInfo& index : collection->indexes) {
    if (index.number != number) continue;
    std::string word;
    if (!index.words.empty() && !keys::TakeText(&rest, &word)) return "";
    for (const schema::FieldInfo* field : index.fields) {
      if (!TakePart(*field, &rest)) return "";
    }
    return record_key(rest);
  }
  return "";
}

}  // namespace tenantry::dump
