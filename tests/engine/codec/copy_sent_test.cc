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

TEST(CopySentDeathTest, ADifferentTypeOrUnitStopsTheProcess) {
  EXPECT_DEATH((CopyAll<test::Item, test::OtherUnit>()), "money");
  EXPECT_DEATH((CopyAll<test::Item, test::OtherType>()), "getType");
}

}  // namespace
}  // namespace tenantry::codec
