// Question: what does making a group of commands durable cost, and how much of it is the disk? An answer in time per
// append with a real fdatasync, per group size, beside the same on a memory file system, where a sync costs nothing.
// Goal: 256 entries in one group cost less than twice a single one, so that grouping pays for itself.

#include <vector>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "bench/micro/bench_engine.h"
#include "bench/micro/result_hash.h"
#include "engine/base/file.h"
#include "engine/log/segment_log.h"

namespace tenantry::bench {
namespace {

// About what a booking writes: a record, four index rows, the session and an event.
constexpr size_t kPayloadBytes = 900;
// Old segments are unlinked as the server does it, so that a long run does not fill the disk.
constexpr uint64_t kKeepEntries = 100'000;

log::Entry MakeEntry(const std::string& payload) {
  log::Entry entry;
  entry.header.epoch = 1;
  entry.header.space = 7;
  entry.header.command = 130;
  entry.actor = "cmemberabcdefghijklmnopqr";
  entry.request_id = "0123456789abcdef";
  entry.payload = payload;
  return entry;
}

void AppendBench(benchmark::State& state, const std::string& parent) {
  const auto group = static_cast<size_t>(state.range(0));
  SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  const BenchFolder folder(parent);
  log::LogOptions options;
  options.clock = &clock;
  options.random = &random;
  Result<std::unique_ptr<log::SegmentLog>> opened =
      log::SegmentLog::Open(files, folder.path() + "/log", options, nullptr);
  if (!opened.ok()) return state.SkipWithError(opened.status().ToString().c_str());
  log::SegmentLog& segments = **opened;

  std::vector<log::Entry> entries(group, MakeEntry(std::string(kPayloadBytes, 'x')));
  uint64_t index = segments.end().index;
  for (auto _ : state) {
    for (log::Entry& entry : entries) entry.header.index = ++index;
    const Status status = segments.AppendGroup(entries);
    if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
    if (const Status space = segments.EnsureSpace(); !space.ok()) {
      return state.SkipWithError(space.ToString().c_str());
    }
    if (index > kKeepEntries && index % kKeepEntries < group) {
      state.PauseTiming();
      if (!segments.TrimBefore(index - kKeepEntries).ok()) state.SkipWithError("trim");
      state.ResumeTiming();
    }
  }
  ResultHash hash;
  hash.Add(segments.end_chain().low);
  hash.Report(state);
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) *
                          static_cast<int64_t>(kPayloadBytes));
}

void BM_LogAppendDisk(benchmark::State& state) {
  AppendBench(state, "");
}
BENCHMARK(BM_LogAppendDisk)->ArgName("entries")->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

void BM_LogAppendMemory(benchmark::State& state) {
  constexpr const char* kMemoryFolder = "/dev/shm";
  if (access(kMemoryFolder, W_OK) != 0) return state.SkipWithError("no /dev/shm here");
  AppendBench(state, kMemoryFolder);
}
BENCHMARK(BM_LogAppendMemory)->ArgName("entries")->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

}  // namespace
}  // namespace tenantry::bench
