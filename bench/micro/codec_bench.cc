// Question: what does the codec cost per record on the hot paths? An answer in time per operation
// for a session (27 fields, 23 of them shown), a booking (11 fields, 4 index rows) and bodies of
// usual size. Goals: JSON of a session under 2 us, index rows under 1.5 us, decoding 400 bytes
// under 300 ns, a body of six fields under 5 us.

#include <benchmark/benchmark.h>

#include "engine/base/checksum.h"
#include "engine/codec/json_in.h"
#include "engine/codec/json_out.h"
#include "engine/codec/row_keys.h"
#include "engine/codec/stored.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/gym_input.capnp.h"

namespace tenantry {
namespace {

using codec::Draft;
using codec::Input;
using codec::Stored;
using schema::GymBooking;
using schema::GymSession;
using schema::GymSessionInput;

constexpr int64_t kNow = 1768550400000;

std::string SessionBytes() {
  Draft<GymSession> session;
  session->setId("cabcdefghijklmnopqrstuvwx");
  session->setTenantId("ctenantabcdefghijklmnopqr");
  session->setSessionTypeId("ctypeabcdefghijklmnopqrst");
  session->setLocationId("clocationabcdefghijklmnop");
  session->setStartTime(kNow);
  session->setEndTime(kNow + 3'600'000);
  session->setCapacity(20);
  session->setInstructor("Jana Novak");
  session->setNotes("Bring water and a towel.");
  session->setCreatedAt(kNow - 86'400'000);
  session->setUpdatedAt(kNow - 86'400'000);
  session->setHasRoom(true);
  return session.Encode();
}

std::string BookingBytes() {
  Draft<GymBooking> booking;
  booking->setId("cabcdefghijklmnopqrstuvwx");
  booking->setTenantId("ctenantabcdefghijklmnopqr");
  booking->setMemberId("cmemberabcdefghijklmnopqr");
  booking->setSessionInstanceId("csessionabcdefghijklmnopq");
  booking->setBookedAt(kNow);
  booking->setCreatedAt(kNow);
  booking->setUpdatedAt(kNow);
  return booking.Encode();
}

void ReportHash(benchmark::State& state, std::string_view result) {
  state.counters["result_hash"] = static_cast<double>(Hash64(result) & 0xFFFFFFFF);
  state.counters["result_bytes"] = static_cast<double>(result.size());
}

template <class T>
void DecodeBench(benchmark::State& state, const std::string& bytes) {
  for (auto _ : state) {
    Result<Stored<T>> stored = Stored<T>::Decode(bytes);
    benchmark::DoNotOptimize(stored);
  }
  ReportHash(state, bytes);
}

template <class T>
void JsonOutBench(benchmark::State& state, const std::string& bytes) {
  const Result<Stored<T>> stored = Stored<T>::Decode(bytes);
  std::string json;
  for (auto _ : state) {
    json.clear();
    codec::AppendObject<T>(&json, **stored);
    benchmark::DoNotOptimize(json.data());
  }
  ReportHash(state, json);
}

template <class T>
void IndexRowsBench(benchmark::State& state, const std::string& bytes) {
  const Result<Stored<T>> stored = Stored<T>::Decode(bytes);
  const schema::Collection& collection = schema::CollectionOf<T>();
  std::string last_key;
  size_t rows = 0;
  for (auto _ : state) {
    const std::string key = codec::PrimaryKey(collection, **stored);
    std::vector<codec::IndexRow> found = codec::IndexRows(SpaceId(7), collection, **stored, key);
    rows = found.size();
    last_key = std::move(found.back().key);
  }
  ReportHash(state, last_key);
  state.counters["rows"] = static_cast<double>(rows);
}

template <class T>
void EncodeBench(benchmark::State& state, const std::string& bytes) {
  const Result<Stored<T>> stored = Stored<T>::Decode(bytes);
  std::string encoded;
  for (auto _ : state) {
    Draft<T> draft(*stored);
    draft->setUpdatedAt(kNow + 1);
    encoded = draft.Encode();
  }
  ReportHash(state, encoded);
}

template <class T>
void JsonInBench(benchmark::State& state, std::string_view body) {
  for (auto _ : state) {
    Result<Input<T>> input = Input<T>::Decode(body);
    benchmark::DoNotOptimize(input);
    if (!input.ok()) state.SkipWithError("refused");
  }
  std::string json;
  codec::AppendObject<T>(&json, **Input<T>::Decode(body));
  ReportHash(state, json);
}

constexpr std::string_view kSessionBody =
    R"({"sessionTypeId":"ctypeabcdefghijklmnopqrst","locationId":"clocationabcdefghijklmnop",
        "startTime":"2026-01-16T10:00:00.000Z","endTime":"2026-01-16T11:00:00.000Z",
        "capacity":20,"notes":"Bring water and a towel."})";

template <class T>
void RegisterFor(const std::string& record, const std::string& bytes) {
  const std::string tail = "/record:" + record + "/value_bytes:" + std::to_string(bytes.size());
  benchmark::RegisterBenchmark(("BM_Decode" + tail).c_str(), DecodeBench<T>, bytes);
  benchmark::RegisterBenchmark(("BM_JsonOut" + tail).c_str(), JsonOutBench<T>, bytes);
  benchmark::RegisterBenchmark(("BM_IndexRows" + tail).c_str(), IndexRowsBench<T>, bytes);
  benchmark::RegisterBenchmark(("BM_Rewrite" + tail).c_str(), EncodeBench<T>, bytes);
}

void RegisterAll() {
  RegisterFor<GymSession>("session", SessionBytes());
  RegisterFor<GymBooking>("booking", BookingBytes());
  benchmark::RegisterBenchmark("BM_JsonIn/fields:6", JsonInBench<GymSessionInput>, kSessionBody);
}

}  // namespace
}  // namespace tenantry

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  tenantry::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
