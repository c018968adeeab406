#include "server/idempotency.h"

#include <string>
#include <utility>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "server/gym/auth_replay.h"
#include "server/gym/password.h"
#include "server/reply.h"
#include "server/stored_answer.h"

namespace tenantry::server {
namespace {

constexpr std::string_view kBodyDropped =
    "The first request with this Idempotency-Key was carried out, but its answer was too large to "
    "keep; read the result instead of repeating the request";

bool IsWellFormed(std::string_view key) {
  if (key.empty() || key.size() > kIdempotencyKeyBytesMax) return false;
  for (const char c : key) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return true;
}

// SHA-256 of what the scope does not cover.
std::string DigestOf(const http::Request& request) {
  std::string content(request.query);
  content.append(1, '\0').append(request.body);
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(content.data()), content.size());
  return FormatHex(digest);
}

// Bodies on the hashing lane hold passwords: what is stored of them must be as slow to guess as the password's own hash.
bool HoldsPassword(const http::Route& route) {
  return route.lane == http::Lane::kHashing;
}

Result<std::string> FingerprintOf(const http::Route& route, const std::string& digest) {
  if (HoldsPassword(route)) return gym::HashPassword(digest);
  return digest;
}

bool Matches(const http::Route& route, std::string_view fingerprint, std::string_view digest) {
  return HoldsPassword(route) ? gym::VerifyPassword(fingerprint, digest) : fingerprint == digest;
}

// Names a request by what its sender repeats: nobody else sends the same key with the same credentials.
uint64_t FlightOf(const http::Request& request, std::string_view key) {
  std::string name(request.method_name);
  name.append(1, '\0').append(request.path).append(1, '\0').append(key);
  for (const std::string_view header : {"authorization", "x-tenant-id"}) {
    name.append(1, '\0').append(request.FindHeader(header).value_or(""));
  }
  return Hash64(name);
}

}  // namespace

// The stay of a request on a worker.
class Idempotency::Flight {
 public:
  Flight(Idempotency& owner, uint64_t name, bool on_worker) : owner_(owner), name_(name) {
    MutexLock lock(owner_.mutex_);
    refused_ = owner_.in_flight_.contains(name_);
    entered_ = !refused_ && on_worker;
    if (entered_) owner_.in_flight_.insert(name_);
  }
  ~Flight() {
    if (!entered_) return;
    MutexLock lock(owner_.mutex_);
    owner_.in_flight_.erase(name_);
  }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  bool refused() const { return refused_; }

 private:
  Idempotency& owner_;
  const uint64_t name_;
  bool refused_ = false;
  bool entered_ = false;
};

std::optional<std::string_view> IdempotencyKeyOf(const http::Request& request) {
  switch (request.method) {
    case http::Method::kPost:
    case http::Method::kPut:
    case http::Method::kPatch:
    case http::Method::kDelete:
      return request.FindHeader("idempotency-key");
    default:
      return std::nullopt;
  }
}

http::Response Idempotency::Error(int status, std::string_view message,
                                  const http::Request& request) const {
  return FamilyError(status, message, request, context_.engine.clock());
}

http::Response Idempotency::Run(const http::Route& route, const http::Request& request,
                                std::string_view key) {
  if (!IsWellFormed(key)) {
    return Error(400, "Idempotency-Key must be 1 to 255 visible ASCII characters", request);
  }
  const Flight flight(*this, FlightOf(request, key), request.blocking_lane);
  if (flight.refused()) {
    http::Response busy =
        Error(409, "A request with this Idempotency-Key is being carried out, try again", request);
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  const std::string digest = DigestOf(request);
  const Result<std::string> fingerprint = FingerprintOf(route, digest);
  if (!fingerprint.ok()) return Error(503, "The server is busy, try again", request);

  std::optional<StoredAnswer> answer;
  uint64_t answer_index = 0;
  {
    KeyedCall call({MethodName(request.method), request.path, key, *fingerprint,
                    context_.engine.clock().NowUnixMs()});
    http::Response response = route.handler(request);
    if (!call.answer()) return Finish(&call, std::move(response));
    answer = call.answer();
    answer_index = call.answer_index();
  }
  return Replay(route, request, *answer, answer_index, digest);
}

http::Response Idempotency::Finish(KeyedCall* call, http::Response response) {
  // A tick writes its own row; what else has no command waiting leaves no trace.
  if (response.rerun_blocking || !call->holds_command()) return response;
  if (IsFinal(response.status)) {
    response.release_index = call->Commit(AnswerOf(response));
  } else if (response.status < 500) {
    response.release_index = call->CommitWithoutAnswer();
  }
  return response;
}

http::Response Idempotency::Replay(const http::Route& route, const http::Request& request,
                                   const StoredAnswer& answer, uint64_t index,
                                   std::string_view digest) const {
  const auto fingerprint = answer->getFingerprint();
  http::Response response;
  if (!Matches(route, {fingerprint.begin(), fingerprint.size()}, digest)) {
    response = Error(422, kKeyReused, request);
  } else if (answer->getBodyDropped()) {
    response = Error(409, kBodyDropped, request);
    MarkReplayed(&response);
  } else if (answer->hasMemberId()) {
    return gym::ReplaySignIn(context_, request, *answer, index);
  } else {
    response = ResponseOf(*answer);
  }
  response.release_index = index;
  return response;
}

}  // namespace tenantry::server
