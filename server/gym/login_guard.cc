#include "server/gym/login_guard.h"

#include <algorithm>
#include <cmath>

namespace tenantry::server::gym {

std::string LoginGuard::Key(std::string_view account, std::string_view address) {
  std::string key(address);
  key.append(" ").append(account);
  return key;
}

double LoginGuard::FailuresNow(const Count& count, int64_t now_ms) const {
  const double age_ms = static_cast<double>(std::max<int64_t>(0, now_ms - count.noted_ms));
  return count.failures * std::exp2(-age_ms / static_cast<double>(kHalfLifeMs));
}

int64_t LoginGuard::WaitMs(std::string_view account, std::string_view address) {
  const int64_t now_ms = clock_.NowUnixMs();
  MutexLock lock(mutex_);
  const auto found = counts_.find(Key(account, address));
  if (found == counts_.end()) return 0;
  const double failures = FailuresNow(found->second, now_ms);
  // One more failure must fit below the maximum.
  if (failures + 1 <= kFailuresMax) return 0;
  const double half_lives = std::log2(failures / (kFailuresMax - 1));
  return static_cast<int64_t>(std::ceil(half_lives * static_cast<double>(kHalfLifeMs)));
}

void LoginGuard::NoteFailure(std::string_view account, std::string_view address) {
  const int64_t now_ms = clock_.NowUnixMs();
  MutexLock lock(mutex_);
  if (counts_.size() >= kEntriesMax) MakeRoomLocked(now_ms);
  Count& count = counts_[Key(account, address)];
  count.failures = FailuresNow(count, now_ms) + 1;
  count.noted_ms = now_ms;
}

void LoginGuard::NoteSuccess(std::string_view account, std::string_view address) {
  MutexLock lock(mutex_);
  counts_.erase(Key(account, address));
}

// Drops what hardly counts any more, and if that is not enough, whatever counts least.
void LoginGuard::MakeRoomLocked(int64_t now_ms) {
  for (const double least : {0.5, 1.5, kFailuresMax / 2, 2 * kFailuresMax}) {
    std::erase_if(counts_,
                  [&](const auto& entry) { return FailuresNow(entry.second, now_ms) < least; });
    if (counts_.size() < kEntriesMax / 2) return;
  }
}

}  // namespace tenantry::server::gym
