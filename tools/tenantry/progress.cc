#include "tools/tenantry/progress.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/clock.h"

namespace tenantry::tools {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kBarEveryNs = kSecondNs / 5;
constexpr size_t kBarCells = 30;

int64_t Now() {
  return SystemClock().NowBootNs();
}

std::string Human(double number, std::string_view unit) {
  const char* const steps[] = {"", " k", " M", " G"};
  size_t step = 0;
  while (number >= 1000 && step < 3) {
    number /= 1000;
    ++step;
  }
  return fmt::format("{:.{}f}{} {}", number, step == 0 ? 0 : 1, steps[step], unit);
}

}  // namespace

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {
  shown_ns_ = Now();
}

Progress::~Progress() {
  if (bar_open_) std::fputc('\n', stderr);
}

bool Progress::Report(const server::AdminProgress& progress) {
  if (quiet_) return true;
  const int64_t now = Now();
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    phase_began_ns_ = now;
  }
  if (now - shown_ns_ < (terminal_ && bar_open_ ? kBarEveryNs : kSecondNs)) return true;
  shown_ns_ = now;
  const double seconds =
      static_cast<double>(std::max<int64_t>(now - phase_began_ns_, 1)) / kSecondNs;
  const double rate = static_cast<double>(progress.done) / seconds;
  terminal_ ? ShowBar(progress, rate) : ShowLine(progress, rate);
  return true;
}

void Progress::ShowBar(const server::AdminProgress& progress, double rate) {
  std::string line = fmt::format("\r\033[K{:<8}", progress.phase);
  if (progress.total > 0) {
    const double part =
        std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const auto cells = static_cast<size_t>(part * kBarCells);
    line += fmt::format("[{}{}] {:3.0f} %  ", std::string(cells, '#'),
                        std::string(kBarCells - cells, '.'), part * 100);
  }
  line += Human(static_cast<double>(progress.done), progress.unit) + ", " +
          Human(rate, progress.unit) + "/s";
  if (progress.total > progress.done && rate > 0) {
    const auto left =
        static_cast<uint64_t>(static_cast<double>(progress.total - progress.done) / rate);
    line += fmt::format(", {}:{:02} left", left / 60, left % 60);
  }
  std::fputs(line.c_str(), stderr);
  bar_open_ = true;
}

void Progress::ShowLine(const server::AdminProgress& progress, double rate) const {
  fmt::print(stderr,
             "{{\"phase\":\"{}\",\"unit\":\"{}\",\"done\":{},\"total\":{},\"perSecond\":{:.0f}}}\n",
             progress.phase, progress.unit, progress.done, progress.total, rate);
}

}  // namespace tenantry::tools
