#include "tools/config/setting_table.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include "engine/base/host_port.h"
#include "server/http/ip_address.h"
#include "server/outbound/caller.h"

namespace tenantry::config {
namespace {

template <class T>
using Field = T& (*)(Settings&);

template <class T>
T Read(Field<T> field, const Settings& settings) {
  return field(const_cast<Settings&>(settings));  // The accessor only names the member.
}

constexpr bool kLive = true;
constexpr bool kRestart = false;

template <class T>
Setting Integer(std::string_view name, Field<T> field, int64_t least, int64_t most, bool live,
                std::string_view accepts, std::string_view help,
                std::string_view seed_variable = "") {
  const auto set = [=](const std::vector<std::string>& value, Settings* settings) {
    const std::string& text = value.front();
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < least ||
        number > most) {
      return InvalidArgument(
          fmt::format("must be a whole number from {} to {}, not \"{}\"", least, most, text));
    }
    field(*settings) = static_cast<T>(number);
    return Status::Ok();
  };
  const auto get = [=](const Settings& settings) {
    return std::vector<std::string>{std::to_string(Read(field, settings))};
  };
  return {name, Kind::kInteger, live, accepts, help, seed_variable, set, get};
}

Setting Text(std::string_view name, Field<std::string> field, bool live, std::string_view accepts,
             std::string_view help, std::string_view seed_variable = "") {
  const auto set = [=](const std::vector<std::string>& value, Settings* settings) {
    field(*settings) = value.front();
    return Status::Ok();
  };
  const auto get = [=](const Settings& settings) {
    return std::vector<std::string>{Read(field, settings)};
  };
  return {name, Kind::kText, live, accepts, help, seed_variable, set, get};
}

Setting Choice(std::string_view name, Field<std::string> field,
               std::vector<std::string_view> choices, bool live, std::string_view accepts,
               std::string_view help) {
  Setting setting = Text(name, field, live, accepts, help);
  setting.set = [=](const std::vector<std::string>& value, Settings* settings) {
    if (std::find(choices.begin(), choices.end(), value.front()) == choices.end()) {
      return InvalidArgument(fmt::format("must be {}, not \"{}\"", accepts, value.front()));
    }
    field(*settings) = value.front();
    return Status::Ok();
  };
  return setting;
}

Setting Flag(std::string_view name, Field<bool> field, bool live, std::string_view help) {
  const auto set = [=](const std::vector<std::string>& value, Settings* settings) {
    if (value.front() != "true" && value.front() != "false") {
      return InvalidArgument(fmt::format("must be true or false, not \"{}\"", value.front()));
    }
    field(*settings) = value.front() == "true";
    return Status::Ok();
  };
  const auto get = [=](const Settings& settings) {
    return std::vector<std::string>{Read(field, settings) ? "true" : "false"};
  };
  return {name, Kind::kFlag, live, "true | false", help, "", set, get};
}

Setting List(std::string_view name, Field<std::vector<std::string>> field, bool live,
             std::string_view accepts, std::string_view help) {
  const auto set = [=](const std::vector<std::string>& value, Settings* settings) {
    field(*settings) = value;
    return Status::Ok();
  };
  const auto get = [=](const Settings& settings) { return Read(field, settings); };
  return {name, Kind::kList, live, accepts, help, "", set, get};
}

Setting Networks(std::string_view name, Field<std::vector<std::string>> field,
                 std::string_view help) {
  Setting setting = List(name, field, kLive, "CIDR,…", help);
  setting.set = [=](const std::vector<std::string>& value, Settings* settings) {
    TNT_RETURN_IF_ERROR(http::NetworkList::Parse(value).status());
    field(*settings) = value;
    return Status::Ok();
  };
  return setting;
}

// The same setting of texts that each pass.
Setting Checked(Setting setting, Status (*check)(const std::string& text)) {
  setting.set = [check, set = std::move(setting.set)](const std::vector<std::string>& value,
                                                      Settings* settings) {
    for (const std::string& text : value) TNT_RETURN_IF_ERROR(check(text));
    return set(value, settings);
  };
  return setting;
}

Status CheckAddress(const std::string& text) {
  return SplitHostPort(text).status();
}

// Empty is allowed: nowhere.
Setting Address(std::string_view name, Field<std::string> field, std::string_view help) {
  return Checked(Text(name, field, kRestart, "HOST:PORT", help), [](const std::string& text) {
    return text.empty() ? Status::Ok() : CheckAddress(text);
  });
}

// Empty is allowed: the setting is not used.
Setting Url(std::string_view name, Field<std::string> field, std::string_view help,
            std::string_view seed_variable = "") {
  return Checked(Text(name, field, kRestart, "URL", help, seed_variable),
                 [](const std::string& text) {
                   return text.empty() ? Status::Ok() : outbound::TargetOf(text).status();
                 });
}

// As browsers send it: a scheme, a host, perhaps a port, and nothing behind.
bool IsOrigin(std::string_view text) {
  const size_t host = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(host, text.size()));
  if (host == std::string_view::npos || (scheme != "https" && scheme != "http")) return false;
  return text.size() > host + 3 && text.find_first_of("/?#@ ", host + 3) == std::string_view::npos;
}

