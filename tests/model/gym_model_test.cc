// Goal: whatever people do in whatever order, seats, waitlists and statuses are those of a gym that
// does one thing after the other in a simple map, before and after a restart.
// Method: rapidcheck makes histories of commands; each runs against an engine and against the model
// below. Every command must be answered alike; after each history records, events, counters and
// index rows are compared. TNT_SEED=n repeats a run.

#include <map>

#include <rapidcheck.h>
#include <stdlib.h>

#include "engine/gym/member_stats.h"
#include "engine/gym/room_count.h"
#include "engine/gym/waitlist.h"
#include "tests/crash/test_settings.h"
#include "tests/engine/gym/gym_fixture.h"
#include "tests/support/store_check.h"

namespace tenantry::gym {

enum class Act : uint8_t {
  kBook,
  kCancel,
  kCancelByCrew,
  kJoin,
  kLeave,
  kCheckIn,
  kNoShow,
  kResize,
  kMove,
  kCallOff,
  kComplete,
  kWait
};

struct Step {
  Act act = Act::kBook;
  int member = 0;
  int session = 0;
  int amount = 0;
};

void showValue(const Step& step, std::ostream& out) {
  static constexpr const char* kNames[] = {"book",  "cancel",   "cancel-by-crew", "join",
                                           "leave", "check-in", "no-show",        "resize",
                                           "move",  "call-off", "complete",       "wait"};
  out << kNames[static_cast<int>(step.act)] << " member " << step.member << " session "
      << step.session << " amount " << step.amount << "\n";
}

namespace {

using BookingStatus = schema::GymBookingStatus;
using SessionStatus = schema::GymSessionStatus;
using Event = schema::GymEventType;

constexpr int kMembers = 6;
constexpr int kSessions = 3;

// One session, as a simple gym would keep it.
struct ModelSession {
  int capacity = 1;  // 0: unlimited.
  SessionStatus status = SessionStatus::SCHEDULED;
  int64_t start_ms = 0, end_ms = 0;
  std::map<int, BookingStatus> bookings;
  std::vector<int> waiting;
  std::map<int, std::vector<Event>> events;

  int Booked() const {
    int booked = 0;
    for (const auto& [member, status_of] : bookings) booked += HoldsSeat(status_of) ? 1 : 0;
    return booked;
  }
  bool HasRoom() const { return capacity == 0 || Booked() < capacity; }
  bool Open(int64_t now_ms) const {
    return status == SessionStatus::SCHEDULED && start_ms > now_ms;
  }
  bool Waits(int member) const {
    return std::find(waiting.begin(), waiting.end(), member) != waiting.end();
  }
  bool Confirmed(int member) const {
    const auto found = bookings.find(member);
    return found != bookings.end() && found->second == BookingStatus::CONFIRMED &&
           status != SessionStatus::CANCELLED;
  }
  bool MayBook(int member) const {
    const auto found = bookings.find(member);
    return found == bookings.end() || found->second == BookingStatus::CANCELLED;
  }
  void Log(int member, Event event) { events[member].push_back(event); }
  void Take(int member) {
    bookings[member] = BookingStatus::CONFIRMED;
    Log(member, Event::BOOKING_CREATED);
  }
  void Free(int member) {
    bookings[member] = BookingStatus::CANCELLED;
    Log(member, Event::BOOKING_CANCELLED);
  }
  void Leave(int member) {
    waiting.erase(std::find(waiting.begin(), waiting.end(), member));
    Log(member, Event::WAITLIST_LEFT);
  }
  // What follows every change.
  void Settle(bool was_open, int64_t now_ms) {
    const bool open = was_open && Open(now_ms);
    while (!waiting.empty() && (!open || HasRoom())) {
      const int member = waiting.front();
      waiting.erase(waiting.begin());
      Log(member, open ? Event::WAITLIST_PROMOTED : Event::WAITLIST_LEFT);
      if (open) Take(member);
    }
  }
};

class Model {
 public:
  std::vector<ModelSession> sessions;

  StatusCode Run(const Step& step, int64_t now_ms) {
    ModelSession& s = sessions[static_cast<size_t>(step.session)];
    const bool open = s.Open(now_ms);
    const StatusCode code = Apply(step, &s, now_ms);
    if (code == StatusCode::kOk && step.act != Act::kWait) {
      s.Settle(open, now_ms);
    }
    return code;
  }

