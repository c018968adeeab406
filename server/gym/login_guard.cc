#include "server/gym/login_guard.h"

#include <algorithm>
#include <cmath>

namespace tenantry::server::gym {

std::string LoginGuard::Key(std::string_view account, std::string_view customer) {
  std::string key(customer);
  key.append(" ").append(account);
  return key;
}

double LoginGuard::FailuresNow(const Count& count, int64_t now_ms) {
  const double age_ms = static_cast<double>(std::max<int64_t>(0, now_ms - count.noted_ms));
  return count.failures * std::exp2(-age_ms / static_cast<double>(kHalfLifeMs));
}

int64_t LoginGuard::WaitMs(std::string_view account, std::string_view customer) {
  const int64_t now_ms = clock_.NowUnixMs();
  MutexLock lock(mutex_);
  const auto found = pairs_.find(Key(account, customer));
  if (found == pairs_.end()) return 0;
  const double failures = FailuresNow(found->second, now_ms);
  // One more failure must fit below the maximum.
  if (failures + 1 <= kFailuresMax) return 0;
  const double half_lives = std::log2(failures / (kFailuresMax - 1));
  return static_cast<int64_t>(std::ceil(half_lives * static_cast<double>(kHalfLifeMs)));
}

int64_t LoginGuard::HoldMs(std::string_view account) {
  const int64_t now_ms = clock_.NowUnixMs();
  MutexLock lock(mutex_);
  const auto found = accounts_.find(std::string(account));
  if (found == accounts_.end()) return 0;
  // Ten failures within seconds are ten, although the first have begun to fade.
  const double beyond = std::round(FailuresNow(found->second, now_ms) - kFreeFailures);
  if (beyond < 0) return 0;
  const double hold_ms = static_cast<double>(kHoldMsFirst) * std::exp2(std::min(beyond, 20.0));
  return std::min(static_cast<int64_t>(hold_ms), kHoldMsMax);
}

void LoginGuard::AddFailure(Counts* counts, const std::string& key, int64_t now_ms) {
  if (counts->size() >= kEntriesMax) MakeRoom(counts, now_ms);
  Count& count = (*counts)[key];
  count.failures = FailuresNow(count, now_ms) + 1;
  count.noted_ms = now_ms;
}

void LoginGuard::NoteFailure(std::string_view account, std::string_view customer) {
  const int64_t now_ms = clock_.NowUnixMs();
  MutexLock lock(mutex_);
  AddFailure(&pairs_, Key(account, customer), now_ms);
  AddFailure(&accounts_, std::string(account), now_ms);
}

void LoginGuard::NoteSuccess(std::string_view account, std::string_view customer) {
  MutexLock lock(mutex_);
  pairs_.erase(Key(account, customer));
}

// Drops what hardly counts any more, and if that is not enough, whatever counts least.
void LoginGuard::MakeRoom(Counts* counts, int64_t now_ms) {
  for (const double least : {0.5, 1.5, kFailuresMax / 2, 2 * kFailuresMax}) {
    std::erase_if(*counts,
                  [&](const auto& entry) { return FailuresNow(entry.second, now_ms) < least; });
    if (counts->size() < kEntriesMax / 2) return;
  }
  counts->clear();
}

}  // namespace tenantry::server::gym
