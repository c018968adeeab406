// Must not compile: writes exist only inside a command.
#include "engine/engine.h"

void Write(const tenantry::KeyReader& reader) {
  tenantry::Transaction tx(nullptr, reader, tenantry::SpaceId(7), tenantry::ReadTier::kInline);
}
