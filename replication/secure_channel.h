#pragma once
// SecureChannel: messages over a byte stream that nobody without the secret can read, change, replay or reorder.
//
//   both     magic "TNTR", version, 32 random bytes                          40 bytes in clear
//   both     secretstream header under the key of their direction            24 bytes
//   then     u32 length of the box (little-endian), box = secretstream push of one message
//
// Keys     BLAKE2b(key = BLAKE2b(secret), direction, nonce of who connects, nonce of who listens): fresh per connection, one
//          per direction, so that nothing can be replayed or reflected.
// Rules    a box of more than kFrameBytesMax is an error before a byte of it is kept; the first box that does not open is the
//          last one looked at. Nothing is handed out before it was authenticated.
// Errors   kCorruption ends the channel: drop the connection.
// Threads  one at a time. Touches no socket: bytes in, bytes out.
// Source   docs/replication.md#wire.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/result.h"

namespace tenantry::replication {

inline constexpr size_t kFrameBytesMax = 16u << 20;
// Of the first frame: until it opened, the peer has proved nothing and gets no memory.
inline constexpr size_t kFirstFrameBytesMax = 64u << 10;

class SecureChannel {
 public:
  enum class Side : uint8_t { kConnects, kListens };

  SecureChannel(std::string_view secret, Side side, Random& random);
  ~SecureChannel();
  SecureChannel(SecureChannel&&) = delete;

  // Bytes from the peer, in any pieces.
  Status Receive(std::string_view bytes);
  // The next whole message, or nothing yet.
  Result<std::optional<std::string>> Next();

  // Queues a message, at most kFrameBytesMax less a little; it leaves once the peer's nonce is here.
  void Send(std::string_view message);
  // What is to be written to the peer; the caller takes what it wrote off the front.
  std::string& output() { return output_; }
  bool established() const { return state_ == State::kOpen; }
  // Bytes that wait for a whole frame.
  size_t pending_input() const { return input_.size(); }

 private:
  enum class State : uint8_t { kNonce, kHeader, kOpen, kBroken };
  struct Streams;
  Status Advance();
  void Derive(std::string_view peer_nonce);
  Status Broken(std::string message);

  const Side side_;
  std::string secret_key_;
  std::string nonce_;
  std::unique_ptr<Streams> streams_;
  State state_ = State::kNonce;
  bool proven_ = false;  // A frame of the peer opened.
  std::string input_;
  size_t taken_ = 0;  // Of input_.
  std::string output_;
  std::vector<std::string> waiting_;  // Messages sent before the keys were known.
};

}  // namespace tenantry::replication
