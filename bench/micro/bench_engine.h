#pragma once
// BenchEngine: a real engine in a temporary folder on disk, with the system's clock and random source, as the server
// runs it.

#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::bench {

// A folder that is gone when the object is. `parent` empty: the system's place for temporary files.
class BenchFolder {
 public:
  explicit BenchFolder(const std::string& parent = "");
  ~BenchFolder();
  BenchFolder(const BenchFolder&) = delete;
  BenchFolder& operator=(const BenchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class BenchEngine {
 public:
  BenchEngine();
  ~BenchEngine();
  Engine& engine() { return *engine_; }
  Random& random() { return random_; }
  const Clock& clock() const { return clock_; }

  // Creates a tenant and waits until it can be read.
  TenantRef CreateTenant(const std::string& id, schema::TenantKind kind);
  // Stops the process unless the outcome is an acceptance; returns when it is released.
  void Settle(const Outcome& outcome);

 private:
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  BenchFolder folder_;
  std::unique_ptr<Engine> engine_;
};

// Commands a bench lets wait for the disk; then it waits itself, outside the measured time, as clients would have to.
inline constexpr int kInFlightMax = 512;

}  // namespace tenantry::bench
