#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "engine/commands.h"
#include "engine/popups/discount_codes.h"
#include "engine/popups/popups.h"
#include "engine/popups/subscribers.h"
#include "engine/popups/tracking.h"
#include "engine/tenant/shop_keys.h"
#include "tools/tenantry/demo_parts.h"

namespace tenantry::tools {
namespace {

constexpr uint64_t kSeed = 20'260'102;
constexpr const char* kShopId = "demo-shop";
constexpr int kPopups = 20;
constexpr int64_t kTrafficDays = 90;
constexpr uint64_t kViewsPerDay = 600;  // Two in three weekdays' worth on weekends.
constexpr uint64_t kVisitors = 9'000;

constexpr const char* kThemes[] = {"Welcome", "Spring sale", "Last chance", "Newsletter",
                                   "Free shipping"};
constexpr const char* kTriggers[] = {"exit_intent", "mobile_scroll", "time_delay",
                                     "scroll_percentage"};
constexpr const char* kOffers[] = {"discount", "email_capture", "newsletter", "free_shipping"};
constexpr const char* kStatuses[] = {"active", "active", "draft", "paused", "archived"};
constexpr const char* kDevices[] = {"desktop", "mobile", "mobile", "tablet"};
constexpr const char* kBrowsers[] = {"Chrome", "Safari", "Firefox", "Edge"};

class ShopMaker {
 public:
  ShopMaker(const server::Context& context, ShiftedClock& clock)
      : engine_(context.engine), clock_(clock) {}

  Result<DemoShop> Make() {
    clock_.SetShiftMs(-kTrafficDays * kDayMs);
    demo_.shop_id = kShopId;
    TNT_ASSIGN_OR_RETURN(
        const tenant::NewShopKey key,
        tenant::CreateShopKey(engine_, kShopId, "demo", Info(CommandKind::kKeyCreate)));
    demo_.key = key.key;
    engine_.WaitReleased(key.release_index);
    TNT_ASSIGN_OR_RETURN(const tenant::TenantEntry entry,
                         tenant::Directory::Find(engine_.View(), kShopId, schema::TenantKind::SHOP,
                                                 ReadTier::kBlocking));
    shop_.emplace(entry.ref);
    TNT_RETURN_IF_ERROR(MakePopups());
    TNT_RETURN_IF_ERROR(MakeTraffic());
    clock_.SetShiftMs(0);
    TNT_RETURN_IF_ERROR(MakeCodesAndSubscribers());
    engine_.WaitReleased(newest_);
    return std::move(demo_);
  }

 private:
  static CommandInfo Info(CommandKind kind) {
    return {static_cast<uint16_t>(kind), "demo", "demo"};
  }

  Status Note(const Outcome& outcome) {
    newest_ = std::max(newest_, outcome.release_index);
    return outcome.status;
  }

  Status MakePopups() {
    for (size_t i = 0; i < kPopups; ++i) {
      const std::string body = fmt::format(
          R"({{"shopId":"{}","name":"{} {}","status":"{}","triggerType":"{}","design":{{)"
          R"("backgroundColor":"#ffffff","textColor":"#222222","heading":"{}","subheading":"For you, today",)"
          R"("buttonText":"Show me","buttonColor":"#0a7d55","layout":"centered","width":480,)"
          R"("borderRadius":8,"padding":24}},"offer":{{"type":"{}"}}}})",
          kShopId, kThemes[i % std::size(kThemes)], i + 1, kStatuses[i % std::size(kStatuses)],
          kTriggers[i % std::size(kTriggers)], kThemes[i % std::size(kThemes)],
          kOffers[i % std::size(kOffers)]);
      TNT_ASSIGN_OR_RETURN(const auto input, codec::Input<schema::CreatePopupInput>::Decode(body));
      const popups::PopupReply reply = popups::CreatePopup(
          engine_, *shop_, input, Info(CommandKind::kPopupCreate), ReadTier::kBlocking);
      TNT_RETURN_IF_ERROR(Note(reply.outcome));
      demo_.popup_ids.emplace_back(reply.popup->record->getId().cStr());
      // A distinct millisecond each, as if a person had made them.
      clock_.SetShiftMs(-kTrafficDays * kDayMs + static_cast<int64_t>(i + 1) * 1000);
    }
    engine_.WaitReleased(newest_);
    return Status::Ok();
  }

