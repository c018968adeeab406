#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "engine/base/time_format.h"
#include "engine/commands.h"
#include "engine/gym/bookings.h"
#include "engine/gym/sessions.h"
#include "engine/gym/signup.h"
#include "server/gym/password.h"
#include "tools/tenantry/demo_parts.h"

namespace tenantry::tools {
namespace {

using tenant::Directory;

constexpr uint64_t kSeed = 20'260'101;
constexpr int kMembers = 5'000;
constexpr int kSessionTypes = 40;
constexpr int64_t kPastDays = 7;
constexpr int64_t kFutureDays = 7;
constexpr int kSessionsPerPlaceAndDay = 12;
constexpr int kOpenSessions = 60;  // Unlimited, for load tests.

constexpr const char* kPlaces[] = {"Harbour Hall", "North Studio", "Riverside Court"};
constexpr const char* kStyles[] = {"Morning", "Evening", "Power", "Gentle", "Express"};
constexpr const char* kSports[] = {"yoga",   "spinning", "boxing",     "pilates",
                                   "rowing", "circuit",  "stretching", "swimming"};
constexpr const char* kCategories[] = {"class", "group", "workshop", "personal"};
constexpr const char* kFirstNames[] = {"Ada",  "Ben",  "Chidi", "Dana", "Eve",  "Femi",
                                       "Gus",  "Hana", "Ines",  "Jomo", "Kofi", "Lena",
                                       "Mara", "Nia",  "Omar",  "Pia"};
constexpr const char* kLastNames[] = {"Abara",  "Berg",   "Costa", "Dlamini", "Evans",  "Fischer",
                                      "Garcia", "Haddad", "Ito",   "Jensen",  "Kimani", "Lopez"};

template <size_t N>
const char* Pick(Random& random, const char* const (&choices)[N]) {
  return choices[random.Below(N)];
}

class GymMaker {
 public:
  GymMaker(const server::Context& context, ShiftedClock& clock)
      : engine_(context.engine), clock_(clock), secrets_(context.engine.random()) {}

  Result<DemoGym> Make() {
    clock_.SetShiftMs(-(kPastDays + 1) * kDayMs);
    TNT_RETURN_IF_ERROR(MakeGym());
    TNT_RETURN_IF_ERROR(MakeMembers());
    TNT_RETURN_IF_ERROR(MakePlaces());
    TNT_RETURN_IF_ERROR(MakeTypes());
    TNT_RETURN_IF_ERROR(MakeSessions());
    TNT_RETURN_IF_ERROR(MakeBookings());
    TNT_RETURN_IF_ERROR(CheckPeopleIn());
    clock_.SetShiftMs(0);
    engine_.WaitReleased(newest_);
    return std::move(demo_);
  }

 private:
  struct PlannedSession {
    std::string id;
    int64_t start_ms;
    std::vector<std::string> bookings;  // Members who will come.
  };

  // Who acts: the owner, who may do everything.
  gym::Scope Scope() const {
    return {engine_, gym_->ref,          demo_.tenant_id, {owner_id_, schema::GymRole::OWNER, true},
            "demo",  ReadTier::kBlocking};
  }

  Status Note(const Outcome& outcome) {
    newest_ = std::max(newest_, outcome.release_index);
    return outcome.status;
  }

  Status MakeGym() {
    demo_.owner = {"owner@demo.example", RandomPassword(secrets_)};
    TNT_ASSIGN_OR_RETURN(const std::string hash, server::gym::HashPassword(demo_.owner.password));
    TNT_ASSIGN_OR_RETURN(
        const auto input,
        codec::Input<schema::GymSignupInput>::Decode(
            R"({"email":"owner@demo.example","password":"in the hash","name":"Olivia Owner",)"
            R"("tenantName":"Demo Gym"})"));
    const auto done = gym::SignUpGym(engine_, {*input, hash, "demo"}, ReadTier::kBlocking);
    TNT_RETURN_IF_ERROR(Note(done.outcome));
    demo_.tenant_id = done.value->tenant->getId().cStr();
    owner_id_ = done.value->member->getId().cStr();
    engine_.WaitReleased(newest_);
    TNT_ASSIGN_OR_RETURN(gym_, FindGym());
    return Status::Ok();
  }

