#pragma once
// SessionChange: the one way a plan changes a session, its seats and its waitlist.
//
// Rules    a plan makes its changes and ends with Save(), which writes the session once. Before it
//          writes, Save() gives every free seat of a session that is open (scheduled and not yet
//          started) to the lowest on the waitlist, and empties the waitlist of one that is not or
//          was not. So no command can leave a free seat beside somebody who waits for it.
// Errors   those of the transaction.
// Threads  belongs to one plan.
// Owns     the draft. Borrows the transaction.

#include <optional>
#include <string>
#include <string_view>

#include "engine/gym/session_parts.h"
#include "engine/schema/gym.capnp.h"
#include "engine/transaction.h"

namespace tenantry::gym {

using Booking = codec::Stored<schema::GymBooking>;
using WaitlistEntry = codec::Stored<schema::GymWaitlistEntry>;

// Longest waitlist of a session: all of it may be promoted, or told of a cancellation, in one entry
// of the log (4,096 effects and 1 MiB), where a promotion takes fifteen effects and up to 4.5 KiB.
inline constexpr int32_t kWaitlistMax = 200;

// Scheduled and not yet started: who books or waits now may take part.
bool IsOpen(const schema::GymSession::Reader& session, int64_t now_ms);

class SessionChange {
 public:
  SessionChange(Transaction& tx, const Session& before);

  codec::Draft<schema::GymSession>& draft() {
    touched_ = true;
    return after_;
  }

  struct Seat {
    std::string_view member_id;
    std::optional<std::string_view> notes;
    std::optional<Booking> earlier;  // A cancelled booking of theirs is brought back, same id.
  };
  // A confirmed booking, with its event. The member stops waiting.
  Result<Booking> Take(const Seat& seat);
  // Cancels a confirmed booking, with its event; `reason` may be empty.
  Result<Booking> Free(const Booking& booking, std::string_view reason);
  // From confirmed to attended, or to no_show, which gives the seat back; with their events.
  Result<Booking> Attend(const Booking& booking);
  Result<Booking> MarkNoShow(const Booking& booking);

  Result<WaitlistEntry> Join(std::string_view member_id);
  Status Leave(const WaitlistEntry& entry);

  // The session as it now stands; written only when it changed.
  Result<SessionParts> Save();

 private:
  // Type and place as the draft names them, for events and counts.
  Status LoadParts();
  Status PromoteWaiting();
  Status EmptyWaitlist();
  Result<std::optional<WaitlistEntry>> LowestWaiting() const;
  Status AppendEvent(std::string_view member_id, schema::GymEventType type, std::string metadata);
  Status EraseEntry(const WaitlistEntry& entry, int64_t position, schema::GymEventType event);
  Result<Booking> Confirm(const Seat& seat);
  // The one place where bookings are written. Empty `before`: a new record.
  Result<Booking> Write(const std::optional<Booking>& before,
                        codec::Draft<schema::GymBooking>* after);
  void AddSeats(int32_t delta);

  Transaction& tx_;
  const Session before_;
  const int64_t now_ms_;
  codec::Draft<schema::GymSession> after_;
  bool touched_ = false;
  PartsCache cache_;
  std::optional<SessionParts> parts_;
  int32_t events_ = 0;  // Appended so far: their order within the command.
};

// A new session: no seats taken, nobody waits.
Result<Session> InsertSession(Transaction& tx, codec::Draft<schema::GymSession>* draft);

// The entry's position: 1 is next.
Result<int64_t> PositionOf(const SpaceReader& space, const WaitlistEntry& entry);

}  // namespace tenantry::gym
