#pragma once
// VisitorSeed: the secret of a shop that visitor hashes are keyed with. It makes what is kept of
// visitors useless for asking whether a known one was here, once the shop is erased.
//
// Errors   kCorruption for a seed of the wrong length.
// Threads  that of the transaction.

#include <cstdint>

#include "engine/transaction.h"

namespace tenantry::popups {

// Made by the first command that needs it, never changed.
Result<uint64_t> VisitorSeed(Transaction& tx);

}  // namespace tenantry::popups
