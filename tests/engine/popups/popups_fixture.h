#pragma once
// PopupsFixture: an engine with short ways to make popups, codes and events from JSON bodies.

#include <string>
#include <utility>
#include <vector>

#include "engine/popups/discount_codes.h"
#include "engine/popups/popups.h"
#include "engine/popups/stats.h"
#include "engine/popups/subscribers.h"
#include "engine/popups/text.h"
#include "engine/popups/tracking.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::popups {

inline constexpr std::string_view kDesign =
    R"({"backgroundColor":"#fff","textColor":"#000","heading":"Hi","subheading":"","buttonText":"Go",)"
    R"("buttonColor":"#00f","layout":"centered","width":400,"borderRadius":8,"padding":24})";

class PopupsFixture : public EngineFixture {
 protected:
  static constexpr ReadTier kTier = ReadTier::kBlocking;

  // `more` is further members of the body, such as `"status":"active"`.
  PopupReply Create(const TenantRef& shop, const std::string& more = "") {
    std::string body = R"({"shopId":"shop","name":"P","triggerType":"exit_intent","design":)";
    body.append(kDesign).append(more.empty() ? "" : ",").append(more).append("}");
    auto input = codec::Input<schema::CreatePopupInput>::Decode(body);
    EXPECT_TRUE(input.ok()) << input.status().ToString();
    PopupReply reply = CreatePopup(engine(), shop, *input, info_, kTier);
    engine().WaitReleased(reply.outcome.release_index);
    return reply;
  }
  std::string CreateId(const TenantRef& shop, const std::string& more = "") {
    return std::string(View(Create(shop, more).popup->record->getId()));
  }
  PopupReply Update(const TenantRef& shop, const std::string& id, const std::string& body) {
    auto input = codec::Input<schema::UpdatePopupInput>::Decode(body);
    EXPECT_TRUE(input.ok()) << input.status().ToString();
    PopupReply reply = UpdatePopup(engine(), shop, id, *input, info_, kTier);
    engine().WaitReleased(reply.outcome.release_index);
    return reply;
  }
  Status Delete(const TenantRef& shop, const std::string& id) {
    const Outcome outcome = DeletePopup(engine(), shop, id, info_, kTier);
    engine().WaitReleased(outcome.release_index);
    return outcome.status;
  }

  ViewEvent ViewOf(const std::string& popup_id, const std::string& visitor = "") {
    std::string body = R"({"popupId":")" + popup_id + "\"";
    if (!visitor.empty()) body += R"(,"visitorId":")" + visitor + "\"";
    Result<ViewEvent> view = NewView(body + "}", clock_.NowUnixMs(), engine().random());
    EXPECT_TRUE(view.ok()) << view.status().ToString();
    return std::move(view).value();
  }
  ConversionEvent ConversionOf(const std::string& popup_id, const std::string& type,
                               const std::string& more = "") {
    const std::string body = R"({"popupId":")" + popup_id + R"(","type":")" + type + "\"" +
                             (more.empty() ? "" : ",") + more + "}";
    Result<ConversionEvent> conversion = NewConversion(body, clock_.NowUnixMs(), engine().random());
    EXPECT_TRUE(conversion.ok()) << conversion.status().ToString();
    return std::move(conversion).value();
  }
  // Adds to the tracker as a handler would.
  void Track(Tracker& tracker, const TenantRef& shop, Event event) {
    tracker.Add(shop, std::move(event));
  }
  std::vector<counters::Verdict> Flush(Tracker& tracker) {
    std::vector<counters::Verdict> verdicts;
    tracker.Flush(&verdicts);
    for (const counters::Verdict& verdict : verdicts) engine().WaitReleased(verdict.release_index);
    return verdicts;
  }
  void TrackOne(const TenantRef& shop, Event event) {
    const Outcome outcome = TrackNow(engine(), shop, std::move(event), kTier);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    engine().WaitReleased(outcome.release_index);
  }

  // Closes and opens the engine again; readers made before must not be used any more.
  void Restart() {
    views_.clear();
    Reopen();
  }
  SpaceReader Space(const TenantRef& shop) {
    views_.push_back(engine().View());
    return views_.back().Space(shop, kTier);
  }
  int64_t ViewCount(const TenantRef& shop, const std::string& id) {
    return GetPopup(Space(shop), id)->view_count;
  }
  std::vector<std::string> ActiveIds(const TenantRef& shop) {
    std::vector<std::string> ids;
    const std::vector<PopupState> popups = *ActivePopups(Space(shop));
    for (const PopupState& popup : popups) {
      ids.emplace_back(View(popup.record->getId()));
    }
    return ids;
  }

  DiscountCodeReply CreateCode(const TenantRef& shop, const std::string& members) {
    const auto input = codec::Input<schema::CreateDiscountCodeInput>::Decode(
        R"({"shopId":"shop",)" + members + "}");
    EXPECT_TRUE(input.ok()) << input.status().ToString();
    DiscountCodeReply reply = CreateDiscountCode(engine(), shop, *input, info_, kTier);
    engine().WaitReleased(reply.outcome.release_index);
    return reply;
  }
  SubscriberReply Add(const TenantRef& shop, const std::string& members) {
    const auto input =
        codec::Input<schema::SubscribeInput>::Decode(R"({"shopId":"shop",)" + members + "}");
    EXPECT_TRUE(input.ok()) << input.status().ToString();
    SubscriberReply reply = Subscribe(engine(), shop, *input, info_, kTier);
    engine().WaitReleased(reply.outcome.release_index);
    return reply;
  }

  const CommandInfo info_{0, "test", "request"};

 private:
  std::vector<ReadView> views_;  // Readers borrow from their view.
};

}  // namespace tenantry::popups
