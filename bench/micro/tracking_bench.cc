// Question: what does a tick's worth of views cost the loop that counted them? An answer in time per tick and per view:
// taking the views in and turning them into one log entry with raw events, absolute counters and sketch changes.
// Goal: under 15 us a view in a tick of 64, so that two loops carry 50,000 views a second.

#include <memory>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/micro/bench_engine.h"
#include "bench/micro/bench_popup.h"
#include "bench/micro/result_hash.h"
#include "engine/commands.h"
#include "engine/popups/popups.h"
#include "engine/popups/tracking.h"

namespace tenantry::bench {
namespace {

constexpr size_t kPopups = 20;
constexpr size_t kVisitors = 100'000;

// A shop with popups, made once for all runs of this binary.
class Shop {
 public:
  Shop() : shop_(bench_.CreateTenant("bench-shop", schema::TenantKind::SHOP)) {
    const auto input = codec::Input<schema::CreatePopupInput>::Decode(kPopupBody);
    TNT_CHECK(input.ok());
    const CommandInfo info{static_cast<uint16_t>(CommandKind::kPopupCreate), "bench", ""};
    for (size_t i = 0; i < kPopups; ++i) {
      popups::PopupReply reply =
          popups::CreatePopup(bench_.engine(), shop_, *input, info, ReadTier::kBlocking);
      bench_.Settle(reply.outcome);
      popup_ids_.emplace_back(reply.popup->record->getId().cStr());
    }
  }

  BenchEngine& bench() { return bench_; }
  const TenantRef& ref() const { return shop_; }
  // The body of the n-th view.
  std::string Body(uint64_t n) const {
    return fmt::format(
        R"({{"popupId":"{}","sessionId":"s-{}","visitorId":"visitor-{}","deviceType":"mobile",)"
        R"("browser":"Chrome","pageUrl":"https://demo-shop.example/p/{}","referrer":""}})",
        popup_ids_[n % kPopups], n, n * 7919 % kVisitors, n % 100);
  }

 private:
  BenchEngine bench_;
  TenantRef shop_;
  std::vector<std::string> popup_ids_;
};

Shop& TheShop() {
  static Shop shop;
  return shop;
}

void BM_TrackingTick(benchmark::State& state) {
  Shop& shop = TheShop();
  BenchEngine& bench = shop.bench();
  popups::Tracker tracker(bench.engine());
  ResultHash hash;
  std::vector<counters::Verdict> verdicts;
  uint64_t number = 0;
  int64_t in_flight = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<popups::ViewEvent> views;
    for (int64_t i = 0; i < state.range(0); ++i) {
      auto view = popups::NewView(shop.Body(number++), bench.clock().NowUnixMs(), bench.random());
      views.push_back(std::move(view).value());
    }
    verdicts.clear();
    state.ResumeTiming();
    for (popups::ViewEvent& view : views) tracker.Add(shop.ref(), std::move(view));
    tracker.Flush(&verdicts);
    state.PauseTiming();
    for (const counters::Verdict& verdict : verdicts) {
      if (!verdict.status.ok()) return state.SkipWithError(verdict.status.ToString().c_str());
    }
    hash.Add(verdicts.size());
    if ((in_flight += state.range(0)) >= kInFlightMax) {
      bench.engine().WaitReleased(verdicts.back().release_index);
      in_flight = 0;
    }
    state.ResumeTiming();
  }
  if (!verdicts.empty()) bench.engine().WaitReleased(verdicts.back().release_index);
  hash.Report(state);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_TrackingTick)->ArgName("views")->Arg(1)->Arg(64)->Arg(800);

// What happens before that: from the body to the event.
void BM_DecodeView(benchmark::State& state) {
  Shop& shop = TheShop();
  const std::string body = shop.Body(0);
  ResultHash hash;
  for (auto _ : state) {
    const auto view = popups::NewView(body, 1'772'442'000'000, shop.bench().random());
    hash.Add(view->reader().getPageUrl().size());
  }
  hash.Report(state);
}
BENCHMARK(BM_DecodeView);

}  // namespace
}  // namespace tenantry::bench
