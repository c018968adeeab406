#include "server/gym/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/codec/json_in.h"
#include "engine/codec/json_out.h"
#include "engine/gym/text.h"

namespace tenantry::server::gym {
namespace {

// Ours are about 500 characters; a longer one is not ours.
constexpr size_t kTokenCharsMax = 4096;
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string EncodeBase64Url(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 3);
  uint32_t word = 0;
  int bits = 0;
  for (const char c : bytes) {
    word = word << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out.push_back(kAlphabet[word >> (bits - 6) & 63]);
  }
  if (bits > 0) out.push_back(kAlphabet[word << (6 - bits) & 63]);
  return out;
}

int Base64UrlValue(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

bool DecodeBase64Url(std::string_view text, std::string* out) {
  uint32_t word = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = Base64UrlValue(c);
    if (value < 0) return false;
    word = word << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out->push_back(static_cast<char>(word >> bits & 0xFF));
    }
  }
  return true;
}

std::string HeaderOf(const tenant::TokenSecret& secret) {
  std::string json;
  {
    codec::ObjectWriter header(&json);
    header.String("alg", "HS256");
    header.String("typ", "JWT");
    header.String("kid", secret.kid);
  }
  return EncodeBase64Url(json);
}

std::string SignatureOf(const tenant::TokenSecret& secret, std::string_view signed_part) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_bytes = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), secret.key.data(), static_cast<int>(secret.key.size()),
           reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(), digest,
           &digest_bytes);
  TNT_CHECK(made != nullptr);
  return EncodeBase64Url({reinterpret_cast<const char*>(digest), digest_bytes});
}

bool SameSignature(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string SignToken(const tenant::TokenSecret& secret, const TokenClaims& claims) {
  std::string json;
  codec::AppendObject<schema::GymTokenClaims>(&json, claims.reader());
  std::string token = HeaderOf(secret) + "." + EncodeBase64Url(json);
  const std::string signature = SignatureOf(secret, token);
  token.append(".").append(signature);
  return token;
}

std::optional<VerifiedClaims> VerifyToken(const tenant::TokenSecret& secret, std::string_view token,
                                          int64_t now_unix_ms) {
  if (token.size() > kTokenCharsMax) return std::nullopt;
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  if (token.substr(0, first) != HeaderOf(secret)) return std::nullopt;
  if (!SameSignature(SignatureOf(secret, token.substr(0, last)), token.substr(last + 1))) {
    return std::nullopt;
  }
  std::string json;
  if (!DecodeBase64Url(token.substr(first + 1, last - first - 1), &json)) return std::nullopt;
  // The signature held, so these claims are ours; a missing one would still void the token.
  Result<VerifiedClaims> claims = VerifiedClaims::Decode(json);
  if (!claims.ok() || (**claims).getExp() <= now_unix_ms / 1000) return std::nullopt;
  return std::optional<VerifiedClaims>(*std::move(claims));
}

}  // namespace tenantry::server::gym
