#include "tools/tenantry/serve.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/engine.h"
#include "server/access_log.h"
#include "server/admin/admin_commands.h"
#include "server/admin/admin_socket.h"
#include "server/application.h"
#include "server/context.h"
#include "server/core_metrics.h"
#include "server/http/server.h"
#include "server/limits/gate.h"
#include "server/release_relay.h"
#include "tools/tenantry/demo.h"
#include "tools/tenantry/housekeeping.h"

namespace tenantry::tools {
namespace {

constexpr const char* kDefaultListen = "127.0.0.1:7117";

int Fail(const Status& status, std::string_view doing) {
  std::fprintf(stderr, "tenantry: %.*s: %.*s\n", static_cast<int>(doing.size()), doing.data(),
               static_cast<int>(status.message().size()), status.message().data());
  if (status.code() == StatusCode::kUnavailable && doing == "open the data folder") {
    return server::kExitLocked;
  }
  return status.code() == StatusCode::kNotFound ? server::kExitFailed : server::ExitCodeOf(status);
}

// Signals are taken by Wait() alone; threads started later inherit the mask.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  void Wait() const {
    int taken = 0;
    while (sigwait(&set_, &taken) != 0) {
    }
  }

 private:
  sigset_t set_{};
};

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("localhost:");
}

void Announce(const http::Server& server, server::AccessLog& log, const ServeOptions& options) {
  for (const std::string& address : server.addresses()) {
    if (!IsLoopback(address)) {
      log.Note("WARNING",
               "listening on " + address +
                   " without TLS: passwords and tokens cross the network in clear; put a "
                   "TLS proxy in front");
    }
  }
  if (options.shop_auth == "open") {
    log.Note(
        "WARNING",
        "--shop-auth open: shops without a key can be managed by anyone who reaches this server");
  }
  for (const std::string& address : server.addresses()) {
    std::printf("tenantry: listening on http://%s\n", address.c_str());
  }
  std::fflush(stdout);
}

// One core is left to the log and apply threads, for which every write waits. On two cores one loop was faster than two for
// reads and writes alike (docs/adr/0007-loops.md).
uint32_t DefaultLoops() {
  return std::max(2u, std::thread::hardware_concurrency()) - 1;
}

int Serve(const ServeOptions& options) {
  // Two arenas serve the loops; one per thread would only hoard memory.
  mallopt(M_ARENA_MAX, 4);
  const StopSignals signals;
  const SystemClock system_clock;
  ShiftedClock clock(system_clock);
  SystemRandom random;
  PosixFileSystem files;

  EngineOptions engine_options;
  engine_options.directory = options.data;
  engine_options.block_cache_bytes = options.block_cache_mib << 20;
  engine_options.clock = &clock;
  engine_options.random = &random;
  engine_options.files = &files;
  server::ReleaseRelay relay;  // Outlives the engine, whose thread calls it.
  Result<std::unique_ptr<Engine>> opened = Engine::Open(engine_options);
  if (!opened.ok()) return Fail(opened.status(), "open the data folder");
  Engine& engine = **opened;
  engine.SetReleaseListener([&relay] { relay.Notify(); });

  Result<tenant::TokenSecret> secret = tenant::EnsureTokenSecret(engine);
  if (!secret.ok()) return Fail(secret.status(), "read the token secret");

  server::ServerOptions server_options;
  server_options.shop_auth_open = options.shop_auth == "open";
  server_options.open_shops_max = options.open_shops_max;
  server_options.api_base_url = options.api_base_url;
  const uint32_t loops = options.loops != 0 ? options.loops : DefaultLoops();
  server::Observability observability;
  server::AddEngineMetrics(engine, &observability);
  limits::Gate gate(loops, limits::kDefaultCountersMax, random.Next64());
  limits::LimitSettings limit_settings;
  limit_settings.exempt = options.rate_limit_exempt;
  limit_settings.trusted_proxies = options.trusted_proxies;
  if (const Status applied = gate.Apply(limit_settings); !applied.ok()) {
    return Fail(applied, "read the settings");
  }
  const server::Context context{engine, server_options, *secret, loops, observability, &gate};

  if (options.demo) {
    const Status made = EnsureDemoData(context, clock, options.data, options.demo_ids);
    if (!made.ok()) return Fail(made, "make the demo data");
  }

  server::AccessLog log(STDERR_FILENO, loops, clock);
  server::TenantryApplication application(context, log);
  http::ServerOptions http_options;
  http_options.listen = options.listen;
  http_options.loops = loops;
  {
    http::Server server(http_options, application.routes(), &application, &clock);
    if (const Status started = server.Start(); !started.ok()) return Fail(started, "start");
    relay.Connect(&server);
    server::AddHttpMetrics(server, &observability);
    Result<std::unique_ptr<server::AdminSocket>> admin =
        server::AdminSocket::Open(options.data, engine);
    if (!admin.ok()) return Fail(admin.status(), "open the admin socket");
    const Housekeeping housekeeping(engine);
    Announce(server, log, options);
    signals.Wait();
    observability.readiness.BeginDrain();
    log.Note("INFO", "stopping: finishing requests in flight");
    server.Drain(options.drain_seconds * 1000);
    relay.Connect(nullptr);
  }
  return server::kExitOk;
}

}  // namespace

