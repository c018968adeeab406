#pragma once
// EngineFixture: a real engine in a fresh temporary folder, with a clock that the test moves and reproducible ids.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/mutex.h"
#include "engine/base/random.h"
#include "engine/engine.h"
#include "engine/tenant/directory.h"

namespace tenantry {

// A folder that is gone when the object is.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Serialised, because the engine may draw from it on several threads.
class LockedRandom final : public Random {
 public:
  explicit LockedRandom(uint64_t seed) : inner_(seed) {}
  void Fill(void* out, size_t bytes) override {
    MutexLock lock(mutex_);
    inner_.Fill(out, bytes);
  }

 private:
  Mutex mutex_{"locked_random"};
  SeededRandom inner_;
};

// 2026-03-02T09:00:00Z, a Monday.
inline constexpr int64_t kTestStartMs = 1'772'442'000'000;

// Small, so that tests go through segments.
inline constexpr uint64_t kTestSegmentBytes = 4u << 20;

class EngineFixture : public ::testing::Test {
 protected:
  explicit EngineFixture(uint64_t segment_bytes = kTestSegmentBytes) {
    options_.segment_bytes = segment_bytes;
    Open();
  }
  ~EngineFixture() override { engine_.reset(); }

  void Open();
  void Reopen() {
    engine_.reset();
    Open();
  }
  Engine& engine() { return *engine_; }
  // Creates a tenant and waits until it can be read.
  TenantRef CreateTenant(const std::string& id, schema::TenantKind kind = schema::TenantKind::SHOP);
  // Runs a command and waits until it is released.
  Outcome Run(const TenantRef& tenant, const Engine::Plan& plan);

  ManualClock clock_{kTestStartMs};
  LockedRandom random_{42};
  PosixFileSystem files_;
  TemporaryFolder folder_;
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tenantry
