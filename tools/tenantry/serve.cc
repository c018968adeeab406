#include "tools/tenantry/serve.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/dump/restore.h"
#include "engine/engine.h"
#include "engine/jobs/runner.h"
#include "engine/webhooks/events.h"
#include "server/access_log.h"
#include "server/admin/admin_commands.h"
#include "server/admin/admin_socket.h"
#include "server/application.h"
#include "server/context.h"
#include "server/core_metrics.h"
#include "server/http/server.h"
#include "server/job_metrics.h"
#include "server/limits/gate.h"
#include "server/outbound/caller.h"
#include "server/release_relay.h"
#include "server/webhooks/delivery.h"
#include "tools/tenantry/demo.h"
#include "tools/tenantry/housekeeping.h"
#include "tools/tenantry/observe.h"
#include "tools/tenantry/reload.h"
#include "tools/tenantry/replication_metrics.h"
#include "tools/tenantry/replication_part.h"
#include "tools/tenantry/rescue_commands.h"
#include "tools/tenantry/service_notify.h"
#include "tools/tenantry/setting_flags.h"

namespace tenantry::tools {
namespace {

constexpr long kServingCheckMs = 20;
constexpr long kLockCheckMs = 100;
constexpr int kLockTriesMax = 100;
// Of ServeOnce: a full copy of the leader's data is ready; start anew with it.
constexpr int kExitAgain = -1;

int Fail(const Status& status, std::string_view doing) {
  std::fprintf(stderr, "tenantry: %.*s: %.*s\n", static_cast<int>(doing.size()), doing.data(),
               static_cast<int>(status.message().size()), status.message().data());
  if (status.code() == StatusCode::kUnavailable && doing == "open the data folder") {
    return server::kExitLocked;
  }
  return status.code() == StatusCode::kNotFound ? server::kExitFailed : server::ExitCodeOf(status);
}

// One line per mistake, each with its place.
int RefuseSettings(const Status& status) {
  std::fprintf(stderr, "tenantry: the settings are not in order:\n%s\n",
               std::string(status.message()).c_str());
  return server::ExitCodeOf(status);
}

// Signals are taken by Wait() alone; threads started later inherit the mask.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int taken : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set_, taken);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  // The next one.
  int Wait() const {
    int taken = 0;
    while (sigwait(&set_, &taken) != 0) {
    }
    return taken;
  }
  // True when the process was told to stop within that time.
  bool WaitForMs(long milliseconds) const {
    const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    const int taken = sigtimedwait(&set_, nullptr, &limit);
    return taken > 0 && taken != SIGHUP && taken != SIGUSR1;
  }
  // From any thread: ends a Wait() with SIGUSR1.
  static void AskForRestart() { kill(getpid(), SIGUSR1); }

 private:
  sigset_t set_{};
};

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("localhost:");
}

void Announce(const http::Server& server, server::AccessLog& log,
              const config::Settings& settings) {
  for (const std::string& address : server.addresses()) {
    if (!IsLoopback(address) && !server.encrypted()) {
      log.Note(
          "WARNING",
          "listening on " + address +
              " without TLS: passwords and tokens cross the network in clear; set tls-cert and "
              "tls-key, or put a TLS proxy in front");
    }
  }
  if (settings.shop_auth == "open") {
    log.Note(
        "WARNING",
        "--shop-auth open: shops without a key can be managed by anyone who reaches this server");
  }
  for (const std::string& address : server.addresses()) {
    std::printf("tenantry: listening on %s://%s\n", server.encrypted() ? "https" : "http",
                address.c_str());
  }
  std::fflush(stdout);
}

void PrintNote(const std::string& text) {
  std::fprintf(stderr, "tenantry: replication: %s\n", text.c_str());
}

enum class Waited : uint8_t { kMayServe, kStopped, kStartAgain };
Waited WaitUntilServing(Engine& engine, ReplicationPart& replication, const Signals& signals) {
  std::string said;
  for (std::string note; !replication.MayServe(engine, &note);) {
    if (note != said) PrintNote(note);
    said = note;
    if (signals.WaitForMs(kServingCheckMs)) return Waited::kStopped;
    if (replication.RestartWanted()) return Waited::kStartAgain;
  }
  return Waited::kMayServe;
}

// Addresses that a start got, for the next one in the same process.
struct Bound {
  std::vector<std::string> http;
  std::string replication;
  std::string follow;  // The leader that the node followed last.
  bool again = false;  // This is not the first start.
};

// One core is left to the log and apply threads, for which every write waits. On two cores one loop was faster than two for
// reads and writes alike (docs/adr/0007-loops.md).
uint32_t DefaultLoops() {
  return std::max(2u, std::thread::hardware_concurrency()) - 1;
}