 private:
  StatusCode Apply(const Step& step, ModelSession* s, int64_t now_ms) {
    const int m = step.member;
    switch (step.act) {
      case Act::kBook:
        if (!s->Open(now_ms)) return StatusCode::kInvalidArgument;
        if (!s->MayBook(m) || !s->HasRoom()) return StatusCode::kConflict;
        s->Take(m);
        return StatusCode::kOk;
      case Act::kCancel:
      case Act::kCancelByCrew:
        if (!s->bookings.contains(m)) return StatusCode::kNotFound;
        if (!s->Confirmed(m)) return StatusCode::kInvalidArgument;
        if (step.act == Act::kCancel && s->start_ms - now_ms < 2 * kHourMs) {
          return StatusCode::kInvalidArgument;
        }
        s->Free(m);
        return StatusCode::kOk;
      case Act::kJoin:
        if (!s->Open(now_ms)) return StatusCode::kInvalidArgument;
        if (s->Waits(m) || !s->MayBook(m) || s->HasRoom()) return StatusCode::kConflict;
        s->waiting.push_back(m);
        s->Log(m, Event::WAITLIST_JOINED);
        return StatusCode::kOk;
      case Act::kLeave:
        if (!s->Waits(m) || !s->Open(now_ms)) return StatusCode::kNotFound;
        s->Leave(m);
        return StatusCode::kOk;
      default:
        return ApplyByCrew(step, s, now_ms);
    }
  }

  StatusCode ApplyByCrew(const Step& step, ModelSession* s, int64_t now_ms) {
    const int m = step.member;
    switch (step.act) {
      case Act::kCheckIn:
        if (!s->Confirmed(m)) return StatusCode::kNotFound;
        if (now_ms < s->start_ms || now_ms > s->end_ms + kHourMs) {
          return StatusCode::kInvalidArgument;
        }
        s->bookings[m] = BookingStatus::ATTENDED;
        s->Log(m, Event::CLASS_ATTENDANCE);
        return StatusCode::kOk;
      case Act::kNoShow:
        if (!s->bookings.contains(m)) return StatusCode::kNotFound;
        if (!s->Confirmed(m) || now_ms < s->start_ms) return StatusCode::kInvalidArgument;
        s->bookings[m] = BookingStatus::NO_SHOW;
        s->Log(m, Event::NO_SHOW);
        return StatusCode::kOk;
      case Act::kResize:
        if (step.amount > 0 && step.amount < s->Booked()) return StatusCode::kConflict;
        s->capacity = step.amount;
        return StatusCode::kOk;
      case Act::kMove:
        s->start_ms += step.amount * kHourMs;
        s->end_ms += step.amount * kHourMs;
        return StatusCode::kOk;
      case Act::kCallOff:
        if (s->status == SessionStatus::COMPLETED) return StatusCode::kInvalidArgument;
        for (int member = 0; member < kMembers; ++member) {
          if (s->Confirmed(member)) s->Free(member);
        }
        s->status = SessionStatus::CANCELLED;
        return StatusCode::kOk;
      case Act::kComplete:
        if (s->status != SessionStatus::SCHEDULED) return StatusCode::kInvalidArgument;
        s->status = SessionStatus::COMPLETED;
        return StatusCode::kOk;
      default:
        return StatusCode::kOk;
    }
  }
};

rc::Gen<Step> AnyStep() {
  // What people do most comes most.
  const auto act = rc::gen::weightedElement<Act>({{8, Act::kBook},
                                                  {4, Act::kCancel},
                                                  {3, Act::kCancelByCrew},
                                                  {8, Act::kJoin},
                                                  {3, Act::kLeave},
                                                  {3, Act::kCheckIn},
                                                  {2, Act::kNoShow},
                                                  {3, Act::kResize},
                                                  {2, Act::kMove},
                                                  {1, Act::kCallOff},
                                                  {1, Act::kComplete},
                                                  {2, Act::kWait}});
  return rc::gen::build<Step>(rc::gen::set(&Step::act, act),
                              rc::gen::set(&Step::member, rc::gen::inRange(0, kMembers)),
                              rc::gen::set(&Step::session, rc::gen::inRange(0, kSessions)),
                              rc::gen::set(&Step::amount, rc::gen::inRange(0, 5)));
}

class GymModelTest : public GymFixture {
 protected:
  void SetUp() override {
    GymFixture::SetUp();
    for (int i = 0; i < kMembers; ++i) {
      people_.push_back(Join("p" + std::to_string(i) + "@iron.example", "P" + std::to_string(i)));
    }
    for (int i = 0; i < kSessions; ++i) {
      places_.push_back(AddLocation(R"({"name":"Room )" + std::to_string(i) + "\"}"));
    }
  }

