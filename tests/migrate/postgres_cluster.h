#pragma once
// PostgresCluster: a PostgreSQL of a test: an empty cluster in a folder of its own, reached through a Unix socket there.
//
// Errors   NotFound where the server's programs are not installed; else kUnavailable with what they printed.
// Threads  one at a time.
// Owns     the server process and the folder.

#include <memory>
#include <string>
#include <vector>

#include "tests/load/child_process.h"

namespace tenantry::migrate {

class PostgresCluster {
 public:
  static Result<std::unique_ptr<PostgresCluster>> Start();
  ~PostgresCluster();

  // A new database, filled by a script.
  Status Create(const std::string& database, const std::string& script);
  // What psql prints for one statement, without decoration.
  Result<std::string> Query(const std::string& database, const std::string& sql) const;
  std::string Url(const std::string& database) const;
  // A session that runs `sql` and then sleeps, for locks; ends with the object.
  Result<load::ChildProcess> Hold(const std::string& database, const std::string& sql) const;

 private:
  std::vector<std::string> Psql(const std::string& database) const;

  std::string folder_;
  std::string programs_;
  std::unique_ptr<load::ChildProcess> server_;
};

}  // namespace tenantry::migrate