  Status MakeTraffic() {
    clock_.SetShiftMs(0);
    const int64_t first_day = clock_.NowUnixMs() / kDayMs * kDayMs - kTrafficDays * kDayMs + kDayMs;
    Progress progress("days of traffic", kTrafficDays);
    for (int64_t day = 0; day < kTrafficDays - 1; ++day) {
      const int64_t start = first_day + day * kDayMs;
      clock_.SetShiftMs(start + kDayMs - SystemClock().NowUnixMs());
      std::vector<popups::Event> events;
      const uint64_t views = day % 7 >= 5 ? kViewsPerDay * 2 / 3 : kViewsPerDay;
      for (uint64_t i = 0; i < views; ++i) TNT_RETURN_IF_ERROR(AddVisit(start, &events));
      TNT_RETURN_IF_ERROR(Note(popups::TrackAll(engine_, *shop_, std::move(events))));
      progress.Step(static_cast<uint64_t>(day) + 2);
    }
    return Status::Ok();
  }

  // A view, and in one of twenty visits a conversion some seconds later.
  Status AddVisit(int64_t day_start, std::vector<popups::Event>* events) {
    // Busier in the evening: the later of two draws.
    const int64_t at =
        day_start + static_cast<int64_t>(std::max(random_.Below(kDayMs), random_.Below(kDayMs)));
    const std::string& popup =
        demo_.popup_ids[std::min(random_.Below(kPopups), random_.Below(kPopups))];
    const uint64_t visitor = random_.Below(kVisitors);
    TNT_ASSIGN_OR_RETURN(
        popups::ViewEvent view,
        popups::NewView(
            fmt::format(
                R"({{"popupId":"{}","sessionId":"s{}","visitorId":"v{}","deviceType":"{}","browser":"{}",)"
                R"("pageUrl":"https://demo-shop.example/products/{}","referrer":""}})",
                popup, random_.Below(1'000'000), visitor,
                kDevices[random_.Below(std::size(kDevices))],
                kBrowsers[random_.Below(std::size(kBrowsers))], random_.Below(200)),
            at, engine_.random()));
    events->emplace_back(std::move(view));
    if (random_.Below(20) != 0) return Status::Ok();
    const bool purchase = random_.Below(4) == 0;
    TNT_ASSIGN_OR_RETURN(
        popups::ConversionEvent conversion,
        popups::NewConversion(
            purchase
                ? fmt::format(
                      R"({{"popupId":"{}","type":"purchase","visitorId":"v{}","revenue":{}.{:02}}})",
                      popup, visitor, 10 + random_.Below(90), random_.Below(100))
                : fmt::format(R"({{"popupId":"{}","type":"click","visitorId":"v{}"}})", popup,
                              visitor),
            at + 4'000, engine_.random()));
    events->emplace_back(std::move(conversion));
    return Status::Ok();
  }

  Status MakeCodesAndSubscribers() {
    TNT_ASSIGN_OR_RETURN(
        const auto code,
        codec::Input<schema::CreateDiscountCodeInput>::Decode(fmt::format(
            R"({{"shopId":"{}","code":"WELCOME10","type":"percentage","value":10}})", kShopId)));
    TNT_RETURN_IF_ERROR(
        Note(popups::CreateDiscountCode(engine_, *shop_, code,
                                        Info(CommandKind::kDiscountCodeCreate), ReadTier::kBlocking)
                 .outcome));
    for (int i = 0; i < 200; ++i) {
      TNT_ASSIGN_OR_RETURN(
          const auto person,
          codec::Input<schema::SubscribeInput>::Decode(
              fmt::format(R"({{"shopId":"{}","email":"reader{:03}@demo.example"}})", kShopId, i)));
      TNT_RETURN_IF_ERROR(Note(popups::Subscribe(engine_, *shop_, person,
                                                 Info(CommandKind::kSubscribe), ReadTier::kBlocking)
                                   .outcome));
    }
    return Status::Ok();
  }

  Engine& engine_;
  ShiftedClock& clock_;
  SeededRandom random_{kSeed};
  DemoShop demo_;
  std::optional<TenantRef> shop_;
  uint64_t newest_ = 0;
};

}  // namespace

Result<DemoShop> MakeDemoShop(const server::Context& context, ShiftedClock& clock) {
  Result<DemoShop> made = ShopMaker(context, clock).Make();
  clock.SetShiftMs(0);
  return made;
}

}  // namespace tenantry::tools
