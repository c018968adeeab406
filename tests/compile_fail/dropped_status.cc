// Must not compile: an error is dropped.
#include "engine/base/file.h"

void Forget(tenantry::File& file) {
  file.SyncData();
}