Setting Origins(std::string_view name, Field<std::vector<std::string>> field,
                std::string_view help) {
  return Checked(List(name, field, kRestart, "ORIGIN,…", help), [](const std::string& text) {
    return IsOrigin(text)
               ? Status::Ok()
               : InvalidArgument(fmt::format(
                     "must be origins such as https://admin.example.com, not \"{}\"", text));
  });
}

#define TNT_FIELD(member)      \
  +[](Settings & s) -> auto& { \
    return s.member;           \
  }

void AddGeneral(std::vector<Setting>* out) {
  out->push_back(Text("data", TNT_FIELD(data), kRestart, "DIR", "Data folder; made when missing"));
  out->push_back(
      Checked(List("listen", TNT_FIELD(http.listen), kRestart, "HOST:PORT,…",
                   "Addresses to listen on; IPv6 in brackets; port 0 picks one and prints it"),
              CheckAddress));
  out->push_back(
      Text("tls-cert", TNT_FIELD(http.tls_cert), kLive, "FILE",
           "Certificate and its chain (PEM): every address speaks TLS; reread on SIGHUP"));
  out->push_back(Text("tls-key", TNT_FIELD(http.tls_key), kLive, "FILE", "Its key (PEM)"));
  out->push_back(Flag("demo", TNT_FIELD(demo), kRestart,
                      "Fill an empty data folder with one gym and one shop"));
  out->push_back(Text("demo-ids", TNT_FIELD(demo_ids), kRestart, "FILE",
                      "Write the ids of the demo data to this JSON file"));
  out->push_back(
      Choice("shop-auth", TNT_FIELD(shop_auth), {"keys", "open"}, kRestart, "keys | open",
             "keys: management of shops needs a key; open: shops without a key need none"));
  out->push_back(Integer("open-shops-max", TNT_FIELD(open_shops_max), 0, 1'000'000, kRestart,
                         "shops", "How many shops strangers may create with --shop-auth open"));
  out->push_back(
      Flag("billing", TNT_FIELD(billing), kRestart,
           "Let plan limits bite: popups per shop, views per month; see admin plan set"));
  out->push_back(Flag("bot-filter", TNT_FIELD(bot_filter), kRestart,
                      "Count events of self-declared crawlers, previews, monitors and auditors by "
                      "rule, not as views"));
  out->push_back(Integer("event-retention-days", TNT_FIELD(event_retention_days), 0, 36'500,
                         kRestart, "days",
                         "Age at which raw views, conversions and A/B assignments are deleted; "
                         "0: never. Statistics stay"));
  out->push_back(Choice("durability", TNT_FIELD(durability), {"disk", "replica"}, kRestart,
                        "disk | replica",
                        "disk: replies leave after the sync here; replica: also on followers"));
  out->push_back(Url("api-base-url", TNT_FIELD(api_base_url),
                     "Base URL in popup.js; empty: where the script came from", "API_BASE_URL"));
  out->push_back(Integer("loops", TNT_FIELD(http.loops), 0, 256, kRestart, "threads",
                         "Event loops; 0: one per core but one"));
  out->push_back(Integer("block-cache-mib", TNT_FIELD(block_cache_mib), 8, 1 << 20, kRestart, "MiB",
                         "Memory for cached blocks of the store"));
  out->push_back(Integer("cache-mib", TNT_FIELD(cache_mib), 1, 1 << 20, kRestart, "MiB",
                         "Memory for finished answers of all loops"));
  out->push_back(Integer("drain-seconds", TNT_FIELD(drain_seconds), 0, 3600, kLive, "seconds",
                         "How long SIGTERM waits for requests in flight"));
}

