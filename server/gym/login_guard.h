#pragma once
// LoginGuard: makes guessing passwords slow, without letting anybody lock somebody else out.
//
// Rules    wrong passwords are counted per (account, address) and per account; addresses are told
//          apart by http::CustomerOf. Counts halve every kHalfLifeMs.
//          At kFailuresMax of one address it must wait with that account; other addresses are not
//          concerned. The right password clears this count.
//          From kFreeFailures of an account on, wherever they came from, every answer about it is
//          held back, right or wrong, twice as long with each further failure up to kHoldMsMax. No
//          password clears this count, or a guesser would only have to wait for the owner; it
//          fades.
//          Accounts nobody has are counted alike, so that waiting tells nothing.
// Units    milliseconds.
// Threads  any.
// Owns     its counts, at most kEntriesMax of each kind; they are forgotten with the process.

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
  static constexpr double kFreeFailures = 10;
  static constexpr int64_t kHalfLifeMs = 300'000;
  static constexpr int64_t kHoldMsFirst = 250;
  // Below what clients wait for an answer.
  static constexpr int64_t kHoldMsMax = 4'000;
  // About three megabytes; more at once are noise or an attack on many accounts, which the limits
  // per address are for.
  static constexpr size_t kEntriesMax = 20'000;

  explicit LoginGuard(const Clock& clock) : clock_(clock) {}

  // 0: may try now.
  int64_t WaitMs(std::string_view account, std::string_view customer);
  // How long the answer to a try is held back (Response::hold_ms). Asked before the outcome is
  // noted.
  int64_t HoldMs(std::string_view account);
  void NoteFailure(std::string_view account, std::string_view customer);
  void NoteSuccess(std::string_view account, std::string_view customer);

 private:
  struct Count {
    double failures = 0;
    int64_t noted_ms = 0;
  };
  using Counts = std::unordered_map<std::string, Count>;
  static std::string Key(std::string_view account, std::string_view customer);
  static double FailuresNow(const Count& count, int64_t now_ms);
  static void AddFailure(Counts* counts, const std::string& key, int64_t now_ms);
  static void MakeRoom(Counts* counts, int64_t now_ms);

  const Clock& clock_;  // Constant after construction.
  Mutex mutex_{"login_guard"};
  Counts pairs_ TNT_GUARDED_BY(mutex_);     // By account and customer.
  Counts accounts_ TNT_GUARDED_BY(mutex_);  // By account.
};

}  // namespace tenantry::server::gym
