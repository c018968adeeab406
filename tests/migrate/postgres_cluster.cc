#include "tests/migrate/postgres_cluster.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

namespace tenantry::migrate {
namespace {

constexpr double kToolSeconds = 60;
constexpr int kStartTries = 600;

// The newest version's programs; Debian keeps them out of PATH.
std::string FindPrograms() {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string bin = entry.path().string() + "/bin";
    if (std::filesystem::exists(bin + "/initdb") && bin > newest) newest = bin;
  }
  return newest;
}

// PostgreSQL refuses to run as root.
std::vector<std::string> Unprivileged() {
  if (geteuid() != 0) return {};
  return {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"};
}

}  // namespace

Result<std::unique_ptr<PostgresCluster>> PostgresCluster::Start() {
  auto cluster = std::make_unique<PostgresCluster>();
  cluster->programs_ = FindPrograms();
  if (cluster->programs_.empty()) {
    return NotFound("no PostgreSQL server here: install the package postgresql");
  }
  // Short, because a socket's path may have 107 bytes.
  std::string folder = "/tmp/tnt-pg.XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return Unavailable("no folder for the cluster");
  cluster->folder_ = folder;
  if (geteuid() == 0) {
    const passwd* const nobody = getpwnam("nobody");
    if (nobody == nullptr || chown(folder.c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
      return Unavailable("the cluster's folder cannot be given away");
    }
  }
  const auto run = [&](std::vector<std::string> arguments) {
    std::vector<std::string> all = Unprivileged();
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  };
  TNT_RETURN_IF_ERROR(
      load::RunTool(run({cluster->programs_ + "/initdb", "-D", folder + "/data", "-A", "trust",
                         "-U", "tenantry", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}),
                    folder, kToolSeconds)
          .status());
  Result<load::ChildProcess> server =
      load::ChildProcess::Start(run({cluster->programs_ + "/postgres", "-D", folder + "/data", "-k",
                                     folder, "-c", "listen_addresses=", "-c", "fsync=off"}),
                                folder + "/server.out", folder + "/server.err");
  TNT_RETURN_IF_ERROR(server.status());
  cluster->server_ = std::make_unique<load::ChildProcess>(std::move(server).value());
  for (int i = 0; i < kStartTries; ++i) {
    if (cluster->Query("postgres", "SELECT 1").ok()) return cluster;
    if (!cluster->server_->Running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return Unavailable("PostgreSQL does not start: " + load::ReadText(folder + "/server.err"));
}

PostgresCluster::~PostgresCluster() {
  if (server_) {
    server_->Signal(SIGINT);  // Ends at once, and gives back its shared memory.
    server_->Wait(kToolSeconds);
    server_.reset();
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> PostgresCluster::Psql(const std::string& database) const {
  return {
      programs_ + "/psql", "-X", "-q",    "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder_, "-U",
      "tenantry",          "-d", database};
}

Result<std::string> PostgresCluster::Query(const std::string& database,
                                           const std::string& sql) const {
  std::vector<std::string> arguments = Psql(database);
  arguments.insert(arguments.end(), {"-c", sql});
  return load::RunTool(arguments, folder_, kToolSeconds);
}

Status PostgresCluster::Create(const std::string& database, const std::string& script) {
  TNT_RETURN_IF_ERROR(Query("postgres", "CREATE DATABASE " + database).status());
  std::vector<std::string> arguments = Psql(database);
  arguments.insert(arguments.end(), {"-f", script});
  return load::RunTool(arguments, folder_, kToolSeconds).status();
}

std::string PostgresCluster::Url(const std::string& database) const {
  std::string host;
  for (const char c : folder_) host += c == '/' ? std::string("%2F") : std::string(1, c);
  return fmt::format("postgres://tenantry@{}/{}", host, database);
}

Result<load::ChildProcess> PostgresCluster::Hold(const std::string& database,
                                                 const std::string& sql) const {
  std::vector<std::string> arguments = Psql(database);
  arguments.insert(arguments.end(), {"-c", "BEGIN; " + sql + "; SELECT pg_sleep(300)"});
  return load::ChildProcess::Start(arguments, folder_ + "/hold.out", folder_ + "/hold.err");
}

}  // namespace tenantry::migrate
