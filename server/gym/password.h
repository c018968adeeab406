#pragma once
// Passwords: slow salted hashes. New ones are Argon2id; imported `$2a$`, `$2b$` and `$2y$` bcrypt
// hashes verify too.
//
// Units    one Argon2id computation takes 19 MiB and about 14 ms.
// Threads  any; run on Lane::kHashing.

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tenantry::server::gym {

// kUnavailable when there is no memory for it.
Result<std::string> HashPassword(std::string_view password);

// An empty hash, of an account without a password, matches nothing but takes as long as any.
bool VerifyPassword(std::string_view hash, std::string_view password);

// Made by another method or with other costs than HashPassword would use now.
bool IsOutdated(std::string_view hash);

// Takes as long as VerifyPassword, so that nobody can tell known e-mails by a clock.
void PretendToVerify(std::string_view password);

}  // namespace tenantry::server::gym
