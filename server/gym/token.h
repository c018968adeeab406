#pragma once
// Access tokens: JSON Web Tokens signed with HMAC-SHA-256 by the cluster's secret.
//
// Shape    base64url(header).base64url(claims).base64url(signature), no padding. The header is
//          fixed by the secret's kid, so the algorithm cannot be chosen by the bearer.
// Units    iat and exp in seconds since the Unix epoch, as the standard wants; everything else of
//          ours in milliseconds.
// Errors   VerifyToken: nullopt for anything but a live token of ours, without saying why.
// Threads  stateless.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/codec/json_in.h"
#include "engine/schema/gym_input.capnp.h"
#include "engine/tenant/directory.h"

namespace tenantry::server::gym {

inline constexpr int64_t kTokenLifeSeconds = int64_t{24} * 3600;

using TokenClaims = codec::Draft<schema::GymTokenClaims>;
using VerifiedClaims = codec::Input<schema::GymTokenClaims>;

std::string SignToken(const tenant::TokenSecret& secret, const TokenClaims& claims);
std::optional<VerifiedClaims> VerifyToken(const tenant::TokenSecret& secret, std::string_view token,
                                          int64_t now_unix_ms);

}  // namespace tenantry::server::gym
