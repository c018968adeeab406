#include "tools/tenantry/admin.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "server/admin/admin_commands.h"
#include "server/admin/admin_socket.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/rescue_commands.h"

namespace tenantry::tools {
namespace {

using enum OptionKind;
using server::AdminRequest;
using server::kExitCorrupt;
using server::kExitLocked;
using server::kExitNotFound;
using server::kExitReplication;
using server::kExitUnreachable;

// A command that the server runs; `name` is what it calls it.
Command Asked(std::string path, std::string name, std::string summary,
              std::vector<CommandOption> options, std::string example,
              std::vector<int> exit_codes = {}) {
  options.insert(options.begin(), DataOption());
  for (const int code : {kExitLocked, kExitNotFound, kExitUnreachable}) exit_codes.push_back(code);
  return {std::move(path),    std::move(summary),    std::move(options),
          std::move(example), std::move(exit_codes), ThroughServer(std::move(name))};
}

// The same for one that only a running server can do.
Command AskedOfServer(std::string path, std::string name, std::string summary,
                      std::vector<CommandOption> options, std::string example) {
  Command command = Asked(std::move(path), name, std::move(summary), std::move(options),
                          std::move(example), {kExitReplication});
  command.run = OfServer(std::move(name));
  return command;
}

CommandOption Shop() {
  return {"shop", "Shop id", kRequired, "ID"};
}
CommandOption Tenant() {
  return {"id", "Tenant id or shop id", kRequired, "ID"};
}
CommandOption Job() {
  return {"id", "Job id, as list shows it", kRequired, "ID"};
}

void AddKeyCommands(std::vector<Command>* all) {
  all->push_back(Asked("admin key create", "key create",
                       "Make a key, and the shop when it is missing; the key goes to stdout",
                       {Shop(), {"label", "What the key is for"}},
                       "tenantry admin key create --data ./data --shop demo-shop"));
  all->push_back(Asked("admin key list", "key list", "Keys of a shop: hint, creation time, label",
                       {Shop()}, "tenantry admin key list --data ./data --shop demo-shop"));
  all->push_back(
      Asked("admin key revoke", "key revoke", "End a key at once",
            {Shop(), {"hint", "The last four characters, as list shows them", kRequired}},
            "tenantry admin key revoke --data ./data --shop demo-shop --hint a1B2"));
  all->push_back(
      Asked("admin plan set", "plan set", "Put a shop on a plan",
            {Shop(), {"plan", "free, starter, professional or enterprise", kRequired, "PLAN"}},
            "tenantry admin plan set --data ./data --shop demo-shop --plan professional"));
}

void AddTenantCommands(std::vector<Command>* all) {
  all->push_back(Asked("admin tenant list", "tenant list",
                       "Every tenant: id, kind, name, creation time, and whether it is suspended",
                       {}, "tenantry admin tenant list --data ./data"));
  all->push_back(Asked("admin tenant create", "tenant create",
                       "Make a shop; gyms are made by signing up", {Shop()},
                       "tenantry admin tenant create --data ./data --shop new-shop"));
  all->push_back(Asked("admin tenant suspend", "tenant suspend",
                       "Answer a tenant's requests with 403 until it is resumed; nothing is lost",
                       {Tenant()}, "tenantry admin tenant suspend --data ./data --id demo-shop"));
  all->push_back(Asked("admin tenant resume", "tenant resume", "Serve a suspended tenant again",
                       {Tenant()}, "tenantry admin tenant resume --data ./data --id demo-shop"));
  all->push_back(Asked("admin tenant delete", "tenant delete",
                       "End a tenant at once; its bytes are reclaimed later", {Tenant()},
                       "tenantry admin tenant delete --data ./data --id demo-shop"));
}

void AddNodeCommands(std::vector<Command>* all) {
  all->push_back(
      Asked("admin status", "admin status",
            "Role, position, tenants and sizes of a data folder, and whether a server runs on it",
            {{"json", "One JSON object", kFlag}}, "tenantry admin status --data ./data"));
  all->push_back(
      Asked("admin digest", "admin digest",
            "Position, and one hash per tenant's space: the same on every node at one position", {},
            "tenantry admin digest --data ./data", {kExitCorrupt}));
  all->push_back(AskedOfServer("admin replication", "admin replication",
                               "Role, epoch and position of a running node, and of its followers",
                               {}, "tenantry admin replication --data ./data"));
  all->push_back(AskedOfServer(
      "admin promote", "admin promote",
      "Make a running follower the leader; exit 6 when that could lose acknowledged writes",
      {{"force-data-loss", "Promote although others are ahead, unreachable or still lead", kFlag}},
      "tenantry admin promote --data ./data"));
  all->push_back(
      AskedOfServer("admin handoff", "admin handoff",
                    "Give leadership to a follower that has everything, without losing anything",
                    {{"to", "The follower's --replication-listen, as `admin replication` shows it",
                      kRequired, "HOST:PORT"}},
                    "tenantry admin handoff --data ./data --to 10.0.0.2:4000"));
}

void AddClusterCommands(std::vector<Command>* all) {
  all->push_back(
      AskedOfServer("admin replication remove", "replication remove",
                    "Take a follower that is gone for good off the list that a promotion asks",
                    {{"follower", "Its replication address, or its node id as `promote` prints it",
                      kRequired, "HOST:PORT"}},
                    "tenantry admin replication remove --data ./data --follower 10.0.0.3:4000"));
  all->push_back(AskedOfServer(
      "admin finalize", "admin finalize",
      "After an upgrade of every node: let the cluster write the newest format version", {},
      "tenantry admin finalize --data ./data"));
}

// No server is needed, or disturbed, for reading files.
int ReadRescue(std::string command, const Invocation& invocation) {
  AdminRequest request;
  request.command = std::move(command);
  request.arguments["file"] = invocation.Get("file");
  return Show(*ReadRescueFiles(invocation.Get("data"), request));
}

int ReplayRescue(const Invocation& invocation) {
  const std::string& data = invocation.Get("data");
  AdminRequest request;
  request.command = "rescue replay";
  // A server may stand in another folder than who asks it.
  request.arguments["file"] = std::filesystem::absolute(invocation.Get("file")).string();
  const Result<server::AdminReply> asked = server::AskServer(data, request);
  if (asked.ok()) return Show(*asked);
  const Result<std::unique_ptr<OpenFolder>> folder = OpenFolder::Open(data);
  if (folder.ok()) return Show(*RunRescueCommand((*folder)->engine(), request));
  const bool locked = folder.status().code() == StatusCode::kUnavailable;
  return locked ? Show({kExitLocked, "", std::string(folder.status().message())})
                : ShowFailure(folder.status());
}

void AddRescueCommands(std::vector<Command>* all) {
  const CommandOption file{"file", "A rescue file, as `rescue list` names it", kRequired, "FILE"};
  all->push_back({"admin rescue list",
                  "Rescue files of a data folder: range of entries, number, when written",
                  {DataOption()},
                  "tenantry admin rescue list --data ./data",
                  {kExitCorrupt},
                  [](const Invocation& typed) { return ReadRescue("rescue list", typed); }});
  all->push_back({"admin rescue show",
                  "Entries of a rescue file: position, time, space, command, actor, rows",
                  {DataOption(), file},
                  "tenantry admin rescue show --file ./data/rescue/1.42-from-40.entries",
                  {kExitNotFound, kExitCorrupt},
                  [](const Invocation& typed) { return ReadRescue("rescue show", typed); }});
  all->push_back(
      {"admin rescue replay",
       "Put a file's entries into the leader's data where nothing changed since; each once",
       {DataOption(), file},
       "tenantry admin rescue replay --data ./data --file /tmp/1.42-from-40.entries",
       {kExitLocked, kExitNotFound, kExitCorrupt, kExitReplication, kExitUnreachable},
       ReplayRescue});
}

void AddJobCommands(std::vector<Command>* all) {
  all->push_back(Asked(
      "admin jobs list", "jobs list",
      "How many jobs there are, then the soonest: id, state, tenant, kind, time, attempts, error",
      {{"state", "queued or dead; both when left out"},
       {"limit", "How many jobs to list", kOptional, "N", "100"}},
      "tenantry admin jobs list --data ./data --state dead"));
  all->push_back(Asked("admin jobs run", "jobs run", "Make a waiting job due at once", {Job()},
                       "tenantry admin jobs run --data ./data --id 6f1c1a52-…"));
  all->push_back(Asked("admin jobs retry", "jobs retry",
                       "Give a dead job fresh attempts, beginning at once", {Job()},
                       "tenantry admin jobs retry --data ./data --id 6f1c1a52-…"));
  all->push_back(Asked("admin jobs discard", "jobs discard", "Remove a job without running it",
                       {Job()}, "tenantry admin jobs discard --data ./data --id 6f1c1a52-…"));
}

}  // namespace

std::vector<CommandGroup> AdminGroups() {
  return {{"admin", "Look after a data folder, with or without a running server"},
          {"admin key", "Management keys of shops"},
          {"admin plan", "Plans of shops; limits bite with serve --billing"},
          {"admin rescue", "Entries that this node acknowledged and a new leader replaced"},
          {"admin tenant", "Gyms and shops"},
          {"admin jobs", "Background work: webhooks to send and the like"}};
}

std::vector<Command> AdminCommands() {
  std::vector<Command> all;
  AddKeyCommands(&all);
  AddTenantCommands(&all);
  AddNodeCommands(&all);
  AddClusterCommands(&all);
  AddRescueCommands(&all);
  AddJobCommands(&all);
  return all;
}

}  // namespace tenantry::tools
