#include "engine/gym/devices.h"

#include <vector>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/gym/text.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::gym {
namespace {

using Device = schema::GymRefreshToken;

constexpr size_t kSpaceDigits = 16;
constexpr size_t kDeviceBytes = 8;
constexpr size_t kSecretBytes = 16;
constexpr size_t kTokenDigits = kSpaceDigits + 2 * (kDeviceBytes + kSecretBytes);
constexpr uint8_t kByMember = 1;

std::string HashOf(std::string_view token) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size());
  return FormatHex(digest);
}

bool SameHash(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool IsRevoked(const Device::Reader& device) {
  return device.getRevokedAt() != schema::NULL_INT;
}

IssuedToken NewToken(SpaceId space, std::string device_id, Random& random) {
  std::string head;
  AppendBig64(&head, space.value());
  IssuedToken issued;
  issued.token = FormatHex(head) + device_id + FormatHex(random.Bytes(kSecretBytes));
  issued.device_id = std::move(device_id);
  return issued;
}

Result<std::vector<codec::Stored<Device>>> DevicesOf(const SpaceReader& space,
                                                     std::string_view member_id) {
  std::vector<codec::Stored<Device>> devices;
  TNT_RETURN_IF_ERROR(space.ScanIndex<Device>({.index = kByMember, .equal = {member_id}},
                                              [&](const codec::Stored<Device>& device) {
                                                devices.push_back(device);
                                                return true;
                                              }));
  return devices;
}

// Room for one more device. Devices come oldest first.
Status MakeRoom(SpaceWriter& tx, std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const std::vector<codec::Stored<Device>> devices, DevicesOf(tx, member_id));
  size_t kept = devices.size();
  for (const codec::Stored<Device>& device : devices) {
    const bool dead = IsRevoked(*device) || device->getExpiresAt() < tx.now_unix_ms();
    if (!dead && kept < kDevicesMax) continue;
    TNT_RETURN_IF_ERROR(tx.Erase(device));
    --kept;
  }
  return Status::Ok();
}

// The next token of a living device.
Result<IssuedToken> Rotate(SpaceWriter& tx, const codec::Stored<Device>& before) {
  const int64_t now_ms = tx.now_unix_ms();
  IssuedToken issued = NewToken(tx.space(), String(before->getId()), tx.random());
  codec::Draft<Device> after(before);
  after->setPreviousHash(before->getTokenHash());
  after->setTokenHash(Text(HashOf(issued.token)));
  after->setRotatedAt(now_ms);
  after->setExpiresAt(now_ms + kRefreshTokenLifeMs);
  TNT_RETURN_IF_ERROR(tx.Update(before, after));
  return issued;
}

Status Revoke(SpaceWriter& tx, const codec::Stored<Device>& before) {
  if (IsRevoked(*before)) return Status::Ok();
  codec::Draft<Device> after(before);
  after->setRevokedAt(tx.now_unix_ms());
  return tx.Update(before, after);
}

}  // namespace

std::optional<RefreshToken> ParseRefreshToken(std::string_view token) {
  if (token.size() != kTokenDigits) return std::nullopt;
  if (token.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  std::string space;
  if (!ParseHex(token.substr(0, kSpaceDigits), &space)) return std::nullopt;
  return RefreshToken{SpaceId(LoadBig64(space.data())),
                      std::string(token.substr(kSpaceDigits, 2 * kDeviceBytes)), HashOf(token)};
}

Result<IssuedToken> AddDevice(SpaceWriter& tx, const schema::GymMember::Reader& member) {
  TNT_RETURN_IF_ERROR(MakeRoom(tx, View(member.getId())));
  IssuedToken issued =
      NewToken(tx.space(), FormatHex(tx.random().Bytes(kDeviceBytes)), tx.random());
  const int64_t now_ms = tx.now_unix_ms();
  codec::Draft<Device> device;
  device->setId(Text(issued.device_id));
  device->setMemberId(member.getId());
  device->setTokenHash(Text(HashOf(issued.token)));
  device->setExpiresAt(now_ms + kRefreshTokenLifeMs);
  device->setCreatedAt(now_ms);
  TNT_RETURN_IF_ERROR(tx.Insert(device));
  return issued;
}

Result<RotationResult> RotateDevice(SpaceWriter& tx, const RefreshToken& shown) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<Device>> before,
                       tx.Find<Device>({std::string_view(shown.device_id)}));
  RotationResult result;
  RuleTrace& trace = tx.trace();
  const int64_t now_ms = tx.now_unix_ms();
  const bool alive = before && !IsRevoked(**before) && (*before)->getExpiresAt() > now_ms;
  if (!trace.Check("refresh.device_alive", alive, {{"device", shown.device_id}})) return result;
  result.member_id = String((*before)->getMemberId());

  if (trace.Check("refresh.newest", SameHash(View((*before)->getTokenHash()), shown.hash), {})) {
    result.rotation = Rotation::kRotated;
    TNT_ASSIGN_OR_RETURN(result.issued, Rotate(tx, *before));
    return result;
  }
  const int64_t rotated_at_ms = (*before)->getRotatedAt();
  const bool just_replaced = rotated_at_ms != schema::NULL_INT &&
                             now_ms - rotated_at_ms <= kRotationGraceMs &&
                             SameHash(View((*before)->getPreviousHash()), shown.hash);
  // Whoever knows the device part has seen a token of it: an older one came back, so somebody else
  // may hold one too.
  if (trace.Check("refresh.grace", just_replaced, {{"rotatedAt", rotated_at_ms}})) return result;
  result.rotation = Rotation::kRevoked;
  TNT_RETURN_IF_ERROR(Revoke(tx, *before));
  return result;
}

Result<std::optional<IssuedToken>> ReissueDevice(SpaceWriter& tx, std::string_view device_id,
                                                 std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<Device>> device,
                       tx.Find<Device>({device_id}));
  const bool alive = device && !IsRevoked(**device) &&
                     (*device)->getExpiresAt() > tx.now_unix_ms() &&
                     View((*device)->getMemberId()) == member_id;
  if (!tx.trace().Check("reissue.device_alive", alive, {{"device", device_id}})) {
    return std::optional<IssuedToken>();
  }
  TNT_ASSIGN_OR_RETURN(IssuedToken issued, Rotate(tx, *device));
  return std::optional<IssuedToken>(std::move(issued));
}

Status EraseDevices(SpaceWriter& tx, std::string_view member_id, std::string_view kept) {
  TNT_ASSIGN_OR_RETURN(const std::vector<codec::Stored<Device>> devices, DevicesOf(tx, member_id));
  for (const codec::Stored<Device>& device : devices) {
    if (View(device->getId()) != kept) TNT_RETURN_IF_ERROR(tx.Erase(device));
  }
  return Status::Ok();
}

Status RevokeDevice(SpaceWriter& tx, std::string_view device_id, std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<Device>> device,
                       tx.Find<Device>({device_id}));
  if (!device || View((*device)->getMemberId()) != member_id) return Status::Ok();
  return Revoke(tx, *device);
}

}  // namespace tenantry::gym
