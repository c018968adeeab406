// Question: what does a booking cost inside its partition, and what does it cost to read lists of bookings? Answers in
// time per booking (decide, write the write set, join the open group; the disk is not waited for) and per row of a scan.
// Goals: a booking under 60 us, a scanned row under 3 us, a counted one under 1 us.

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/micro/bench_engine.h"
#include "bench/micro/result_hash.h"
#include "engine/base/time_format.h"
#include "engine/gym/bookings.h"
#include "engine/gym/locations.h"
#include "engine/gym/session_types.h"
#include "engine/gym/sessions.h"
#include "engine/gym/signup.h"

namespace tenantry::bench {
namespace {

constexpr int kMembers = 2'000;
constexpr uint8_t kBySession = 3;  // The index of GymBooking over session, status and time.

// A gym with members and unlimited sessions, made once for all runs of this binary.
class Gym {
 public:
  Gym() : gym_(MakeGym()) {
    for (int i = 0; i < kMembers; ++i) {
      const auto done = gym::SignUpMember(
          bench_.engine(),
          {gym_, fmt::format("member{}@bench.example", i), "Mia Member", "no hash", "bench"},
          ReadTier::kBlocking);
      TNT_CHECK(done.ok());
      members_.emplace_back(done.value->member->getId().cStr());
      if (i % kInFlightMax == 0) bench_.Settle(done.outcome);
    }
    MakeTypeAndPlace();
  }

  BenchEngine& bench() { return bench_; }
  const std::vector<std::string>& members() const { return members_; }
  gym::Scope Scope() {
    return {bench_.engine(),
            gym_.ref,
            gym_.record->getId().cStr(),
            {owner_id_, schema::GymRole::OWNER, true},
            "bench",
            ReadTier::kBlocking};
  }

  // A session of half an hour, each after the one before.
  std::string AddSession() {
    const int64_t start = bench_.clock().NowUnixMs() + 86'400'000 + sessions_++ * 1'800'000;
    const auto input = codec::Input<schema::GymSessionInput>::Decode(
        fmt::format(R"({{"sessionTypeId":"{}","locationId":"{}","startTime":"{}"}})", type_id_,
                    place_id_, FormatInstant(start)));
    const auto done = gym::CreateSession(Scope(), *input);
    bench_.Settle(done.outcome);
    return done.value->session->getId().cStr();
  }

  // A session with this many bookings, remembered.
  const std::string& SessionWith(int64_t bookings) {
    std::string& session = filled_[bookings];
    if (!session.empty()) return session;
    session = AddSession();
    for (int64_t i = 0; i < bookings; ++i) {
      const auto done =
          gym::CreateBooking(Scope(), {session, members_[static_cast<size_t>(i)], std::nullopt});
      if (i % kInFlightMax == 0 || i + 1 == bookings) bench_.Settle(done.outcome);
    }
    return session;
  }

 private:
  tenant::TenantEntry MakeGym() {
    const auto input = codec::Input<schema::GymSignupInput>::Decode(
        R"({"email":"owner@bench.example","password":"not used here","name":"Olivia",)"
        R"("tenantName":"Bench Gym"})");
    const auto done =
        gym::SignUpGym(bench_.engine(), {**input, "no hash", "bench"}, ReadTier::kBlocking);
    bench_.Settle(done.outcome);
    owner_id_ = done.value->member->getId().cStr();
    return *tenant::Directory::Find(bench_.engine().View(), done.value->tenant->getId().cStr(),
                                    schema::TenantKind::GYM, ReadTier::kBlocking);
  }

  void MakeTypeAndPlace() {
    const auto type_input = codec::Input<schema::GymSessionTypeInput>::Decode(
        R"({"name":"Spinning","durationMin":30,"category":"class"})");
    const auto type = gym::CreateSessionType(Scope(), *type_input);
    bench_.Settle(type.outcome);
    type_id_ = (*type.value)->getId().cStr();
    const auto place_input = codec::Input<schema::GymLocationInput>::Decode(R"({"name":"Hall"})");
    const auto place = gym::CreateLocation(Scope(), *place_input);
    bench_.Settle(place.outcome);
    place_id_ = (*place.value)->getId().cStr();
  }

  BenchEngine bench_;
  std::string owner_id_;
  tenant::TenantEntry gym_;
  std::vector<std::string> members_;
  std::string type_id_;
  std::string place_id_;
  int64_t sessions_ = 0;
  std::map<int64_t, std::string> filled_;
};

Gym& TheGym() {
  static Gym gym;
  return gym;
}

void BM_Booking(benchmark::State& state) {
  Gym& gym = TheGym();
  const gym::Scope scope = gym.Scope();
  ResultHash hash;
  std::string session;
  size_t member = kMembers;
  Outcome last;
  int in_flight = 0;
  for (auto _ : state) {
    if (member == kMembers) {
      state.PauseTiming();
      session = gym.AddSession();
      member = 0;
      state.ResumeTiming();
    }
    const gym::Done<gym::BookingParts> done =
        gym::CreateBooking(scope, {session, gym.members()[member++], std::nullopt});
    if (!done.ok()) return state.SkipWithError(done.outcome.status.ToString().c_str());
    hash.Add(done.value->booking.bytes().size());
    if (++in_flight == kInFlightMax) {
      state.PauseTiming();
      gym.bench().Settle(done.outcome);
      in_flight = 0;
      state.ResumeTiming();
    }
    last.release_index = done.outcome.release_index;
  }
  gym.bench().Settle(last);
  hash.Report(state);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Booking);

IndexRange BookingsOf(const std::string& session) {
  return {.index = kBySession, .equal = {std::string_view(session)}};
}

void BM_ScanBookings(benchmark::State& state) {
  Gym& gym = TheGym();
  const std::string session = gym.SessionWith(state.range(0));
  const ReadView view = gym.bench().engine().View();
  ResultHash hash;
  for (auto _ : state) {
    int64_t rows = 0;
    const SpaceReader space = view.Space(gym.Scope().tenant, ReadTier::kBlocking);
    const Status status = space.ScanIndex<schema::GymBooking>(
        BookingsOf(session), [&](const codec::Stored<schema::GymBooking>& booking) {
          hash.Add(static_cast<uint64_t>(booking->getCreatedAt()));
          return ++rows > 0;
        });
    if (!status.ok() || rows != state.range(0)) return state.SkipWithError("rows are missing");
  }
  hash.Report(state);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_ScanBookings)->ArgName("rows")->Arg(10)->Arg(100)->Arg(1000);

void BM_CountBookings(benchmark::State& state) {
  Gym& gym = TheGym();
  const std::string session = gym.SessionWith(state.range(0));
  const ReadView view = gym.bench().engine().View();
  ResultHash hash;
  for (auto _ : state) {
    const SpaceReader space = view.Space(gym.Scope().tenant, ReadTier::kBlocking);
    const Result<uint64_t> rows = space.CountIndex<schema::GymBooking>(BookingsOf(session));
    if (!rows.ok() || *rows != static_cast<uint64_t>(state.range(0))) {
      return state.SkipWithError("rows are missing");
    }
    hash.Add(*rows);
  }
  hash.Report(state);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_CountBookings)->ArgName("rows")->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace tenantry::bench
