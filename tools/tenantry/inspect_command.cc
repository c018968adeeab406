#include "tools/tenantry/inspect_command.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/time_format.h"
#include "engine/log/segment_verify.h"
#include "engine/log/write_set.h"
#include "tools/inspect/describe_key.h"
#include "tools/inspect/log_walk.h"
#include "tools/tenantry/data_folder.h"

namespace tenantry::tools {
namespace {

using nlohmann::json;

Result<uint64_t> NumberOf(const Invocation& typed, const char* name) {
  const std::string& text = typed.Get(name);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument(fmt::format("--{} takes a number, not '{}'", name, text));
  }
  return value;
}

json EffectsOf(std::string_view payload) {
  json effects = json::array();
  const Status visited = log::VisitWriteSet(payload, [&effects](const log::Effect& effect) {
    const Result<json> key = inspect::DescribeKey(effect.key);
    effects.push_back({{"do", effect.kind == log::EffectKind::kPut ? "put" : "delete"},
                       {"key", key.ok() ? *key : json(FormatHex(effect.key))},
                       {"bytes", effect.value.size()}});
  });
  if (!visited.ok()) effects.push_back({{"damage", visited.message()}});
  return effects;
}

void PrintEntry(const log::EntryView& entry, bool as_json, bool effects) {
  const log::EntryHeader& header = entry.header;
  if (as_json) {
    json line = {{"index", header.index},
                 {"epoch", header.epoch},
                 {"time", FormatInstant(header.time_unix_ms)},
                 {"space", header.space},
                 {"command", inspect::CommandName(header.command)},
                 {"actor", entry.actor},
                 {"requestId", entry.request_id},
                 {"bytes", entry.encoded.size()}};
    if (effects) line["effects"] = EffectsOf(entry.payload);
    fmt::print("{}\n", line.dump(-1, ' ', false, json::error_handler_t::replace));
    return;
  }
  fmt::print("{:>12}  epoch {:<3} {}  space {:<6} {:<22} {:<20} {} bytes\n", header.index,
             header.epoch, FormatInstant(header.time_unix_ms), header.space,
             inspect::CommandName(header.command), entry.actor, entry.encoded.size());
  if (!effects) return;
  for (const json& effect : EffectsOf(entry.payload)) {
    fmt::print("{:>14}{}\n", "", effect.dump(-1, ' ', false, json::error_handler_t::replace));
  }
}

int InspectLog(const Invocation& typed) {
  const Result<uint64_t> from = NumberOf(typed, "from");
  if (!from.ok()) return ShowFailure(from.status());
  const Result<uint64_t> limit = NumberOf(typed, "limit");
  if (!limit.ok()) return ShowFailure(limit.status());
  PosixFileSystem files;
  uint64_t shown = 0;
  const Status walked =
      inspect::WalkLog(files, typed.Get("data"), *from,
                       [&](const log::EntryView& entry, const inspect::EntryPlace&) {
                         PrintEntry(entry, typed.Has("json"), typed.Has("effects"));
                         return ++shown < *limit;
                       });
  return walked.ok() ? server::kExitOk : ShowFailure(walked);
}

void PrintVerdict(const log::SegmentVerdict& verdict, uint64_t groups, bool as_json) {
  json findings = json::array();
  for (const log::SegmentFinding& finding : verdict.findings) {
    findings.push_back({{"offset", finding.offset}, {"what", finding.what}});
  }
  if (as_json) {
    const json line = {{"firstIndex", verdict.header.first_index()},
                       {"lastIndex", verdict.tail.last.index},
                       {"entries", verdict.tail.entry_count},
                       {"groups", groups},
                       {"clusterId", fmt::format("{:016x}", verdict.header.cluster_id)},
                       {"created", FormatInstant(verdict.header.created_unix_ms)},
                       {"sealed", verdict.sealed},
                       {"endOffset", verdict.tail.end_offset},
                       {"tornBytes", verdict.torn_bytes},
                       {"findings", std::move(findings)}};
    fmt::print("{}\n", line.dump());
    return;
  }
  fmt::print("entries    {} to {} ({} in {} groups)\n", verdict.header.first_index(),
             verdict.tail.last.index, verdict.tail.entry_count, groups);
  fmt::print("cluster    {:016x}\n", verdict.header.cluster_id);
  fmt::print("created    {}\n", FormatInstant(verdict.header.created_unix_ms));
  fmt::print("state      {}, whole up to byte {}\n", verdict.sealed ? "sealed" : "open",
             verdict.tail.end_offset);
  if (verdict.torn_bytes > 0)
    fmt::print("torn       {} bytes of a last write\n", verdict.torn_bytes);
  for (const log::SegmentFinding& finding : verdict.findings) {
    fmt::print("damage     byte {}: {}\n", finding.offset, finding.what);
  }
}

int InspectSegment(const Invocation& typed) {
  const std::string& path = typed.Get("FILE");
  PosixFileSystem files;
  const Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead);
  if (!file.ok()) return ShowFailure(NotFound("cannot read " + path));
  const Result<log::SegmentVerdict> verdict = log::VerifySegment(**file, false);
  if (!verdict.ok()) return ShowFailure(verdict.status());
  if (!verdict->has_header) return ShowFailure(Corruption(path + " is no segment of a log"));
  uint64_t groups = 0;
  uint64_t last_group = 0;
  // What is damaged is in the verdict already.
  const Status walked = inspect::WalkSegment(
      files, path, [&](const log::EntryView&, const inspect::EntryPlace& place) {
        if (place.group_offset != last_group) ++groups;
        last_group = place.group_offset;
        return true;
      });
  PrintVerdict(*verdict, groups, typed.Has("json"));
  return verdict->findings.empty() && walked.ok() ? server::kExitOk : server::kExitCorrupt;
}

