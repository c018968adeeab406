// Question: do a popup's statistics cost more the more was counted? An answer in time and rows per question, over
// thirty days with so many views, a tenth as many conversions and everything rolled up.
// Goal: the same at ten thousand, a million and ten million events. TNT_BENCH_EVENTS_MAX is the largest that is
// built; without it a hundred thousand, so that the smoke test stays short.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/micro/bench_engine.h"
#include "bench/micro/bench_popup.h"
#include "bench/micro/result_hash.h"
#include "engine/commands.h"
#include "engine/counters/bucket.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/popups.h"
#include "engine/popups/series.h"
#include "engine/popups/stats.h"
#include "engine/popups/tracking.h"
#include "engine/popups/upkeep.h"

namespace tenantry::bench {
namespace {

constexpr int64_t kDays = 30;
constexpr int64_t kPerBatch = 10'000;

// A shop with one popup and its events, in the order of their times.
class BusyShop {
 public:
  explicit BusyShop(int64_t events) : shop_(bench_.CreateTenant("shop", schema::TenantKind::SHOP)) {
    const auto input = codec::Input<schema::CreatePopupInput>::Decode(kPopupBody);
    const CommandInfo info{static_cast<uint16_t>(CommandKind::kPopupCreate), "bench", ""};
    const popups::PopupReply reply =
        popups::CreatePopup(bench_.engine(), shop_, *input, info, ReadTier::kBlocking);
    bench_.Settle(reply.outcome);
    popup_id_ = reply.popup->record->getId().cStr();
    until_ms_ = bench_.clock().NowUnixMs() - counters::kHourMs;
    from_ms_ = until_ms_ - kDays * counters::kDayMs;
    for (int64_t first = 0; first < events; first += kPerBatch) {
      AddEvents(first, std::min(events, first + kPerBatch), events);
    }
    for (bool more = true; more;) {
      const auto step = popups::UpkeepStep(bench_.engine(), shop_, {});
      TNT_CHECK(step.ok());
      bench_.engine().WaitReleased(step->release_index);
      more = step->more;
    }
    // A month of views arrives here within seconds; what they overwrote a server would have flushed away.
    TNT_CHECK(bench_.engine().FlushForTest().ok());
  }

  SpaceReader Space() { return bench_.engine().View().Space(shop_, ReadTier::kBlocking); }
  const std::string& popup_id() const { return popup_id_; }
  int64_t from_ms() const { return from_ms_; }
  int64_t until_ms() const { return until_ms_; }

 private:
  void AddEvents(int64_t first, int64_t end, int64_t of) {
    std::vector<popups::Event> events;
    for (int64_t i = first; i < end; ++i) {
      const int64_t at = from_ms_ + (until_ms_ - from_ms_) / of * i;
      auto view = popups::NewView(
          fmt::format(
              R"({{"popupId":"{}","visitorId":"visitor-{}","deviceType":"mobile","browser":"Chrome",)"
              R"("pageUrl":"https://shop.example/p/{}","referrer":""}})",
              popup_id_, i * 7919 % 100'000, i % 40),
          at, bench_.random());
      events.emplace_back(std::move(view).value());
      if (i % 10 != 0) continue;
      auto conversion = popups::NewConversion(
          fmt::format(R"({{"popupId":"{}","type":"purchase","revenue":12.5}})", popup_id_), at,
          bench_.random());
      events.emplace_back(std::move(conversion).value());
    }
    bench_.Settle(popups::TrackAll(bench_.engine(), shop_, std::move(events)));
  }

  BenchEngine bench_;
  TenantRef shop_;
  std::string popup_id_;
  int64_t from_ms_ = 0;
  int64_t until_ms_ = 0;
};

// Emptied before main() ends: engines must go before the statics that they use.
std::map<int64_t, std::unique_ptr<BusyShop>>& Shops() {
  static std::map<int64_t, std::unique_ptr<BusyShop>> shops;
  return shops;
}

BusyShop& ShopOf(int64_t events) {
  std::unique_ptr<BusyShop>& shop = Shops()[events];
  if (!shop) shop = std::make_unique<BusyShop>(events);
  return *shop;
}

// GET /analytics/popup/:id and /analytics/shop/:id.
Status AskTotals(BusyShop& shop, const SpaceReader& space) {
  TNT_RETURN_IF_ERROR(popups::ReadPopupStats(space, shop.popup_id()).status());
  return popups::ReadShopStats(space).status();
}
// GET /analytics/popup/:id/series by day.
Status AskSeries(BusyShop& shop, const SpaceReader& space) {
  TNT_ASSIGN_OR_RETURN(popups::Series series,
                       popups::DivideSpan(*popups::LocalTime::Load("Europe/Berlin"), shop.from_ms(),
                                          shop.until_ms(), popups::Granularity::kDay));
  return popups::FillSeries(space, shop.popup_id(), &series);
}
// GET /analytics/popup/:id/breakdown.
Status AskBreakdown(BusyShop& shop, const SpaceReader& space) {
  const auto day = [](int64_t at_ms) { return counters::FloorDivide(at_ms, counters::kDayMs); };
  return popups::ReadBreakdown(space, shop.popup_id(), day(shop.from_ms()), day(shop.until_ms()))
      .status();
}

using Question = Status (*)(BusyShop&, const SpaceReader&);

void BM_Stats(benchmark::State& state, Question ask) {
  BusyShop& shop = ShopOf(state.range(0));
  ResultHash hash;
  for (auto _ : state) {
    const SpaceReader space = shop.Space();
    if (const Status asked = ask(shop, space); !asked.ok()) {
      return state.SkipWithError(asked.ToString().c_str());
    }
    hash.Add(space.rows_read());
    state.counters["rows_read"] = space.rows_read();
  }
  hash.Report(state);
}

void RegisterAll() {
  const char* const given = std::getenv("TNT_BENCH_EVENTS_MAX");
  const int64_t most = given != nullptr ? std::atoll(given) : 100'000;
  const std::pair<const char*, Question> questions[] = {{"BM_StatsTotals", AskTotals},
                                                        {"BM_StatsSeries", AskSeries},
                                                        {"BM_StatsBreakdown", AskBreakdown}};
  for (const auto& [name, ask] : questions) {
    auto* const registered = benchmark::RegisterBenchmark(name, BM_Stats, ask);
    registered->ArgName("events")->Unit(benchmark::kMicrosecond);
    for (const int64_t events : {10'000, 100'000, 1'000'000, 10'000'000}) {
      if (events <= most && (events != 100'000 || events == most)) registered->Arg(events);
    }
  }
}

}  // namespace
}  // namespace tenantry::bench

int main(int argc, char** argv) {
  tenantry::bench::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  tenantry::bench::Shops().clear();
  benchmark::Shutdown();
}