void AddServeCommand(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* serve = app.add_subcommand("serve", "Answer requests until SIGTERM");
  serve->footer(
      "Examples:\n"
      "  tenantry serve --data ./data --listen 127.0.0.1:7117\n"
      "  tenantry serve --data /var/lib/tenantry --listen 127.0.0.1:3000 --listen 127.0.0.1:3001");
  serve->add_option("--data", options->data, "Data folder; made when missing")
      ->envname("TENANTRY_DATA")
      ->capture_default_str();
  serve
      ->add_option("--listen", options->listen,
                   "HOST:PORT, repeatable; port 0 picks one and prints it")
      ->envname("TENANTRY_LISTEN")
      ->delimiter(',')
      ->default_str(kDefaultListen);
  serve->add_flag("--demo", options->demo, "Fill an empty data folder with one gym and one shop");
  serve->add_option("--demo-ids", options->demo_ids,
                    "Write the ids of the demo data to this JSON file");
  serve
      ->add_option("--shop-auth", options->shop_auth,
                   "keys: management of shops needs a key; open: shops without a key need none")
      ->envname("TENANTRY_SHOP_AUTH")
      ->check(CLI::IsMember({"keys", "open"}))
      ->capture_default_str();
  serve
      ->add_option("--open-shops-max", options->open_shops_max,
                   "How many shops strangers may create with --shop-auth open")
      ->capture_default_str();
  serve->add_option("--durability", options->durability, "disk: replies leave after the sync")
      ->envname("TENANTRY_DURABILITY")
      ->check(CLI::IsMember({"disk"}))
      ->capture_default_str();
  serve
      ->add_option(
          "--rate-limit-exempt", options->rate_limit_exempt,
          "Networks (CIDR) that rate limits leave alone, such as 127.0.0.0/8 for load generators")
      ->envname("TENANTRY_RATE_LIMIT_EXEMPT")
      ->delimiter(',');
  serve
      ->add_option("--trusted-proxies", options->trusted_proxies,
                   "Networks (CIDR) whose X-Forwarded-For names the client")
      ->envname("TENANTRY_TRUSTED_PROXIES")
      ->delimiter(',');
  serve
      ->add_option("--api-base-url", options->api_base_url,
                   "Base URL in popup.js; default: where the script came from")
      ->envname("API_BASE_URL");
  serve->add_option("--loops", options->loops, "Event loops; 0: one per core but one")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  serve->add_option("--block-cache-mib", options->block_cache_mib, "Memory for cached blocks, MiB")
      ->check(CLI::Range(8, 1 << 20))
      ->capture_default_str();
  serve
      ->add_option("--drain-seconds", options->drain_seconds,
                   "How long SIGTERM waits for requests in flight")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  serve->callback([options, exit_code] {
    if (options->listen.empty()) options->listen = {kDefaultListen};
    *exit_code = Serve(*options);
  });
}

}  // namespace tenantry::tools