int InspectKey(const Invocation& typed) {
  std::string key;
  if (!ParseHex(typed.Get("HEX"), &key)) {
    return ShowFailure(InvalidArgument("a key is written in hexadecimal digits"));
  }
  const Result<json> described = inspect::DescribeKey(key);
  if (!described.ok()) return ShowFailure(described.status());
  fmt::print("{}\n", described->dump(typed.Has("json") ? -1 : 2, ' ', false,
                                     json::error_handler_t::replace));
  return server::kExitOk;
}

CommandOption JsonOption() {
  return {"json", "JSON, one object per line", OptionKind::kFlag};
}

}  // namespace

std::vector<CommandGroup> InspectGroups() {
  return {{"inspect", "Look into a data folder, without changing it"}};
}

std::vector<Command> InspectCommands() {
  return {
      {"inspect log",
       "Entries of the log from its files, also beside a running server",
       {DataOption(),
        {"from", "Index of the first entry", OptionKind::kOptional, "N", "1"},
        {"limit", "How many entries", OptionKind::kOptional, "N", "20"},
        {"effects", "With the keys that each entry writes", OptionKind::kFlag},
        JsonOption()},
       "tenantry inspect log --data ./data --from 1 --limit 5",
       {server::kExitNotFound, server::kExitCorrupt},
       InspectLog},
      {"inspect segment",
       "One file of the log: its entries, and whether every byte is what was written",
       {{"FILE", "A file of the folder `log`", OptionKind::kOperand, "FILE"}, JsonOption()},
       "tenantry inspect segment ./data/log/00000000000000000001.seg",
       {server::kExitNotFound, server::kExitCorrupt},
       InspectSegment},
      {"inspect record",
       "Records of one tenant as JSON, as they are stored",
       {{"COLLECTION", "Such as gymBookings", OptionKind::kOperand, "COLLECTION"},
        {"KEY", "Parts of the key joined with /; the first records when left out",
         OptionKind::kOptionalOperand, "KEY"},
        DataOption(),
        {"tenant", "Id of the gym or shop, or `directory`", OptionKind::kOptional, "ID",
         "directory"},
        {"limit", "How many records", OptionKind::kOptional, "N", "20"}},
       "tenantry inspect record tenants --data ./data",
       {server::kExitLocked, server::kExitNotFound, server::kExitCorrupt},
       ThroughServer("inspect record")},
      {"inspect key",
       "What a key of the store names",
       {{"HEX", "The key's bytes", OptionKind::kOperand, "HEX"}, JsonOption()},
       "tenantry inspect key 000000000000000010000167796d2d310001",
       {},
       InspectKey},
  };
}

}  // namespace tenantry::tools
