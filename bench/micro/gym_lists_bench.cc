// Question: does the list of free sessions get slower as a gym grows, and what does it cost to find a member by a word,
// spelled right or not? Answers in time per list (page, parts and bookings of twenty sessions) and per search.
// Goals: a hundred times the sessions and past bookings within 1.3 times the time; a search under 1 ms.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/micro/bench_engine.h"
#include "bench/micro/result_hash.h"
#include "engine/base/time_format.h"
#include "engine/gym/bookings.h"
#include "engine/gym/member_search.h"
#include "engine/gym/session_queries.h"
#include "engine/gym/sessions.h"
#include "engine/gym/signup.h"

namespace tenantry::bench {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int kBooked = 20;            // Bookings of each listed session.
constexpr int kSessionsPerScale = 20;  // To come; as many with bookings lie in the past.

// A gym of its own per scale.
class GrownGym {
 public:
  explicit GrownGym(int64_t scale, int members) : gym_(MakeGym()) {
    for (int i = 0; i < members; ++i) AddMember(i);
    MakeTypeAndPlace();
    for (int64_t i = 0; i < scale * kSessionsPerScale; ++i) {
      const std::string past = AddSession(kBooked + kSessionsPerScale * 1'000 + i);
      Book(past);
      MoveToThePast(past, i);
      const std::string ahead = AddSession(i);
      if (i < kBooked) Book(ahead);
    }
    Settle();
  }

  SpaceReader Space() { return bench_.engine().View().Space(gym_.ref, ReadTier::kBlocking); }
  int64_t now_ms() const { return now_ms_; }

 private:
  gym::Scope Scope() {
    return {bench_.engine(),
            gym_.ref,
            gym_.record->getId().cStr(),
            {owner_id_, schema::GymRole::OWNER, true},
            "bench",
            ReadTier::kBlocking};
  }
  void Keep(const Outcome& outcome) {
    TNT_CHECK(outcome.status.ok());
    if (++in_flight_ % kInFlightMax == 0) bench_.Settle(outcome);
    last_index_ = outcome.release_index;
  }
  void Settle() { bench_.engine().WaitReleased(last_index_); }

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
  // Names of two made-up words, so that prefixes are shared as real names share them.
  void AddMember(int number) {
    static constexpr const char* kFirst[] = {"ma", "jo", "an", "li", "ka", "sa", "be", "to"};
    static constexpr const char* kMiddle[] = {"ri", "ha", "ne", "lo", "mi", "da", "so", "vi"};
    static constexpr const char* kLast[] = {"a", "nn", "s", "ta", "el", "ko", "ra", "no"};
    const auto word = [](int n) {
      return fmt::format("{}{}{}{}", kFirst[n % 8], kMiddle[n / 8 % 8], kLast[n / 64 % 8],
                         kMiddle[n / 512 % 8]);
    };
    const auto done =
        gym::SignUpMember(bench_.engine(),
                          {gym_, fmt::format("m{}@bench.example", number),
                           word(number) + " " + word(number * 7919 % 4096), "no hash", "bench"},
                          ReadTier::kBlocking);
    if (members_.size() < kBooked) members_.emplace_back(done.value->member->getId().cStr());
    Keep(done.outcome);
  }
  void MakeTypeAndPlace() {
    const auto type = gym::CreateSessionType(
        Scope(), *codec::Input<schema::GymSessionTypeInput>::Decode(
                     R"({"name":"Spinning","durationMin":30,"category":"class"})"));
    const auto place = gym::CreateLocation(
        Scope(), *codec::Input<schema::GymLocationInput>::Decode(R"({"name":"Hall"})"));
    type_id_ = (*type.value)->getId().cStr();
    place_id_ = (*place.value)->getId().cStr();
    Keep(place.outcome);
  }
  std::string AddSession(int64_t slot) {
    const auto done = gym::CreateSession(
        Scope(), *codec::Input<schema::GymSessionInput>::Decode(fmt::format(
                     R"({{"sessionTypeId":"{}","locationId":"{}","startTime":"{}"}})", type_id_,
                     place_id_, FormatInstant(now_ms_ + (slot + 1) * kHourMs))));
    Keep(done.outcome);
    return done.value->session->getId().cStr();
  }
  void Book(const std::string& session) {
    for (const std::string& member : members_) {
      Keep(gym::CreateBooking(Scope(), {session, member, std::nullopt}).outcome);
    }
  }
  void MoveToThePast(const std::string& session, int64_t slot) {
    Keep(gym::UpdateSession(
             Scope(), session,
             *codec::Input<schema::GymSessionPatch>::Decode(fmt::format(
                 R"({{"startTime":"{}"}})", FormatInstant(now_ms_ - (slot + 1) * kHourMs))))
             .outcome);
    Settle();
  }

  BenchEngine bench_;
  const int64_t now_ms_ = bench_.clock().NowUnixMs();
  std::string owner_id_;
  tenant::TenantEntry gym_;
  std::vector<std::string> members_;
  std::string type_id_;
  std::string place_id_;
  uint64_t in_flight_ = 0;
  uint64_t last_index_ = 0;
};

// Each gym is a static of its own function, so that it goes before the statics that its engine uses.
template <int kScale>
void BM_Available(benchmark::State& state) {
  static GrownGym gym(kScale, kBooked);
  ResultHash hash;
  gym::SessionFilter filter;
  filter.available_only = true;
  filter.now_ms = gym.now_ms();
  for (auto _ : state) {
    const SpaceReader space = gym.Space();
    const Result<gym::SessionPage> page = gym::ListSessions(space, filter, {1, 20});
    if (!page.ok() || page->total != kScale * kSessionsPerScale) {
      return state.SkipWithError("sessions are missing");
    }
    gym::PartsCache cache(space);
    size_t bookings = 0;
    for (const gym::Session& session : page->rows) {
      if (!cache.Parts(session).ok()) return state.SkipWithError("parts are missing");
      bookings += gym::BookingsIn(space, session)->size();
    }
    hash.Add(bookings);
    state.counters["rows_read"] = space.rows_read();
  }
  hash.Report(state);
}
BENCHMARK_TEMPLATE(BM_Available, 1)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_Available, 10)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_Available, 100)->Unit(benchmark::kMicrosecond);

template <int kMembers>
void Search(benchmark::State& state, const char* typed) {
  static GrownGym gym(0, kMembers);
  ResultHash hash;
  for (auto _ : state) {
    const SpaceReader space = gym.Space();
    const auto found = gym::SearchMembers(space, typed);
    if (!found.ok()) return state.SkipWithError(found.status().ToString().c_str());
    hash.Add(found->size());
    state.counters["rows_read"] = space.rows_read();
    state.counters["found"] = static_cast<double>(found->size());
  }
  hash.Report(state);
}
template <int kMembers>
void BM_SearchWord(benchmark::State& state) {
  Search<kMembers>(state, "mariane");
}
template <int kMembers>
void BM_SearchSlip(benchmark::State& state) {
  Search<kMembers>(state, "marixne");
}
BENCHMARK_TEMPLATE(BM_SearchWord, 1000)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_SearchWord, 10000)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_SearchSlip, 1000)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(BM_SearchSlip, 10000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tenantry::bench
