#pragma once
// Devices: who stays signed in where. One record per device holds the hash of its newest refresh
// token.
//
//            AddDevice           RotateDevice (every use of the newest token)
//   (none) ────────────▶ alive ◀───────────────────────────┐
//                          │   └──────────────────────────▶┘
//                          │ RevokeDevice: sign-out, or an old token shown later than the grace
//                          ▼
//                       revoked ──▶ erased by the next AddDevice of its member
//
// Rules    an access token is worth something only while the device it came with is there and
//          alive, so whatever ends a device ends its tokens at once (F49).
// Units    times in Unix milliseconds.
// Threads  belongs to the plan that runs it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/schema/gym.capnp.h"
#include "engine/transaction.h"

namespace tenantry::gym {

inline constexpr int64_t kRefreshTokenLifeMs = int64_t{30} * 24 * 3'600'000;
// Apps refresh twice at once; a token that was just replaced is refused but proves nothing.
inline constexpr int64_t kRotationGraceMs = 10'000;
// Signing in on more devices than this signs out the oldest, so that records of a member stay
// bounded.
inline constexpr size_t kDevicesMax = 32;

// The parts of a refresh token: 64 lower-case hexadecimal digits.
struct RefreshToken {
  SpaceId space;
  std::string device_id;
  std::string hash;  // SHA-256 of the whole token, hexadecimal.
};
std::optional<RefreshToken> ParseRefreshToken(std::string_view token);

struct IssuedToken {
  std::string device_id;
  std::string token;
};

// Also erases what the member no longer needs: revoked and expired devices, and the oldest beyond
// kDevicesMax.
Result<IssuedToken> AddDevice(SpaceWriter& tx, const schema::GymMember::Reader& member);

enum class Rotation {
  kRotated,
  kRefused,  // Not the newest token of any living device, or just replaced: nothing changes.
  kRevoked,  // An old token came back: the whole device was signed out.
};
struct RotationResult {
  Rotation rotation = Rotation::kRefused;
  std::string member_id;
  IssuedToken issued;  // Set when rotated.
};
Result<RotationResult> RotateDevice(SpaceWriter& tx, const RefreshToken& shown);

// A new token for a device that is still signed in, in place of one that never arrived; nullopt when it is not, or is
// another member's.
Result<std::optional<IssuedToken>> ReissueDevice(SpaceWriter& tx, std::string_view device_id,
                                                 std::string_view member_id);
// Signs out every device of the member but `kept`, which may be empty.
Status EraseDevices(SpaceWriter& tx, std::string_view member_id, std::string_view kept);

// Nothing happens when there is no such device or it is another member's.
Status RevokeDevice(SpaceWriter& tx, std::string_view device_id, std::string_view member_id);

}  // namespace tenantry::gym
