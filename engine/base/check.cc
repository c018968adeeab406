#include "engine/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tenantry {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "tenantry: %s:%d: broken invariant: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tenantry