  Result<std::optional<tenant::TenantEntry>> FindGym() const {
    TNT_ASSIGN_OR_RETURN(tenant::TenantEntry entry,
                         Directory::Find(engine_.View(), demo_.tenant_id, schema::TenantKind::GYM,
                                         ReadTier::kBlocking));
    return std::optional<tenant::TenantEntry>(std::move(entry));
  }

  Status MakeMembers() {
    demo_.trainer = {"trainer@demo.example", RandomPassword(secrets_)};
    demo_.member = {"member@demo.example", RandomPassword(secrets_)};
    TNT_ASSIGN_OR_RETURN(trainer_id_, AddMember(demo_.trainer, "Tariq Trainer"));
    TNT_RETURN_IF_ERROR(MakeTrainer());
    TNT_ASSIGN_OR_RETURN(const std::string member_id, AddMember(demo_.member, "Mia Member"));
    demo_.member_ids.push_back(member_id);
    Progress progress("members", kMembers);
    for (int i = 3; i < kMembers; ++i) {
      const std::string name =
          std::string(Pick(random_, kFirstNames)) + " " + Pick(random_, kLastNames);
      TNT_ASSIGN_OR_RETURN(std::string id,
                           AddMember({fmt::format("member{:04}@demo.example", i), ""}, name));
      demo_.member_ids.push_back(std::move(id));
      progress.Step(static_cast<uint64_t>(i) + 1);
    }
    return Status::Ok();
  }

  // Without a password nobody can log in; hashing 5,000 would take a minute.
  Result<std::string> AddMember(const DemoLogin& login, std::string_view name) {
    std::string hash;
    if (!login.password.empty()) {
      TNT_ASSIGN_OR_RETURN(hash, server::gym::HashPassword(login.password));
    }
    const auto done =
        gym::SignUpMember(engine_, {*gym_, login.email, name, hash, "demo"}, ReadTier::kBlocking);
    TNT_RETURN_IF_ERROR(Note(done.outcome));
    return std::string(done.value->member->getId().cStr());
  }

  Status MakeTrainer() {
    const Outcome outcome = engine_.Execute(
        gym_->ref, {static_cast<uint16_t>(CommandKind::kGymDemo), owner_id_, "demo"},
        ReadTier::kBlocking, [this](Transaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(const auto member,
                               tx.Get<schema::GymMember>({std::string_view(trainer_id_)}));
          codec::Draft<schema::GymMember> trainer(member);
          trainer->setRole(schema::GymRole::TRAINER);
          return tx.Update(member, trainer);
        });
    return Note(outcome);
  }

  Status MakePlaces() {
    for (const char* place : kPlaces) {
      TNT_ASSIGN_OR_RETURN(
          const auto input,
          codec::Input<schema::GymLocationInput>::Decode(
              fmt::format(R"({{"name":"{}","city":"Cape Town","country":"ZA","capacity":40,)"
                          R"("timezone":"Africa/Johannesburg","amenities":["SHOWERS","LOCKERS"]}})",
                          place)));
      const auto done = gym::CreateLocation(Scope(), input);
      TNT_RETURN_IF_ERROR(Note(done.outcome));
      place_ids_.emplace_back((*done.value)->getId().cStr());
    }
    return Status::Ok();
  }

  Status MakeTypes() {
    static_assert(kSessionTypes == std::size(kStyles) * std::size(kSports));
    for (int i = 0; i < kSessionTypes; ++i) {
      const auto number = static_cast<size_t>(i);
      TNT_ASSIGN_OR_RETURN(
          const auto input,
          codec::Input<schema::GymSessionTypeInput>::Decode(fmt::format(
              R"({{"name":"{} {}","durationMin":{},"category":"{}","maxCapacity":{}}})",
              kStyles[number % std::size(kStyles)], kSports[number / std::size(kStyles)],
              30 + 15 * (i % 3), kCategories[number % std::size(kCategories)], 10 + i % 15)));
      const auto done = gym::CreateSessionType(Scope(), input);
      TNT_RETURN_IF_ERROR(Note(done.outcome));
      type_ids_.emplace_back((*done.value)->getId().cStr());
    }
    return Status::Ok();
  }

