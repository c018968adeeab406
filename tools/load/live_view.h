#pragma once
// LiveView: one line about a running step that a terminal redraws, with the spread of latency as small bars.
//
// Shape    "peak  12 s  500/s  p50 0.8  p95 1.9  p99 4.2 ms  errors 0  ▁▇▅▂▁"
// Threads  one.

#include <cstdio>
#include <string>

#include "tools/load/load_run.h"

namespace tenantry::load {

// Counts per power of two of milliseconds, as bars of eight heights.
std::string DrawBars(const LatencyHistogram& histogram);

class LiveView {
 public:
  // `terminal` stays open; nothing is drawn when it is null.
  explicit LiveView(std::FILE* terminal) : terminal_(terminal) {}
  ~LiveView() { Clear(); }
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  void Draw(const std::string& step, const LoadResult& result);
  // Takes the line away, so that ordinary output starts at its place.
  void Clear();

 private:
  std::FILE* terminal_;
  bool drawn_ = false;
};

}  // namespace tenantry::load
