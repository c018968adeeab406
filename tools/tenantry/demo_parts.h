#pragma once
// Demo parts: the gym and the shop of the demo data, each with what a load test or a reader of the README needs to know.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "server/context.h"

namespace tenantry::tools {

inline constexpr int64_t kHourMs = 3'600'000;
inline constexpr int64_t kDayMs = 24 * kHourMs;

struct DemoLogin {
  std::string email;
  std::string password;
};

struct DemoGym {
  std::string tenant_id;
  DemoLogin owner, trainer, member;
  std::vector<std::string> member_ids;
  std::vector<std::string> open_session_ids;  // Unlimited and in the future, for load tests.
};

struct DemoShop {
  std::string shop_id;
  std::string key;
  std::vector<std::string> popup_ids;
};

// Each leaves the clock where it found it. They need an engine without tenants.
Result<DemoGym> MakeDemoGym(const server::Context& context, ShiftedClock& clock);
Result<DemoShop> MakeDemoShop(const server::Context& context, ShiftedClock& clock);

// 16 characters from the system's random source; never from the demo's seed.
std::string RandomPassword(Random& random);

// "demo: 2,000 of 5,000 members" on stderr, at most once in a while, and always for the last.
class Progress {
 public:
  Progress(std::string what, uint64_t total) : what_(std::move(what)), total_(total) {}
  void Step(uint64_t done);

 private:
  const std::string what_;
  const uint64_t total_;
  uint64_t printed_ = 0;
};

}  // namespace tenantry::tools
