#include "engine/popups/visitor_seed.h"

#include <optional>
#include <string>

#include "engine/base/bytes.h"
#include "engine/popups/metrics.h"

namespace tenantry::popups {

Result<uint64_t> VisitorSeed(Transaction& tx) {
  TNT_ASSIGN_OR_RETURN(std::optional<std::string> secret, tx.Meta(kVisitorSecretMeta));
  if (!secret.has_value()) {
    secret = tx.random().Bytes(sizeof(uint64_t));
    TNT_RETURN_IF_ERROR(tx.SetMeta(kVisitorSecretMeta, *secret));
  }
  if (secret->size() != sizeof(uint64_t)) return Corruption("visitor secret: wrong length");
  return LoadLittle<uint64_t>(secret->data());
}

}  // namespace tenantry::popups
