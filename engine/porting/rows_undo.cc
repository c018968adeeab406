#include "engine/porting/rows_undo.h"

#include <charconv>
#include <utility>

#include "engine/counters/bucket.h"
#include "engine/counters/counter_deltas.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "engine/gym/room_count.h"
#include "engine/gym/session_change.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"
#include "engine/popups/metrics.h"
#include "engine/popups/popups.h"
#include "engine/popups/subscribers.h"
#include "engine/porting/row_batch.h"
#include "engine/porting/rows.h"

namespace tenantry::porting {
namespace {

using gym::View;
using BookingStatus = schema::GymBookingStatus;

constexpr uint8_t kBookingsByMember = 2;
constexpr uint8_t kBookingsBySession = 3;

std::string HeadName(std::string_view token) {
  return "import/" + std::string(token);
}
std::string RowName(std::string_view token, uint64_t number) {
  return HeadName(token) + "/" + std::to_string(number);
}

CommandInfo UndoInfo() {
  return {static_cast<uint16_t>(CommandKind::kImportUndo), "import", "", true};
}

Result<bool> HasBookings(const SpaceReader& space, const IndexRange& range) {
  bool any = false;
  TNT_RETURN_IF_ERROR(space.ScanIndexKeys(schema::CollectionOf<schema::GymBooking>(), range,
                                          [&any](std::string_view) {
                                            any = true;
                                            return false;
                                          }));
  return any;
}

// Each takes back one record, and what counts it. False: it is gone already.

Result<bool> EraseMember(DirectoryTransaction& tx, SpaceWriter& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const auto member, space.Find<schema::GymMember>({id}));
  if (!member || !(*member)->getListed()) return false;
  TNT_ASSIGN_OR_RETURN(const bool booked,
                       HasBookings(space, {.index = kBookingsByMember, .equal = {id}}));
  if (booked) return Conflict("the member has bookings");
  TNT_ASSIGN_OR_RETURN(const bool owned, gym::HasOtherOwnerRights(space, id));
  if ((*member)->getOwnerRights() && !owned) return Conflict("the member is the only owner");
  TNT_ASSIGN_OR_RETURN(const auto membership,
                       tx.Find<schema::EmailMembership>(
                           {View((*member)->getEmailKey()), View((*member)->getTenantId())}));
  if (membership) TNT_RETURN_IF_ERROR(tx.Erase(*membership));
  TNT_RETURN_IF_ERROR(gym::AddToTotal(space, gym::kTotalMembers, 0, -1));
  TNT_RETURN_IF_ERROR(
      gym::AddToTotal(space, gym::kTotalJoined, counters::MonthOf((*member)->getCreatedAt()), -1));
  TNT_RETURN_IF_ERROR(gym::EraseStats(space, id));
  TNT_RETURN_IF_ERROR(space.Erase(*member));
  return true;
}

Result<bool> EraseSession(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const auto session, tx.Find<schema::GymSession>({id}));
  if (!session) return false;
  TNT_ASSIGN_OR_RETURN(const bool booked,
                       HasBookings(tx, {.index = kBookingsBySession, .equal = {id}}));
  if (booked || (*session)->getWaitlistCount() > 0) return Conflict("the session has bookings");
  codec::Draft<schema::GymSession> without(*session);
  without->setHasRoom(false);
  TNT_RETURN_IF_ERROR(gym::CountRoom(tx, **session, without.reader()));
  TNT_RETURN_IF_ERROR(tx.Erase(*session));
  TNT_RETURN_IF_ERROR(tenant::EraseReference(tx, schema::ReferenceKind::SESSION, id));
  return true;
}

Result<bool> EraseBooking(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const auto booking, tx.Find<schema::GymBooking>({id}));
  if (!booking) return false;
  const BookingStatus status = (*booking)->getStatus();
  TNT_RETURN_IF_ERROR(tx.Erase(*booking));
  TNT_RETURN_IF_ERROR(gym::RebuildStats(tx, View((*booking)->getMemberId())));
  if (status == BookingStatus::ATTENDED) {
    TNT_RETURN_IF_ERROR(gym::AddToTotal(tx, gym::kTotalAttended,
                                        counters::MonthOf((*booking)->getAttendedAt()), -1));
  }
  if (status != BookingStatus::CONFIRMED && status != BookingStatus::ATTENDED) return true;
  TNT_ASSIGN_OR_RETURN(const gym::Session session,
                       gym::GetSession(tx, View((*booking)->getSessionInstanceId())));
  gym::SessionChange change(tx, session);
  change.draft()->setBookedCount(session->getBookedCount() - 1);
  TNT_RETURN_IF_ERROR(change.Save().status());
  return true;
}

