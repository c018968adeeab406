#include "replication/secure_channel.h"

#include <utility>
#include <vector>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/base/check.h"

namespace tenantry::replication {
namespace {

constexpr std::string_view kMagic("TNTR\1\0\0\0", 8);
constexpr size_t kNonceBytes = 32;
constexpr size_t kGreetingBytes = kMagic.size() + kNonceBytes;
constexpr size_t kHeaderBytes = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr size_t kTagBytes = crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr size_t kKeyBytes = crypto_secretstream_xchacha20poly1305_KEYBYTES;
constexpr size_t kLengthBytes = 4;
// Taken input is dropped from the buffer once there is this much of it.
constexpr size_t kCompactBytes = 256u << 10;

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string KeyedHash(std::string_view key, std::string_view text) {
  std::string out(kKeyBytes, '\0');
  TNT_CHECK(crypto_generichash(Bytes(out), out.size(), Bytes(text), text.size(),
                               key.empty() ? nullptr : Bytes(key), key.size()) == 0);
  return out;
}

}  // namespace

struct SecureChannel::Streams {
  crypto_secretstream_xchacha20poly1305_state push;
  crypto_secretstream_xchacha20poly1305_state pull;
  std::string pull_key;
};

SecureChannel::SecureChannel(std::string_view secret, Side side, Random& random)
    : side_(side), streams_(std::make_unique<Streams>()) {
  TNT_CHECK(sodium_init() >= 0);
  secret_key_ = KeyedHash({}, secret);
  nonce_ = random.Bytes(kNonceBytes);
  output_.append(kMagic).append(nonce_);
}

SecureChannel::~SecureChannel() {
  sodium_memzero(secret_key_.data(), secret_key_.size());
  sodium_memzero(streams_.get(), sizeof(streams_->push) + sizeof(streams_->pull));
}

Status SecureChannel::Broken(std::string message) {
  state_ = State::kBroken;
  input_.clear();
  return Corruption(std::move(message));
}

Status SecureChannel::Receive(std::string_view bytes) {
  if (state_ == State::kBroken) return Corruption("the channel is closed");
  if (taken_ >= kCompactBytes || taken_ == input_.size()) {
    input_.erase(0, taken_);
    taken_ = 0;
  }
  input_.append(bytes);
  return Advance();
}

// Greeting and header, as far as they are here.
Status SecureChannel::Advance() {
  std::string_view rest = std::string_view(input_).substr(taken_);
  if (state_ == State::kNonce) {
    const std::string_view start = rest.substr(0, kMagic.size());
    if (start != kMagic.substr(0, start.size())) return Broken("the peer is not a tenantry node");
    if (rest.size() < kGreetingBytes) return Status::Ok();
    const std::string_view peer = rest.substr(kMagic.size(), kNonceBytes);
    if (peer == nonce_) return Broken("the peer mirrors what it is sent");
    Derive(peer);
    taken_ += kGreetingBytes;
    rest.remove_prefix(kGreetingBytes);
    state_ = State::kHeader;
  }
  if (state_ == State::kHeader) {
    if (rest.size() < kHeaderBytes) return Status::Ok();
    const int sound = crypto_secretstream_xchacha20poly1305_init_pull(
        &streams_->pull, Bytes(rest), Bytes(std::string_view(streams_->pull_key)));
    if (sound != 0) return Broken("the peer's stream header is invalid");
    taken_ += kHeaderBytes;
    state_ = State::kOpen;
  }
  return Status::Ok();
}

void SecureChannel::Derive(std::string_view peer_nonce) {
  const bool connects = side_ == Side::kConnects;
  std::string nonces(connects ? nonce_ : peer_nonce);
  nonces.append(connects ? peer_nonce : nonce_);
  const std::string from_connecting = KeyedHash(secret_key_, "tenantry >" + nonces);
  const std::string from_listening = KeyedHash(secret_key_, "tenantry <" + nonces);
  const std::string& push_key = connects ? from_connecting : from_listening;
  streams_->pull_key = connects ? from_listening : from_connecting;
  std::string header(kHeaderBytes, '\0');
  TNT_CHECK(crypto_secretstream_xchacha20poly1305_init_push(
                &streams_->push, Bytes(header), Bytes(std::string_view(push_key))) == 0);
  output_.append(header);
  for (const std::string& message : std::exchange(waiting_, {})) {
    state_ = State::kHeader;
    Send(message);
  }
}

void SecureChannel::Send(std::string_view message) {
  TNT_CHECK(message.size() + kTagBytes <= kFrameBytesMax);
  if (state_ == State::kBroken) return;
  if (state_ == State::kNonce) {
    waiting_.emplace_back(message);
    return;
  }
  const size_t box_bytes = message.size() + kTagBytes;
  AppendLittle(&output_, static_cast<uint32_t>(box_bytes));
  const size_t at = output_.size();
  output_.resize(at + box_bytes);
  TNT_CHECK(crypto_secretstream_xchacha20poly1305_push(
                &streams_->push, Bytes(output_) + at, nullptr, Bytes(message), message.size(),
                nullptr, 0, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE) == 0);
}

Result<std::optional<std::string>> SecureChannel::Next() {
  if (state_ == State::kBroken) return Corruption("the channel is closed");
  if (state_ != State::kOpen) return std::optional<std::string>();
  const std::string_view rest = std::string_view(input_).substr(taken_);
  if (rest.size() < kLengthBytes) return std::optional<std::string>();
  const size_t box_bytes = LoadLittle<uint32_t>(rest.data());
  if (box_bytes < kTagBytes || box_bytes > (proven_ ? kFrameBytesMax : kFirstFrameBytesMax)) {
    return Broken("a frame of " + std::to_string(box_bytes) + " bytes");
  }
  if (rest.size() < kLengthBytes + box_bytes) return std::optional<std::string>();
  std::string message(box_bytes - kTagBytes, '\0');
  unsigned char tag = 0;
  const int opened = crypto_secretstream_xchacha20poly1305_pull(
      &streams_->pull, Bytes(message), nullptr, &tag, Bytes(rest.substr(kLengthBytes)), box_bytes,
      nullptr, 0);
  if (opened != 0) return Broken("a frame that was not sealed with this cluster's secret");
  proven_ = true;
  taken_ += kLengthBytes + box_bytes;
  return std::optional<std::string>(std::move(message));
}

}  // namespace tenantry::replication
