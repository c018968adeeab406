#include "tools/tenantry/doctor_command.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "server/admin/admin_socket.h"
#include "tools/doctor/checks.h"
#include "tools/tenantry/data_folder.h"

namespace tenantry::tools {
namespace {

using doctor::Finding;
using doctor::Level;
using nlohmann::json;

constexpr int64_t kHourMs = 3'600'000;

server::AdminRequest DigestRequest() {
  server::AdminRequest request;
  request.command = "admin digest";
  return request;
}

// Whether a server answers for the folder, and what it says of its digest.
struct Server {
  bool runs = false;
  std::string digest;
};
Server AskServer(const std::string& data) {
  const Result<server::AdminReply> reply = server::AskServer(data, DigestRequest());
  return {reply.ok(), reply.ok() ? reply->output : ""};
}

Finding CheckReplica(const std::string& data, const std::string& path, const Server& running) {
  std::ifstream file(path);
  if (!file) return {"replica", Level::kFailure, "cannot read " + path};
  std::ostringstream there;
  there << file.rdbuf();
  std::string here = running.digest;
  if (!running.runs) here = RunOnFolder(data, DigestRequest()).output;
  return doctor::CompareDigests(here, there.str());
}

void Print(const std::vector<Finding>& findings, bool as_json, bool pass) {
  if (as_json) {
    json checks = json::array();
    for (const Finding& finding : findings) {
      checks.push_back({{"check", finding.check},
                        {"level", doctor::LevelName(finding.level)},
                        {"message", finding.message}});
    }
    fmt::print("{}\n", json({{"pass", pass}, {"checks", std::move(checks)}})
                           .dump(-1, ' ', false, json::error_handler_t::replace));
    return;
  }
  for (const Finding& finding : findings) {
    fmt::print("{:<8} {:<8} {}\n", doctor::LevelName(finding.level), finding.check,
               finding.message);
  }
}

int RunDoctor(const Invocation& typed) {
  const std::string& data = typed.Get("data");
  const std::string& hours = typed.Get("dump-age-max");
  int64_t age_max_hours = 0;
  const auto [end, error] =
      std::from_chars(hours.data(), hours.data() + hours.size(), age_max_hours);
  if (error != std::errc() || end != hours.data() + hours.size()) {
    return ShowFailure(InvalidArgument("--dump-age-max takes hours, not '" + hours + "'"));
  }
  PosixFileSystem files;
  const SystemClock clock;
  const Server running = AskServer(data);
  std::vector<Finding> findings = {
      doctor::CheckLimits(),
      doctor::CheckFolder(data),
      doctor::CheckDisk(data),
      doctor::CheckClock(files, clock, data),
      doctor::CheckZones(),
      doctor::CheckPort(typed.Get("listen"), running.runs),
      doctor::CheckLastDump(typed.Get("dumps"), clock.NowUnixMs(), age_max_hours * kHourMs),
  };
  if (typed.Has("replica-digest")) {
    findings.push_back(CheckReplica(data, typed.Get("replica-digest"), running));
  }
  const Level worst_allowed = typed.Has("strict") ? Level::kOk : Level::kWarning;
  const bool pass = std::all_of(findings.begin(), findings.end(),
                                [&](const Finding& f) { return f.level <= worst_allowed; });
  Print(findings, typed.Has("json"), pass);
  return pass ? server::kExitOk : server::kExitFailed;
}

}  // namespace

Command DoctorCommand() {
  Command command;
  command.path = "doctor";
  command.summary =
      "Look for what will make the server fail: limits, disk, clock, zones, port, dumps, replica";
  command.options = {
      DataOption(),
      {"listen", "Where the server is to listen", OptionKind::kOptional, "HOST:PORT",
       "127.0.0.1:7117"},
      {"dumps", "Folder that dumps are kept in", OptionKind::kOptional, "DIR"},
      {"dump-age-max", "Hours after which the newest dump is too old", OptionKind::kOptional, "N",
       "26"},
      {"replica-digest", "What `admin digest` printed on another node", OptionKind::kOptional,
       "FILE"},
      {"strict", "Warnings fail too", OptionKind::kFlag},
      {"json", "One object, for monitors", OptionKind::kFlag},
  };
  command.example = "tenantry doctor --data ./data";
  command.run = RunDoctor;
  return command;
}

}  // namespace tenantry::tools