  // Sessions of a new history, at places and times that are free.
  Model Begin() {
    Model model;
    ids_.clear();
    clock_.AdvanceMs(30 * kDayMs);
    for (int i = 0; i < kSessions; ++i) {
      ModelSession session;
      session.capacity = i + 1;
      session.start_ms = clock_.NowUnixMs() + (i + 1) * 3 * kHourMs;
      session.end_ms = session.start_ms + kHourMs;
      location_id_ = places_[static_cast<size_t>(i)];
      ids_.push_back(AddSession(session.start_ms, R"(,"capacity":)" + std::to_string(i + 1)));
      model.sessions.push_back(session);
    }
    return model;
  }

  StatusCode Keep(const Outcome& outcome) {
    last_index_ = std::max(last_index_, outcome.release_index);
    return outcome.status.code();
  }
  std::optional<std::string> BookingId(int member, int session) {
    engine().WaitReleased(last_index_);
    const auto booking = Space().FindUnique<schema::GymBooking>(
        1, {std::string_view(people_[static_cast<size_t>(member)]),
            std::string_view(ids_[static_cast<size_t>(session)])});
    if (!booking.ok() || !*booking) return std::nullopt;
    return String((**booking)->getId());
  }

  StatusCode Do(const Step& step) {
    const std::string& id = ids_[static_cast<size_t>(step.session)];
    const std::string& person = people_[static_cast<size_t>(step.member)];
    const Scope scope = ScopeOf(person, schema::GymRole::MEMBER);
    switch (step.act) {
      case Act::kBook:
        return Keep(CreateBooking(scope, {id, {}, std::nullopt}).outcome);
      case Act::kJoin:
        return Keep(JoinWaitlist(scope, id).outcome);
      case Act::kLeave:
        return Keep(LeaveWaitlist(scope, id));
      case Act::kCheckIn:
        return Keep(CheckIn(scope, id, {}).outcome);
      case Act::kCancel:
      case Act::kCancelByCrew:
      case Act::kNoShow: {
        const std::string booking = BookingId(step.member, step.session).value_or("cnone");
        if (step.act == Act::kNoShow) return Keep(MarkNoShow(Owner(), booking).outcome);
        return Keep(CancelBooking(step.act == Act::kCancel ? scope : Owner(), booking).outcome);
      }
      default:
        return DoByCrew(step, id);
    }
  }

  StatusCode DoByCrew(const Step& step, const std::string& id) {
    const auto patch = [&](const std::string& json) {
      return Keep(UpdateSession(Owner(), id, Body<schema::GymSessionPatch>(json)).outcome);
    };
    switch (step.act) {
      case Act::kResize:
        return patch(R"({"capacity":)" + (step.amount == 0 ? "null" : std::to_string(step.amount)) +
                     "}");
      case Act::kMove: {
        engine().WaitReleased(last_index_);
        const int64_t start_ms = SessionNow(id)->getStartTime() + step.amount * kHourMs;
        return patch(R"({"startTime":")" + FormatInstant(start_ms) + "\"}");
      }
      case Act::kCallOff:
        return Keep(CancelSession(Owner(), id).outcome);
      case Act::kComplete:
        return Keep(CompleteSession(Owner(), id).outcome);
      default:
        clock_.AdvanceMs(step.amount * 2 * kHourMs);
        return StatusCode::kOk;
    }
  }

  // Everything the model knows of a session, from the engine.
  void Compare(const ModelSession& model, const std::string& id) {
    const Session session = SessionNow(id);
    RC_ASSERT(session->getStatus() == model.status);
    RC_ASSERT(session->getBookedCount() == model.Booked());
    const bool unlimited = IsUnlimited(*session);
    RC_ASSERT((unlimited ? 0 : session->getCapacity()) == model.capacity);
    RC_ASSERT((unlimited || session->getBookedCount() <= session->getCapacity()));
    RC_ASSERT(session->getWaitlistCount() == static_cast<int32_t>(model.waiting.size()));
    const std::vector<WaitlistParts> rows = *WaitlistOf(Space(), id, clock_.NowUnixMs());
    const size_t shown = model.Open(clock_.NowUnixMs()) ? model.waiting.size() : 0;
    RC_ASSERT(rows.size() == shown);
    for (size_t i = 0; i < rows.size(); ++i) {
      RC_ASSERT(rows[i].position == static_cast<int64_t>(i) + 1);
      RC_ASSERT(String(rows[i].member->getId()) == people_[static_cast<size_t>(model.waiting[i])]);
      const auto seat = model.bookings.find(model.waiting[i]);
      RC_ASSERT((seat == model.bookings.end() || !HoldsSeat(seat->second)));
    }
    std::map<std::string, BookingStatus> statuses;
    const auto bookings = BookingsIn(Space(), session);
    for (const Booking& booking : *bookings) {
      statuses[String(booking->getMemberId())] = booking->getStatus();
    }
    RC_ASSERT(statuses.size() == model.bookings.size());
    for (const auto& [member, status] : model.bookings) {
      RC_ASSERT(statuses.at(people_[static_cast<size_t>(member)]) == status);
    }
  }