void AddNetworks(std::vector<Setting>* out) {
  out->push_back(Networks("trusted-proxies", TNT_FIELD(limits.trusted_proxies),
                          "Networks whose X-Forwarded-For names the client"));
  out->push_back(Networks("allow-networks", TNT_FIELD(limits.allow),
                          "When set, only clients of these networks are answered"));
  out->push_back(Networks("deny-networks", TNT_FIELD(limits.deny),
                          "Clients of these networks get 403; goes before allow-networks"));
  out->push_back(Origins("management-origins", TNT_FIELD(management_origins),
                         "Web pages that may use more than storefront routes (CORS); empty: any"));
}

void AddWebhooks(std::vector<Setting>* out) {
  Setting networks = Networks("webhook-allow", TNT_FIELD(webhook_allow),
                              "Private networks that webhooks may be sent to, such as 10.1.0.0/16");
  networks.live = kRestart;
  out->push_back(std::move(networks));
}

void AddReplication(std::vector<Setting>* out) {
  out->push_back(
      Address("replication-listen", TNT_FIELD(replication.listen),
              "Where followers connect; port 0 picks one and prints it; empty: nowhere"));
  out->push_back(Address("follow", TNT_FIELD(replication.follow),
                         "A leader's replication-listen: serve reads from a copy of its data"));
  out->push_back(Text("replication-secret-file", TNT_FIELD(replication.secret_file), kRestart,
                      "FILE", "The secret that all nodes share; needed beyond loopback addresses"));
  out->push_back(Url("advertise-url", TNT_FIELD(replication.advertise_url),
                     "Where other nodes send this node's clients; empty: the first of listen"));
  out->push_back(Integer("replica-acks", TNT_FIELD(replication.replica_acks), 1, 16, kRestart,
                         "followers",
                         "With durability replica: how many must have synced a write"));
  out->push_back(Integer("replica-timeout-ms", TNT_FIELD(replication.replica_timeout_ms), 100,
                         300'000, kRestart, "ms",
                         "With durability replica: then a write is answered 503, outcome unknown"));
  out->push_back(Integer("max-staleness-ms", TNT_FIELD(replication.max_staleness_ms), 0, 86'400'000,
                         kRestart, "ms",
                         "A follower further behind sends reads to its leader; 0: never"));
  out->push_back(
      Integer("replication-retain-mib", TNT_FIELD(replication.retain_mib), 64, 1 << 20, kRestart,
              "MiB", "Log kept for followers that are behind or away, at most about this much"));
  out->push_back(Integer("sync-rate-mib", TNT_FIELD(replication.sync_rate_mib), 0, 1 << 16,
                         kRestart, "MiB/s",
                         "Speed at which this node's data is copied to one follower; 0: no limit"));
  out->push_back(Choice("follower-writes", TNT_FIELD(replication.follower_writes),
                        {"redirect", "proxy"}, kRestart, "redirect | proxy",
                        "What a follower does with a write: 307 to its leader, or passes it on"));
}

void AddObserve(std::vector<Setting>* out) {
  out->push_back(Choice("log-level", TNT_FIELD(observe.log_level),
                        {"info", "warning", "error", "off"}, kLive, "info | warning | error | off",
                        "Least severity that is logged"));
  out->push_back(Integer("slow-query-ms", TNT_FIELD(observe.slow_query_ms), 0, 3'600'000, kLive,
                         "ms", "Operations of the engine that take this long get a log line"));
  out->push_back(
      Url("alert-webhook", TNT_FIELD(observe.alert_webhook),
          "Gets a POST when an alert of the server begins or ends; empty: the log alone"));
  Setting readers = Networks("metrics-allow", TNT_FIELD(observe.metrics_allow),
                             "Networks that may read /metrics; empty: this machine alone");
  readers.live = kRestart;
  out->push_back(std::move(readers));
}

