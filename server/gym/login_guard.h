#pragma once
// LoginGuard: makes guessing passwords slow, without letting anybody lock somebody else out.
//
// Rules    wrong passwords are counted per (account, address). The count halves every
//          kHalfLifeMs. At kFailuresMax the address must wait with that account; other addresses
//          are not concerned. The right password clears the count.
// Units    milliseconds.
// Threads  any.
// Owns     its counts, at most kEntriesMax; they are forgotten with the process.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"

namespace tenantry::server::gym {

class LoginGuard {
 public:
  static constexpr double kFailuresMax = 10;
  static constexpr int64_t kHalfLifeMs = 300'000;
  // About three megabytes; more pairs than that at once are noise or an attack on many accounts,
  // which the limits per address are for.
  static constexpr size_t kEntriesMax = 20'000;

  explicit LoginGuard(const Clock& clock) : clock_(clock) {}

  // 0: may try now.
  int64_t WaitMs(std::string_view account, std::string_view address);
  void NoteFailure(std::string_view account, std::string_view address);
  void NoteSuccess(std::string_view account, std::string_view address);

 private:
  struct Count {
    double failures = 0;
    int64_t noted_ms = 0;
  };
  static std::string Key(std::string_view account, std::string_view address);
  double FailuresNow(const Count& count, int64_t now_ms) const;
  void MakeRoomLocked(int64_t now_ms) TNT_REQUIRES(mutex_);

  const Clock& clock_;  // Constant after construction.
  Mutex mutex_{"login_guard"};
  std::unordered_map<std::string, Count> counts_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::server::gym
