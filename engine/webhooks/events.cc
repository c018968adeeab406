#include "engine/webhooks/events.h"

#include <algorithm>
#include <optional>

#include "engine/codec/json_out.h"
#include "engine/jobs/queue.h"

namespace tenantry::webhooks {
namespace {

// A fan-out job must fit into the entry beside the command's own effects; beyond this, events carry ids only.
constexpr size_t kFullNotesMax = 256 * 1024;
constexpr size_t kRowsOfJob = 2;

struct Record {
  std::string_view collection;
  std::string_view name;
  std::vector<std::string_view> statuses = {};  // That a record can come to; each is a type.
};

const std::vector<Record>& Records() {
  static const std::vector<Record> records = {
      {"gymMembers", "member"},
      {"gymLocations", "location"},
      {"gymSessionTypes", "session_type"},
      {"gymSessions", "session", {"scheduled", "weather_hold", "completed", "cancelled"}},
      {"gymBookings", "booking", {"confirmed", "attended", "no_show", "cancelled"}},
      {"gymWaitlist", "waitlist_entry"},
      {"gymInvitations", "invitation", {"pending", "accepted", "declined", "expired", "cancelled"}},
      {"gymSubscriptions", "membership", {"active", "suspended", "expired", "cancelled"}},
      {"popups", "popup", {"draft", "active", "paused", "archived"}},
      {"discountCodes", "discount_code"},
      {"emailSubscribers", "subscriber", {"subscribed", "unsubscribed"}},
  };
  return records;
}

const Record* FindRecord(std::string_view collection) {
  for (const Record& record : Records()) {
    if (record.collection == collection) return &record;
  }
  return nullptr;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

using Reader = capnp::DynamicStruct::Reader;

std::string StatusOf(const Record& record, const schema::StructInfo& info, const Reader& reader) {
  if (record.name == "subscriber") {
    return reader.get("isActive").as<bool>() ? "subscribed" : "unsubscribed";
  }
  const schema::FieldInfo* field = record.statuses.empty() ? nullptr : info.FindField("status");
  if (field == nullptr) return {};
  const auto value = reader.get(field->field).as<capnp::DynamicEnum>().getRaw();
  return value < field->enum_names.size() ? Lower(field->enum_names[value]) : std::string();
}

// Whether a session changed because somebody took or left a seat, or a place in its queue.
bool IsSeatChange(const Record& record, const RecordChange& change) {
  if (record.name != "session" || change.before == nullptr || change.after == nullptr) return false;
  for (const char* field : {"bookedCount", "waitlistCount"}) {
    if (change.before->get(field).as<int32_t>() != change.after->get(field).as<int32_t>()) {
      return true;
    }
  }
  return false;
}

std::string VerbOf(const Record& record, const RecordChange& change) {
  if (change.before == nullptr) return "created";
  if (change.after == nullptr) return "deleted";
  const schema::StructInfo& info = *change.collection.info;
  std::string status = StatusOf(record, info, *change.after);
  if (!status.empty() && status != StatusOf(record, info, *change.before)) return status;
  return IsSeatChange(record, change) ? "" : "updated";
}

struct Note {
  std::string_view type, id, body;
};

// Takes one line off the front.
std::optional<Note> TakeNote(std::string_view* notes) {
  const size_t end = notes->find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = notes->substr(0, end);
  notes->remove_prefix(end + 1);
  const size_t first = line.find('\t');
  const size_t second = line.find('\t', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  return Note{line.substr(0, first), line.substr(first + 1, second - first - 1),
              line.substr(second + 1)};
}

// The same events with nothing but ids.
std::string ThinNotes(std::string_view notes, int64_t now_ms) {
  std::string thin;
  while (const std::optional<Note> note = TakeNote(&notes)) {
    thin.append(note->type).append("\t").append(note->id).append("\t");
    {
      codec::ObjectWriter body(&thin);
      body.String("type", note->type);
      body.Instant("timestamp", now_ms);
      codec::ObjectWriter(body.Key("data")).String("id", note->id);
    }
    thin.push_back('\n');
  }
  return thin;
}

}  // namespace

void Observer::Describe(const RecordChange& change, std::string* notes) const {
  const Record* record = FindRecord(change.collection.name);
  if (record == nullptr) return;
  const std::string verb = VerbOf(*record, change);
  if (verb.empty()) return;
  const Reader& shown = change.after != nullptr ? *change.after : *change.before;
  const auto id = shown.get("id").as<capnp::Text>();
  std::string type(record->name);
  type.append(".").append(verb);
  notes->append(type).append("\t").append(id.begin(), id.size()).append("\t");
  {
    codec::ObjectWriter body(notes);
    body.String("type", type);
    body.Instant("timestamp", change.now_unix_ms);
    std::string* data = body.Key("data");
    data->push_back('{');
    codec::AppendJsonMembers(data, *change.collection.info, shown);
    data->push_back('}');
  }
  notes->push_back('\n');
}

Status Observer::Conclude(SpaceWriter& tx, std::string_view notes) const {
  std::string payload(notes);
  const auto fits = [&] {
    return payload.size() <= kFullNotesMax && tx.HasRoomFor(kRowsOfJob, payload.size() + 1024);
  };
  if (!fits()) payload = ThinNotes(notes, tx.now_unix_ms());
  return jobs::Enqueue(tx, {.kind = kFanOutJob, .payload = std::move(payload)}).status();
}

std::vector<Event> ParseNotes(std::string_view notes) {
  std::vector<Event> events;
  while (const std::optional<Note> note = TakeNote(&notes)) {
    events.push_back({note->type, note->body});
  }
  return events;
}

void AppendNote(const Event& event, std::string* notes) {
  notes->append(event.type).append("\t\t").append(event.body).append("\n");
}

std::vector<std::string> EventTypes() {
  std::vector<std::string> types;
  for (const Record& record : Records()) {
    for (const std::string_view verb : {"created", "updated", "deleted"}) {
      types.push_back(std::string(record.name) + "." + std::string(verb));
    }
    for (const std::string_view status : record.statuses) {
      types.push_back(std::string(record.name) + "." + std::string(status));
    }
  }
  return types;
}

bool MatchesEvent(std::string_view pattern, std::string_view type) {
  if (pattern == "*" || pattern == type) return true;
  return pattern.size() > 2 && pattern.ends_with(".*") &&
         type.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool IsEventPattern(std::string_view pattern) {
  const std::vector<std::string> types = EventTypes();
  return std::any_of(types.begin(), types.end(),
                     [&](const std::string& type) { return MatchesEvent(pattern, type); });
}

}  // namespace tenantry::webhooks
