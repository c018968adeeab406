// Goal: no body stops the process because its schema and its record disagree about a field. Method:
// PairFields checks type and unit of each field that two structs share, so pair and copy every field of
// every pair of structs that the modules copy, as if all had been sent.

#include <gtest/gtest.h>

#include "engine/codec/json_in.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/gym_input.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"
#include "tests/engine/codec/test_records.capnp.h"

namespace tenantry::codec {
namespace {

// Copies everything and returns how many fields have a place in the record.
template <class From, class To>
size_t CopyAll() {
  const std::vector<FieldPair> pairs = PairFields(schema::InfoOf<From>(), schema::InfoOf<To>());
  FieldSet fields;
  fields.sent.set();
  Draft<From> from;
  Draft<To> to;
  CopySentFields(pairs, capnp::DynamicStruct::Reader(from.reader()), fields,
                 capnp::DynamicStruct::Builder(*to).as<capnp::AnyStruct>());
  return pairs.size();
}

TEST(CopySentTest, GymBodiesAgreeWithTheirRecords) {
  EXPECT_GT((CopyAll<schema::GymLocationInput, schema::GymLocation>()), 0u);
  EXPECT_GT((CopyAll<schema::GymSessionTypeInput, schema::GymSessionType>()), 0u);
  EXPECT_GT((CopyAll<schema::GymSessionInput, schema::GymSession>()), 0u);
  EXPECT_GT((CopyAll<schema::GymSessionPatch, schema::GymSession>()), 0u);
}

TEST(CopySentTest, PopupBodiesAgreeWithTheirRecords) {
  EXPECT_GT((CopyAll<schema::CreatePopupInput, schema::Popup>()), 0u);
  EXPECT_GT((CopyAll<schema::UpdatePopupInput, schema::Popup>()), 0u);
  EXPECT_GT((CopyAll<schema::TrackViewInput, schema::PopupView>()), 0u);
  EXPECT_GT((CopyAll<schema::TrackConversionInput, schema::PopupConversion>()), 0u);
  EXPECT_GT((CopyAll<schema::CreateDiscountCodeInput, schema::DiscountCode>()), 0u);
  EXPECT_GT((CopyAll<schema::SubscribeInput, schema::EmailSubscriber>()), 0u);
}

// Goal: DecodeAs is Decode and CopySent in one step, for good bodies and bad ones.
template <class In, class Record>
void ExpectTheSame(const std::string& body) {
  SCOPED_TRACE(body);
  const Result<Input<In>> input = Input<In>::Decode(body);
  const Result<Draft<Record>> direct = DecodeAs<In, Record>(body);
  ASSERT_EQ(direct.status().ToString(), input.status().ToString());
  if (!input.ok()) return;
  Draft<Record> copied;
  CopySent(*input, &copied);
  EXPECT_EQ(direct->Encode(), copied.Encode());
}

TEST(DecodeAsTest, GivesWhatDecodeAndCopySentGive) {
  for (const char* body :
       {R"({"popupId":"p"})", R"({"popupId":"p","sessionId":"s","visitorId":null,"browser":""})",
        R"({"referrer":"r","pageUrl":"u","deviceType":"d","popupId":"a","popupId":"b"})", "{}", "",
        "[]", "{", R"({"popupId":7})", R"({"popupId":"p","id":"mine"})",
        R"({"popupId":"p","viewedAt":"2026-01-01T00:00:00Z"})"}) {
    ExpectTheSame<schema::TrackViewInput, schema::PopupView>(body);
  }
  for (const char* body :
       {R"({"popupId":"p","type":"purchase","revenue":12.5,"metadata":{"a":[1,"x"]}})",
        R"({"popupId":"p","type":"click","revenue":null,"discountCodeId":"c"})",
        R"({"popupId":"p","type":"email_capture","emailSubscriberId":"e","revenue":0})",
        R"({"popupId":"p"})", R"({"popupId":"p","type":"other","revenue":-1})",
        R"({"popupId":"p","type":"click","metadata":[1]})"}) {
    ExpectTheSame<schema::TrackConversionInput, schema::PopupConversion>(body);
  }
}

TEST(DecodeAsDeathTest, AFieldWithoutAPlaceStopsTheProcess) {
  EXPECT_DEATH(
      Retarget(schema::InfoOf<schema::CreatePopupInput>(), schema::InfoOf<schema::PopupView>()),
      "target");
}

TEST(CopySentDeathTest, ADifferentTypeOrUnitStopsTheProcess) {
  EXPECT_DEATH((CopyAll<test::Item, test::OtherUnit>()), "money");
  EXPECT_DEATH((CopyAll<test::Item, test::OtherType>()), "getType");
}

}  // namespace
}  // namespace tenantry::codec