void AddRateLimits(std::vector<Setting>* out) {
  out->push_back(
      Networks("rate-limit.exempt", TNT_FIELD(limits.exempt),
               "Networks that rate limits leave alone, such as 127.0.0.0/8 for load generators"));
  out->push_back(Integer("rate-limit.window-seconds", TNT_FIELD(limits.rates.window_seconds), 1,
                         86'400, kLive, "seconds",
                         "Length of a window; a client's first request opens it"));
  const auto rate = [&](std::string_view name, Field<uint32_t> field, std::string_view help) {
    out->push_back(Integer(name, field, 0, 1'000'000'000, kLive, "requests", help));
  };
  rate("rate-limit.default", TNT_FIELD(limits.rates.default_class),
       "Of a client in a window, all routes without a class of their own; 0: not limited");
  rate("rate-limit.views", TNT_FIELD(limits.rates.views), "POST /analytics/views; 0: not limited");
  rate("rate-limit.conversions", TNT_FIELD(limits.rates.conversions),
       "POST /analytics/conversions; 0: not limited");
  rate("rate-limit.stats", TNT_FIELD(limits.rates.stats),
       "GET /analytics/… and /revenue; 0: not limited");
  rate("rate-limit.popup-stats", TNT_FIELD(limits.rates.popup_stats),
       "GET /analytics/popup/:id, all popups together; 0: not limited");
  rate("rate-limit.popup-stats-each", TNT_FIELD(limits.rates.popup_stats_each),
       "GET /analytics/popup/:id, one popup; 0: not limited");
  rate("rate-limit.storefront", TNT_FIELD(limits.rates.storefront),
       "GET routes of the storefront; 0: they count as default");
  rate("rate-limit.sign-up", TNT_FIELD(limits.rates.sign_up),
       "POST /auth/signup…; 0: they count as default");
  rate("rate-limit.log-in", TNT_FIELD(limits.rates.log_in),
       "POST /auth/login; 0: it counts as default");
  rate("rate-limit.refresh", TNT_FIELD(limits.rates.refresh),
       "POST /auth/refresh; 0: it counts as default");
  rate("rate-limit.refresh-user", TNT_FIELD(limits.rates.refresh_user),
       "POST /auth/refresh of one member, from all addresses; 0: not limited");
  rate("rate-limit.tenant-reads", TNT_FIELD(limits.rates.tenant_reads),
       "GET of a whole tenant in a window; 0: not limited");
  rate("rate-limit.tenant-writes", TNT_FIELD(limits.rates.tenant_writes),
       "POST, PUT and PATCH of a whole tenant; 0: not limited");
  rate("rate-limit.tenant-deletes", TNT_FIELD(limits.rates.tenant_deletes),
       "DELETE of a whole tenant; 0: not limited");
}

void AddQuotas(std::vector<Setting>* out) {
  out->push_back(Integer("quota.operations-per-second",
                         TNT_FIELD(limits.quota.operations_per_second), 0, 1'000'000'000, kLive,
                         "requests", "Of one tenant; beyond it 429; 0: not limited"));
  out->push_back(Integer("quota.bytes-per-second", TNT_FIELD(limits.quota.bytes_per_second), 0,
                         int64_t{1} << 40, kLive, "bytes",
                         "Bodies of one tenant's requests and answers; 0: not limited"));
  out->push_back(Integer("quota.burst-seconds", TNT_FIELD(limits.quota.burst_seconds), 0, 3600,
                         kLive, "seconds", "How much of its quota a tenant may use at once"));
}

void AddHttp(std::vector<Setting>* out) {
  constexpr int64_t kMiB = 1 << 20;
  constexpr int64_t kHourMs = 3'600'000;
  out->push_back(Integer("http.connections-max", TNT_FIELD(http.connections_max), 1, 1'000'000,
                         kLive, "connections", "Open connections; one more is answered 503"));
  out->push_back(Integer("http.requests-max", TNT_FIELD(http.requests_max), 1, 1'000'000, kLive,
                         "requests", "Waiting for a worker or the disk; one more is answered 503"));
  const auto bytes = [&](std::string_view name, Field<size_t> field, int64_t least,
                         std::string_view help) {
    out->push_back(Integer(name, field, least, 16 * kMiB, kRestart, "bytes", help));
  };
  bytes("http.head-bytes", TNT_FIELD(http.framing.head_bytes), 1024,
        "Request line and headers; beyond it 431");
  bytes("http.target-bytes", TNT_FIELD(http.framing.target_bytes), 256,
        "Path and query; beyond it 414");
  bytes("http.body-bytes", TNT_FIELD(http.framing.body_bytes), 1024, "Body; beyond it 413");
  bytes("http.pipeline-bytes", TNT_FIELD(http.pipeline_bytes), 1024,
        "Requests read ahead of an unfinished one on a connection");
  out->push_back(Integer("http.headers", TNT_FIELD(http.framing.headers), 8, 10'000, kRestart,
                         "headers", "Headers of a request; beyond it 431"));
  out->push_back(Integer("http.query-ms", TNT_FIELD(limits.query_ms), 1, kHourMs, kLive, "ms",
                         "A scan or sum that leaves memory; then 503"));
  const auto time = [&](std::string_view name, Field<int64_t> field, std::string_view help,
                        std::string_view seed_variable = "") {
    out->push_back(Integer(name, field, 1, kHourMs, kRestart, "ms", help, seed_variable));
  };
  time("http.head-ms", TNT_FIELD(http.times.head_ms),
       "From the first byte of a request to the end of its headers; then 408",
       "DB_POOL_CONNECTION_TIMEOUT");
  time("http.body-ms", TNT_FIELD(http.times.body_ms),
       "From there to the end of its body; then 408");
  time("http.idle-ms", TNT_FIELD(http.times.idle_ms),
       "Between requests of a connection; then it is closed", "DB_POOL_IDLE_TIMEOUT");
  time("http.write-ms", TNT_FIELD(http.times.write_ms),
       "Without the client taking a byte of its answer; then closed");
  time("http.request-ms", TNT_FIELD(http.times.request_ms),
       "From the complete request to its answer; then 503");
  time("http.linger-ms", TNT_FIELD(http.times.linger_ms),
       "After an early answer, discarding what the client still sends");
  out->push_back(Integer("http.workers", TNT_FIELD(http.blocking.workers), 1, 1024, kRestart,
                         "threads", "Workers for requests that wait for a disk", "DB_POOL_MAX"));
  out->push_back(Integer("http.worker-queue", TNT_FIELD(http.blocking.queue), 1, 1'000'000, kLive,
                         "requests", "Waiting for a worker; beyond it 503"));
  out->push_back(Integer("http.hash-workers", TNT_FIELD(http.hashing.workers), 1, 256, kRestart,
                         "threads", "Workers that hash passwords, 14 ms of a core each time"));
  out->push_back(Integer("http.hash-queue", TNT_FIELD(http.hashing.queue), 1, 1'000'000, kLive,
                         "requests", "Sign-ins waiting for one; beyond it 503"));
}

#undef TNT_FIELD

std::vector<Setting> MakeTable() {
  std::vector<Setting> table;
  AddGeneral(&table);
  AddNetworks(&table);
  AddWebhooks(&table);
  AddReplication(&table);
  AddObserve(&table);
  AddRateLimits(&table);
  AddQuotas(&table);
  AddHttp(&table);
  return table;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Setting::Flag() const {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '.', '-');
  return flag;
}

std::string Setting::Variable() const {
  std::string variable = "TENANTRY_";
  for (const char c : name) {
    const bool lower = c >= 'a' && c <= 'z';
    variable.push_back(c == '.' || c == '-' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return variable;
}

std::span<const Setting> AllSettings() {
  static const std::vector<Setting> table = MakeTable();
  return table;
}

const Setting* FindSetting(std::string_view name) {
  for (const Setting& setting : AllSettings()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string_view NearestName(std::string_view wrong) {
  std::string_view nearest;
  size_t least = wrong.size() / 3 + 1;
  for (const Setting& setting : AllSettings()) {
    const size_t distance = EditDistance(wrong, setting.name);
    if (distance > least || (distance == least && !nearest.empty())) continue;
    least = distance;
    nearest = setting.name;
  }
  return nearest;
}

std::string FormatValue(const Setting& setting, const std::vector<std::string>& value) {
  const auto quoted = [](const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    return out + "\"";
  };
  if (setting.kind == Kind::kText) return quoted(value.front());
  if (setting.kind != Kind::kList) return value.front();
  std::string out = "[";
  for (const std::string& element : value) {
    if (out.size() > 1) out += ", ";
    out += quoted(element);
  }
  return out + "]";
}

}  // namespace tenantry::config