  Status MakeSessions() {
    const int64_t today = clock_.NowUnixMs() / kDayMs * kDayMs + (kPastDays + 1) * kDayMs;
    const uint64_t total = (kPastDays + kFutureDays) * std::size(kPlaces) * kSessionsPerPlaceAndDay;
    Progress progress("sessions", total);
    for (int64_t day = -kPastDays; day < kFutureDays; ++day) {
      for (size_t place = 0; place < place_ids_.size(); ++place) {
        for (int slot = 0; slot < kSessionsPerPlaceAndDay; ++slot) {
          const int64_t start = today + day * kDayMs + (6 + slot) * kHourMs;
          TNT_RETURN_IF_ERROR(AddSession(place_ids_[place], start, ""));
          progress.Step(sessions_.size());
        }
      }
    }
    // A week further on, where everybody fits: what load tests book.
    for (int i = 0; i < kOpenSessions; ++i) {
      const int64_t start = today + (kFutureDays + 1 + i / 20) * kDayMs + i % 20 * kHourMs;
      TNT_RETURN_IF_ERROR(AddSession(place_ids_[0], start, R"(,"capacity":1000000)"));
      demo_.open_session_ids.push_back(sessions_.back().id);
      sessions_.pop_back();
    }
    return Status::Ok();
  }

  Status AddSession(const std::string& place_id, int64_t start_ms, std::string_view extra) {
    TNT_ASSIGN_OR_RETURN(
        const auto input,
        codec::Input<schema::GymSessionInput>::Decode(fmt::format(
            R"({{"sessionTypeId":"{}","locationId":"{}","startTime":"{}","instructor":"Tariq Trainer",)"
            R"("instructorId":"{}"{}}})",
            type_ids_[random_.Below(type_ids_.size())], place_id, FormatInstant(start_ms),
            trainer_id_, extra)));
    const auto done = gym::CreateSession(Scope(), input);
    TNT_RETURN_IF_ERROR(Note(done.outcome));
    sessions_.push_back({done.value->session->getId().cStr(), start_ms, {}});
    return Status::Ok();
  }

  Status MakeBookings() {
    Progress progress("sessions booked", sessions_.size());
    for (size_t i = 0; i < sessions_.size(); ++i) {
      PlannedSession& session = sessions_[i];
      const uint64_t wanted = 4 + random_.Below(14);
      for (uint64_t n = 0; n < wanted; ++n) {
        const std::string& member = demo_.member_ids[random_.Below(demo_.member_ids.size())];
        const auto done =
            gym::CreateBooking(Scope(), {session.id, std::string_view(member), std::nullopt});
        // A full class, or the same person drawn twice: as it happens in a real gym.
        if (done.outcome.status.code() == StatusCode::kConflict) continue;
        TNT_RETURN_IF_ERROR(Note(done.outcome));
        session.bookings.push_back(member);
      }
      progress.Step(i + 1);
    }
    return Status::Ok();
  }

  Status CheckPeopleIn() {
    std::sort(sessions_.begin(), sessions_.end(),
              [](const auto& a, const auto& b) { return a.start_ms < b.start_ms; });
    clock_.SetShiftMs(0);
    const int64_t now = clock_.NowUnixMs();
    for (const PlannedSession& session : sessions_) {
      if (session.start_ms + 5 * 60'000 > now) break;
      clock_.SetShiftMs(session.start_ms + 5 * 60'000 - now);
      for (const std::string& member : session.bookings) {
        if (random_.Below(5) == 0) continue;  // Did not come.
        TNT_RETURN_IF_ERROR(Note(gym::CheckIn(Scope(), session.id, member).outcome));
      }
    }
    return Status::Ok();
  }

  Engine& engine_;
  ShiftedClock& clock_;
  Random& secrets_;
  SeededRandom random_{kSeed};
  DemoGym demo_;
  std::optional<tenant::TenantEntry> gym_;
  std::string owner_id_;
  std::string trainer_id_;
  std::vector<std::string> place_ids_;
  std::vector<std::string> type_ids_;
  std::vector<PlannedSession> sessions_;
  uint64_t newest_ = 0;
};

}  // namespace

Result<DemoGym> MakeDemoGym(const server::Context& context, ShiftedClock& clock) {
  Result<DemoGym> made = GymMaker(context, clock).Make();
  clock.SetShiftMs(0);
  return made;
}

}  // namespace tenantry::tools
