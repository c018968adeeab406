#include "tools/tenantry/admin.h"

#include <cstdio>
#include <memory>

#include "engine/base/file.h"
#include "engine/engine.h"
#include "server/admin/admin_commands.h"
#include "server/admin/admin_socket.h"

namespace tenantry::tools {
namespace {

using server::AdminReply;
using server::AdminRequest;

// No server runs: this process is the only one, for as long as the command takes.
AdminReply RunHere(const std::string& data, const AdminRequest& request) {
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  // Only `serve` makes data folders; a mistyped path is not one.
  const Result<bool> exists = files.Exists(data + "/IDENTITY");
  if (exists.ok() && !*exists) {
    return {server::kExitNotFound, "",
            data + " is not a data folder; --data names the one that `tenantry serve` uses"};
  }
  EngineOptions options;
  options.directory = data;
  options.clock = &clock;
  options.random = &random;
  options.files = &files;
  Result<std::unique_ptr<Engine>> engine = Engine::Open(options);
  if (!engine.ok()) {
    const bool locked = engine.status().code() == StatusCode::kUnavailable;
    return {locked ? server::kExitLocked : server::ExitCodeOf(engine.status()), "",
            std::string(engine.status().message())};
  }
  return server::RunAdminCommand(**engine, request);
}

int RunRequest(const std::string& data, const AdminRequest& request) {
  Result<AdminReply> asked = server::AskServer(data, request);
  const AdminReply reply = asked.ok() ? *asked : RunHere(data, request);
  std::fputs(reply.output.c_str(), stdout);
  if (!reply.error.empty()) std::fprintf(stderr, "tenantry: %s\n", reply.error.c_str());
  return reply.exit_code;
}

// One leaf of the command tree; `arguments` become --options of it.
struct Leaf {
  const char* name;
  const char* help;
  const char* example;
  struct Argument {
    const char* name;
    const char* help;
    bool required;
    bool flag = false;  // Takes no value.
  };
  std::vector<Argument> arguments;
};

void AddLeaf(CLI::App& group, const Leaf& leaf, int* exit_code) {
  CLI::App* command = group.add_subcommand(leaf.name, leaf.help);
  command->footer(std::string("Example:\n  ") + leaf.example);
  struct Values {
    std::string data = "./data";
    AdminRequest request;
  };
  auto values = std::make_shared<Values>();
  values->request.command = group.get_name() + " " + leaf.name;
  command->add_option("--data", values->data, "Data folder")->capture_default_str();
  for (const Leaf::Argument& argument : leaf.arguments) {
    if (argument.flag) {
      command->add_flag_callback(
          std::string("--") + argument.name,
          [values, name = std::string(argument.name)] { values->request.arguments[name] = "yes"; },
          argument.help);
      continue;
    }
    command
        ->add_option(std::string("--") + argument.name, values->request.arguments[argument.name],
                     argument.help)
        ->required(argument.required);
  }
  command->callback(
      [values, exit_code] { *exit_code = RunRequest(values->data, values->request); });
}

}  // namespace

void AddAdminCommand(CLI::App& app, int* exit_code) {
  CLI::App* admin =
      app.add_subcommand("admin", "Look after a data folder, with or without a running server");
  admin->require_subcommand(1);

  CLI::App* key = admin->add_subcommand("key", "Management keys of shops");
  key->require_subcommand(1);
  AddLeaf(*key,
          {"create",
           "Make a key, and the shop when it is missing; the key goes to stdout",
           "tenantry admin key create --data ./data --shop demo-shop",
           {{"shop", "Shop id", true}, {"label", "What the key is for", false}}},
          exit_code);
  AddLeaf(*key,
          {"list",
           "Keys of a shop: hint, creation time, label",
           "tenantry admin key list --data ./data --shop demo-shop",
           {{"shop", "Shop id", true}}},
          exit_code);
  AddLeaf(
      *key,
      {"revoke",
       "End a key at once",
       "tenantry admin key revoke --data ./data --shop demo-shop --hint a1B2",
       {{"shop", "Shop id", true}, {"hint", "The last four characters, as list shows them", true}}},
      exit_code);

  CLI::App* plan =
      admin->add_subcommand("plan", "Plans of shops; limits bite with serve --billing");
  plan->require_subcommand(1);
  AddLeaf(
      *plan,
      {"set",
       "Put a shop on a plan",
       "tenantry admin plan set --data ./data --shop demo-shop --plan professional",
       {{"shop", "Shop id", true}, {"plan", "free, starter, professional or enterprise", true}}},
      exit_code);
  AddLeaf(*admin,
          {"digest",
           "Position, and one hash per tenant's space: the same on every node at one position",
           "tenantry admin digest --data ./data",
           {}},
          exit_code);
  AddLeaf(*admin,
          {"replication",
           "Role, epoch and position of a running node, and of its followers",
           "tenantry admin replication --data ./data",
           {}},
          exit_code);
  AddLeaf(*admin,
          {"promote",
           "Make a running follower the leader; exit 6 when that could lose acknowledged writes",
           "tenantry admin promote --data ./data",
           {{"force-data-loss", "Promote although others are ahead, unreachable or still lead",
             false, true}}},
          exit_code);
  AddLeaf(*admin,
          {"handoff",
           "Give leadership to a follower that has everything, without losing anything",
           "tenantry admin handoff --data ./data --to 10.0.0.2:4000",
           {{"to", "The follower's --replication-listen, as `admin replication` shows it", true}}},
          exit_code);

  CLI::App* tenant = admin->add_subcommand("tenant", "Gyms and shops");
  tenant->require_subcommand(1);
  AddLeaf(*tenant,
          {"list",
           "Every tenant: id, kind, name, creation time",
           "tenantry admin tenant list --data ./data",
           {}},
          exit_code);
  AddLeaf(*tenant,
          {"create",
           "Make a shop; gyms are made by signing up",
           "tenantry admin tenant create --data ./data --shop demo-shop",
           {{"shop", "Shop id", true}}},
          exit_code);
  AddLeaf(*tenant,
          {"delete",
           "End a tenant at once; its bytes are reclaimed later",
           "tenantry admin tenant delete --data ./data --id demo-shop",
           {{"id", "Tenant id or shop id", true}}},
          exit_code);

  CLI::App* jobs = admin->add_subcommand("jobs", "Background work: webhooks to send and the like");
  jobs->require_subcommand(1);
  AddLeaf(
      *jobs,
      {"list",
       "How many jobs there are, then the soonest: id, state, tenant, kind, time, attempts, error",
       "tenantry admin jobs list --data ./data --state dead",
       {{"state", "queued or dead; both when left out", false},
        {"limit", "How many jobs to list, 100 when left out", false}}},
      exit_code);
  AddLeaf(*jobs,
          {"run",
           "Make a waiting job due at once",
           "tenantry admin jobs run --data ./data --id 6f1c1a52-…",
           {{"id", "Job id, as list shows it", true}}},
          exit_code);
  AddLeaf(*jobs,
          {"retry",
           "Give a dead job fresh attempts, beginning at once",
           "tenantry admin jobs retry --data ./data --id 6f1c1a52-…",
           {{"id", "Job id, as list shows it", true}}},
          exit_code);
  AddLeaf(*jobs,
          {"discard",
           "Remove a job without running it",
           "tenantry admin jobs discard --data ./data --id 6f1c1a52-…",
           {{"id", "Job id, as list shows it", true}}},
          exit_code);
}

}  // namespace tenantry::tools
