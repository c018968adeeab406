#pragma once
// Events: what a command changed, in words for outsiders, written in the command's own entry.
//
//   command ─ Describe ─▶ notes ─ Conclude ─▶ one job "webhook.fanout" in the same entry
//
// Rules    a type is RECORD.created, .updated or .deleted; an update that changes the record's status is RECORD.STATUS
//          instead, such as booking.cancelled. A session whose seats alone changed is not an event: its booking is.
// Units    notes are lines of type, tab, id, tab, JSON object.
// Threads  stateless.

#include <string>
#include <string_view>
#include <vector>

#include "engine/command_observer.h"

namespace tenantry::webhooks {

inline constexpr std::string_view kFanOutJob = "webhook.fanout";
inline constexpr std::string_view kDeliverJob = "webhook.deliver";

class Observer final : public CommandObserver {
 public:
  void Describe(const RecordChange& change, std::string* notes) const override;
  Status Conclude(SpaceWriter& tx, std::string_view notes) const override;
};

struct Event {
  std::string_view type;
  std::string_view body;  // {"type":…,"timestamp":…,"data":…}
};
// Views into `notes`.
std::vector<Event> ParseNotes(std::string_view notes);
// Appends events in the form that ParseNotes reads.
void AppendNote(const Event& event, std::string* notes);

// Every type there is, for lists and documents.
std::vector<std::string> EventTypes();
// "*", a type, or "booking.*".
bool IsEventPattern(std::string_view pattern);
bool MatchesEvent(std::string_view pattern, std::string_view type);

}  // namespace tenantry::webhooks