// Many log segments must fit beside the store, also on a small disk.
uint64_t SegmentBytesFor(const std::string& data) {
  constexpr uint64_t kSegmentsPerDisk = 64;
  constexpr uint64_t kLeast = 1u << 20;
  constexpr uint64_t kMost = 64u << 20;
  std::filesystem::path folder = std::filesystem::absolute(data);
  while (!std::filesystem::exists(folder) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  std::error_code failed;
  const std::filesystem::space_info disk = std::filesystem::space(folder, failed);
  if (failed) return kMost;
  const uint64_t share = disk.capacity / kSegmentsPerDisk / kLeast * kLeast;
  return std::clamp<uint64_t>(share, kLeast, kMost);
}

int ServeOnce(const config::Sources& sources, const Signals& signals, Bound* bound) {
  Result<config::Configuration> configuration = config::Load(sources);
  if (!configuration.ok()) return RefuseSettings(configuration.status());
  config::Settings settings = std::move(configuration->settings);
  if (!bound->http.empty()) settings.http.listen = bound->http;
  if (!bound->replication.empty()) settings.replication.listen = bound->replication;
  if (!bound->follow.empty()) settings.replication.follow = bound->follow;
  const SystemClock system_clock;
  ShiftedClock clock(system_clock);
  const int64_t started_ns = clock.NowBootNs();
  SystemRandom random;
  PosixFileSystem files;

  EngineOptions engine_options;
  engine_options.directory = settings.data;
  engine_options.segment_bytes = SegmentBytesFor(settings.data);
  engine_options.flush_log_bytes = 4 * engine_options.segment_bytes;
  engine_options.block_cache_bytes = settings.block_cache_mib << 20;
  engine_options.clock = &clock;
  engine_options.random = &random;
  engine_options.files = &files;
  const webhooks::Observer events;
  engine_options.observer = &events;
  Result<std::unique_ptr<ReplicationPart>> prepared = ReplicationPart::Prepare(
      settings.replication, settings.durability == "replica", settings.data, files, random);
  if (!prepared.ok()) return Fail(prepared.status(), "prepare replication");
  ReplicationPart& replication =
      **prepared;  // With its waker it outlives the engine, like the relay.
  replication.Configure(&engine_options);
  server::ReleaseRelay relay;  // Outlives the engine, whose thread calls it.
  Result<outbound::AddressPolicy> policy = outbound::AddressPolicy::Make(settings.webhook_allow);
  if (!policy.ok()) return RefuseSettings(policy.status());
  outbound::Caller caller(clock, *std::move(policy));
  Result<std::unique_ptr<Engine>> opened = Engine::Open(engine_options);
  // An `admin` command may have come between the end of the last engine and this one.
  for (int tries = 0; !opened.ok() && bound->again && tries < kLockTriesMax; ++tries) {
    if (opened.status().code() != StatusCode::kUnavailable) break;
    if (signals.WaitForMs(kLockCheckMs)) return server::kExitOk;
    opened = Engine::Open(engine_options);
  }
  if (!opened.ok()) return Fail(opened.status(), "open the data folder");
  Engine& engine = **opened;
  engine.SetReleaseListener([&relay, &replication] {
    relay.Notify();
    if (replication.enabled()) replication.waker().Wake();
  });
  // The service goes before the engine, whatever the way out.
  const auto stop_replication = [](ReplicationPart* part) { part->Stop(); };
  const std::unique_ptr<ReplicationPart, decltype(stop_replication)> running(&replication,
                                                                             stop_replication);
  if (const Status started = replication.Start(engine, random, PrintNote, &Signals::AskForRestart);
      !started.ok()) {
    return Fail(started, "start replication");
  }
  if (replication.service() != nullptr && !replication.service()->listen_address().empty()) {
    std::printf("tenantry: replication on %s\n", replication.service()->listen_address().c_str());
    std::fflush(stdout);
    bound->replication = replication.service()->listen_address();
  }
  switch (WaitUntilServing(engine, replication, signals)) {
    case Waited::kMayServe:
      break;
    case Waited::kStopped:
      return server::kExitOk;
    case Waited::kStartAgain:
      bound->follow = replication.service()->Report().leader_address;
      return kExitAgain;
  }
  Result<tenant::TokenSecret> secret = tenant::EnsureTokenSecret(engine);
  if (!secret.ok()) return Fail(secret.status(), "read the token secret");

  server::ServerOptions server_options;
  server_options.shop_auth_open = settings.shop_auth == "open";
  server_options.open_shops_max = settings.open_shops_max;
  server_options.api_base_url = settings.api_base_url;
  server_options.management_origins = settings.management_origins;
  server_options.billing = settings.billing;
  server_options.bot_filter = settings.bot_filter;
  server_options.cache_bytes = settings.cache_mib << 20;
  Result<http::NetworkList> metrics_allow =
      http::NetworkList::Parse(settings.observe.metrics_allow);
  if (!metrics_allow.ok()) return Fail(metrics_allow.status(), "read metrics-allow");
  server_options.metrics_allow = *std::move(metrics_allow);
  const uint32_t loops = settings.http.loops != 0 ? settings.http.loops : DefaultLoops();
  server::Observability observability;
  server::AddEngineMetrics(engine, &observability);
  jobs::Runner runner(engine, server::webhooks::JobHandlers(engine, caller), {});
  server::AddJobMetrics(runner, caller.breakers(), &observability);
  AddReplicationMetrics(replication, &observability);
  limits::Gate gate(loops, limits::kDefaultCountersMax, random.Next64());
  if (const Status applied = gate.Apply(settings.limits); !applied.ok()) {
    return RefuseSettings(applied);
  }
  server::AddLimitMetrics(gate, &observability);
  const server::Context context{engine,
                                server_options,
                                *secret,
                                loops,
                                observability,
                                &gate,
                                replication.enabled() ? &replication : nullptr};

  if (settings.demo) {
    const Status made = EnsureDemoData(context, clock, settings.data, settings.demo_ids);
    if (!made.ok()) return Fail(made, "make the demo data");
  }

  server::AccessLog log(STDERR_FILENO, loops, clock);
  ApplyLogSettings(settings.observe, &log);
  server::TenantryApplication application(context, log);
  application.WarmUp();
  http::ServerOptions http_options = settings.http;
  http_options.loops = loops;
  if (replication.replica_durability_on()) {
    http_options.times.release_ms = replication.replica_timeout_ms();
  }
  bool again = false;
  {
    http::Server server(http_options, application.routes(), &application, &clock);
    if (const Status started = server.Start(); !started.ok()) return Fail(started, "start");
    relay.Connect(&server);
    bound->http = server.addresses();
    replication.SetDefaultUrl((server.encrypted() ? "https://" : "http://") +
                              server.addresses().front());
    // Before the first restore can begin.
    if (engine.writable()) {
      const Status dropped = dump::DropUnfinished(engine);
      if (!dropped.ok()) log.Note("WARNING", "restores that never ended: " + dropped.ToString());
    }
    Result<std::unique_ptr<server::AdminSocket>> admin =
        server::AdminSocket::Open(settings.data, engine, [&](const server::AdminRequest& request) {
          std::optional<server::AdminReply> reply = RunRescueCommand(engine, request);
          return reply ? std::move(reply) : replication.RunAdmin(request);
        });
    if (!admin.ok()) return Fail(admin.status(), "open the admin socket");
    const Housekeeping housekeeping(
        engine, {.event_retention_ms = settings.event_retention_days * 86'400'000});
    runner.Start();
    const Observer observer(settings.observe, server, application, log, clock, started_ns,
                            &observability);
    for (const std::string& warning : configuration->warnings) log.Note("WARNING", warning);
    Announce(server, log, settings);
    NotifyService("READY=1");
    for (bool stop = false; !stop && !again;) {
      const int taken = signals.Wait();
      again = taken == SIGUSR1 && replication.RestartWanted();
      if (again) bound->follow = replication.service()->Report().leader_address;
      stop = taken == SIGTERM || taken == SIGINT;
      if (taken == SIGHUP) Reload(sources, {log, gate, server}, &settings);
    }
    NotifyService(again ? "RELOADING=1" : "STOPPING=1");
    observability.readiness.BeginDrain();
    log.Note("INFO", "stopping: finishing requests in flight");
    server.Drain(settings.drain_seconds * 1000);
    relay.Connect(nullptr);
  }
  return again ? kExitAgain : server::kExitOk;
}

int Serve(const config::Sources& sources) {
  const Signals signals;
  Bound bound;
  for (;;) {
    const int exit_code = ServeOnce(sources, signals, &bound);
    if (exit_code != kExitAgain) return exit_code;
    bound.again = true;
    PrintNote("starting again with the copied data");
  }
}

}  // namespace

void AddServeCommand(CLI::App& app, int* exit_code) {
  const auto sources = std::make_shared<config::Sources>();
  CLI::App* serve = app.add_subcommand("serve", "Answer requests until SIGTERM");
  serve->footer(
      "Examples:\n"
      "  tenantry serve --data ./data --listen 127.0.0.1:7117\n"
      "  tenantry serve --data /var/lib/tenantry --listen 127.0.0.1:3000 --listen 127.0.0.1:3001\n"
      "  tenantry serve --config /etc/tenantry/tenantry.toml");
  AddSettingFlags(serve, sources.get());
  serve->callback([sources, exit_code] { *exit_code = Serve(*sources); });
}

}  // namespace tenantry::tools