Result<bool> EraseCode(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const auto code, tx.Find<schema::DiscountCode>({id}));
  if (!code) return false;
  counters::CounterDeltas deltas;
  deltas.Add({popups::kShopTotals, popups::kShopOwner, popups::kCodes}, -1);
  TNT_RETURN_IF_ERROR(deltas.WriteTo(tx));
  TNT_RETURN_IF_ERROR(tx.Erase(*code));
  return true;
}

Result<bool> EraseSubscriber(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const auto subscriber, tx.Find<schema::EmailSubscriber>({id}));
  if (!subscriber) return false;
  TNT_RETURN_IF_ERROR(popups::EraseSubscriberRow(tx, View((*subscriber)->getEmail())).status());
  return true;
}

// Popups go as when their shop deletes them: their events and counters follow in the background.
Result<bool> EraseOnePopup(Engine& engine, const TenantRef& shop, std::string_view id) {
  const Outcome outcome = popups::DeletePopup(engine, shop, id, UndoInfo(), ReadTier::kBlocking);
  if (outcome.status.code() == StatusCode::kNotFound) return false;
  TNT_RETURN_IF_ERROR(outcome.status);
  return true;
}

Result<bool> EraseOne(Engine& engine, const tenant::TenantEntry& tenant, const RowKind& kind,
                      std::string_view id) {
  if (kind.name == "popups") return EraseOnePopup(engine, tenant.ref, id);
  bool erased = false;
  Outcome outcome;
  if (kind.name == "members") {
    outcome = engine.ExecuteDirectory(
        UndoInfo(), ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.OpenSpace(tenant.ref.space()));
          TNT_ASSIGN_OR_RETURN(erased, EraseMember(tx, *space, id));
          return Status::Ok();
        });
  } else {
    const auto plan = kind.name == "sessions"   ? EraseSession
                      : kind.name == "bookings" ? EraseBooking
                      : kind.name == "codes"    ? EraseCode
                                                : EraseSubscriber;
    outcome =
        engine.Execute(tenant.ref, UndoInfo(), ReadTier::kBlocking, [&](Transaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(erased, plan(tx, id));
          return Status::Ok();
        });
  }
  TNT_RETURN_IF_ERROR(outcome.status);
  return erased;
}

}  // namespace

Status NoteAdded(SpaceWriter& space, const AddedRow& row) {
  uint64_t number = 0;
  std::from_chars(row.number.data(), row.number.data() + row.number.size(), number);
  TNT_RETURN_IF_ERROR(
      space.SetMeta(HeadName(row.token), std::string(row.kind) + " " + std::string(row.number)));
  return space.SetMeta(RowName(row.token, number), row.id);
}

Result<Undone> UndoRows(Engine& engine, const tenant::TenantEntry& tenant, std::string_view token) {
  const SpaceReader space = engine.View().Space(tenant.ref, ReadTier::kBlocking);
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> head, space.Meta(HeadName(token)));
  const size_t gap = head ? head->find(' ') : std::string::npos;
  const RowKind* const kind =
      gap == std::string::npos ? nullptr : FindRowKind(std::string_view(*head).substr(0, gap));
  if (kind == nullptr) return NotFound("no import has the token " + std::string(token));
  uint64_t last = 0;
  std::from_chars(head->data() + gap + 1, head->data() + head->size(), last);

  Undone undone;
  undone.kind = kind->name;
  // Newest first: what hangs on a row was added after it.
  for (uint64_t number = last; number > 0; --number) {
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> id, space.Meta(RowName(token, number)));
    if (!id) continue;  // That row was not added.
    const Result<bool> erased = EraseOne(engine, tenant, *kind, *id);
    if (!erased.ok() && !IsRefusal(erased.status())) return erased.status();
    if (!erased.ok()) {
      undone.kept.push_back({std::string(kind->name), *id, std::string(erased.status().message())});
    } else {
      ++(*erased ? undone.erased : undone.gone);
    }
  }
  // What is kept may be tried again.
  if (!undone.kept.empty()) return undone;
  // The head goes last: until then the undo can be run again.
  const uint64_t head_number = last + 1;
  for (uint64_t first = 1; first <= head_number;) {
    uint64_t next = first;
    const Outcome outcome =
        engine.Execute(tenant.ref, UndoInfo(), ReadTier::kBlocking, [&](Transaction& tx) -> Status {
          for (next = first; next <= head_number && tx.HasRoomFor(1, 256); ++next) {
            TNT_RETURN_IF_ERROR(
                tx.EraseMeta(next == head_number ? HeadName(token) : RowName(token, next)));
          }
          return Status::Ok();
        });
    TNT_RETURN_IF_ERROR(outcome.status);
    engine.WaitReleased(outcome.release_index);
    first = next;
  }
  return undone;
}

}  // namespace tenantry::porting
