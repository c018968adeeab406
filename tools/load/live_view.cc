#include "tools/load/live_view.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tenantry::load {
namespace {

// 1/8 ms and less, then doubling to 4 s and more.
constexpr size_t kBars = 16;
constexpr std::array<const char*, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

}  // namespace

std::string DrawBars(const LatencyHistogram& histogram) {
  std::array<uint64_t, kBars> counts{};
  histogram.Visit([&counts](uint64_t upper_ns, uint64_t count) {
    size_t bar = 0;
    for (uint64_t bound = 125'000; bound < upper_ns && bar + 1 < kBars; bound *= 2) ++bar;
    counts[bar] += count;
  });
  const uint64_t most = *std::max_element(counts.begin(), counts.end());
  std::string out;
  for (const uint64_t count : counts) {
    out += count == 0 ? " " : kHeights[std::min<uint64_t>(count * kHeights.size() / most, 7)];
  }
  return out;
}

void LiveView::Draw(const std::string& step, const LoadResult& result) {
  if (terminal_ == nullptr) return;
  const auto ms = [&result](double quantile) {
    return static_cast<double>(result.latency.QuantileNs(quantile)) / 1e6;
  };
  fmt::print(terminal_,
             "\r\x1b[K{}  {:.0f} s  {:.0f}/s  p50 {:.2f}  p95 {:.2f}  p99 {:.2f} ms  errors {}  {}",
             step, result.seconds, result.rate(), ms(0.5), ms(0.95), ms(0.99), result.errors(),
             DrawBars(result.latency));
  std::fflush(terminal_);
  drawn_ = true;
}

void LiveView::Clear() {
  if (terminal_ == nullptr || !drawn_) return;
  fmt::print(terminal_, "\r\x1b[K");
  std::fflush(terminal_);
  drawn_ = false;
}

}  // namespace tenantry::load
