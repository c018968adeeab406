#pragma once
// TNT_CHECK stops the process when an invariant of ours is broken: a crash beats bad data on disk. It stays on in
// release builds and never judges input. TNT_DCHECK is for costly checks and is off when NDEBUG is set.

namespace tenantry {

// Prints the place and the broken condition to stderr, then aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace tenantry

#define TNT_CHECK(condition)                         \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::tenantry::CheckFailed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
#define TNT_DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define TNT_DCHECK(condition) TNT_CHECK(condition)
#endif