  void CompareEvents(const ModelSession& model, const std::string& id) {
    for (int member = 0; member < kMembers; ++member) {
      std::vector<Event> events;
      const Status scanned = Space().ScanRecords<schema::GymEvent>(
          {std::string_view(people_[static_cast<size_t>(member)])}, false,
          [&](const codec::Stored<schema::GymEvent>& event) {
            if (View(event->getSessionInstanceId()) == id &&
                event->getType() != Event::STREAK_MILESTONE) {
              events.push_back(event->getType());
            }
            return true;
          });
      RC_ASSERT(scanned.ok());
      const auto expected = model.events.find(member);
      RC_ASSERT(events ==
                (expected == model.events.end() ? std::vector<Event>() : expected->second));
    }
  }

  // Counters of members equal their records.
  void CompareCounters() {
    for (const std::string& person : people_) {
      std::map<BookingStatus, int64_t> counts;
      int64_t all = 0;
      const Status scanned = Space().ScanIndex<schema::GymBooking>(
          {.index = 2, .equal = {std::string_view(person)}}, [&](const Booking& booking) {
            ++counts[booking->getStatus()];
            ++all;
            return true;
          });
      RC_ASSERT(scanned.ok());
      const MemberStats stats = *StatsOf(Space(), person, clock_.NowUnixMs());
      RC_ASSERT(stats.bookings == all);
      RC_ASSERT(stats.attended == counts[BookingStatus::ATTENDED]);
      RC_ASSERT(stats.cancelled == counts[BookingStatus::CANCELLED]);
      RC_ASSERT(stats.no_shows == counts[BookingStatus::NO_SHOW]);
    }
  }

  // The counters of free sessions say what the index rows say, for the gym and for each place.
  void CompareRoom() {
    std::vector<std::string_view> owners = {""};
    owners.insert(owners.end(), places_.begin(), places_.end());
    for (const std::string_view place : owners) {
      for (const int64_t hours : {0, 3, 7, 50, 1000}) {
        const int64_t after_ms = clock_.NowUnixMs() + (hours - 20) * kHourMs;
        IndexRange range{.index = 5, .from = after_ms + 1};
        if (!place.empty()) range = {.index = 6, .equal = {place}, .from = after_ms + 1};
        RC_ASSERT(*RoomAfter(Space(), place, after_ms) ==
                  *Space().CountIndex<schema::GymSession>(range));
      }
    }
  }

  void CompareAll(const Model& model) {
    engine().WaitReleased(last_index_);
    CompareRoom();
    for (size_t i = 0; i < ids_.size(); ++i) {
      Compare(model.sessions[i], ids_[i]);
      CompareEvents(model.sessions[i], ids_[i]);
    }
    CompareCounters();
  }

  std::vector<std::string> people_, places_, ids_;
  uint64_t last_index_ = 0;
};

TEST_F(GymModelTest, HistoriesGoAsInASimpleGym) {
  std::string histories =
      "max_success=" + std::to_string(crash::Setting("TNT_MODEL_HISTORIES", 60)) + " max_size=60";
  if (const char* seed = getenv("TNT_SEED"); seed != nullptr) {
    histories.append(" seed=").append(seed);
  }
  setenv("RC_PARAMS", histories.c_str(), 0);
  const bool held = rc::check("a gym does what its model does", [&] {
    const std::vector<Step> steps = *rc::gen::container<std::vector<Step>>(AnyStep());
    Model model = Begin();
    for (const Step& step : steps) {
      clock_.AdvanceMs(1);
      RC_ASSERT(Do(step) == model.Run(step, clock_.NowUnixMs()));
    }
    CompareAll(model);
    // Each history also stands a restart, and an inspection of the raw rows.
    RC_ASSERT(engine().FlushForTest().ok());
    engine_.reset();
    const StoreReport report = CheckStore(folder_.path() + "/data");
    Open();
    last_index_ = 0;
    RC_ASSERT(report.problems == std::vector<std::string>());
    RC_ASSERT(report.records > 0u);
    CompareAll(model);
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace tenantry::gym
