#include "server/gym/password.h"

#include <memory>

#include <crypt.h>
#include <sodium.h>

#include "engine/base/check.h"

namespace tenantry::server::gym {
namespace {

// OWASP's second choice of parameters: bearable for a small server under a login storm.
constexpr unsigned long long kPasses = 2;
constexpr size_t kMemoryBytes = size_t{19} * 1024 * 1024;

void EnsureSodium() {
  static const int ready = sodium_init();
  TNT_CHECK(ready >= 0);
}

bool IsBcrypt(std::string_view hash) {
  return hash.size() == 60 && hash[0] == '$' && hash[1] == '2' && hash[3] == '$';
}

bool VerifyBcrypt(const std::string& hash, const std::string& password) {
  const auto data = std::make_unique<crypt_data>();
  const char* made = crypt_r(password.c_str(), hash.c_str(), data.get());
  if (made == nullptr) return false;
  const std::string_view again(made);
  return again.size() == hash.size() && sodium_memcmp(again.data(), hash.data(), hash.size()) == 0;
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  EnsureSodium();
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), kPasses, kMemoryBytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Unavailable("not enough memory to hash a password");
  }
  return std::string(hash);
}

bool VerifyPassword(std::string_view hash, std::string_view password) {
  EnsureSodium();
  if (hash.empty()) {
    PretendToVerify(password);
    return false;
  }
  // bcrypt stops at a zero byte, so such a password must not match its own beginning.
  if (IsBcrypt(hash)) {
    return password.find('\0') == std::string_view::npos &&
           VerifyBcrypt(std::string(hash), std::string(password));
  }
  return crypto_pwhash_str_verify(std::string(hash).c_str(), password.data(), password.size()) == 0;
}

bool IsOutdated(std::string_view hash) {
  EnsureSodium();
  return crypto_pwhash_str_needs_rehash(std::string(hash).c_str(), kPasses, kMemoryBytes) != 0;
}

void PretendToVerify(std::string_view password) {
  EnsureSodium();
  // Of a random password that nobody kept; made once with the parameters in use.
  static const std::string dummy = [] {
    char random[32];
    randombytes_buf(random, sizeof random);
    Result<std::string> hash = HashPassword({random, sizeof random});
    return hash.ok() ? *hash : std::string();
  }();
  const int matched = crypto_pwhash_str_verify(dummy.c_str(), password.data(), password.size());
  static_cast<void>(matched);
}

}  // namespace tenantry::server::gym
