#pragma once
// KeyedCall: a request that carries an Idempotency-Key, from before its handler runs until its answer is stored.
//
//   Begin (constructor)   the call becomes its thread's current one
//   LookIn                a stored answer ends the request: commands and handlers get a refusal that nobody sees
//   Engine::Execute       looks again, inside the partition; a plan that was decided, accepted or refused, keeps its
//                         partition and is not written yet
//   Commit                the answer is known: its row joins the command's effects, all of it is one log entry
//   (destructor)          a command that nobody committed never happened
//
// Rules    only the last command of a request waits for the answer; one before it is written when the next begins,
//          without the row, so a handler of several commands must bear being run again from its start.
//          Between command and Commit the partition is held: render, nothing else. Waiting for a log index would wait for
//          this very call.
// Units    an answer is kept kAnswerKeptMs from the entry that holds it.
// Errors   LookIn: OK when nothing is stored; kAlreadyExists when answer() is; others as reads give them.
// Threads  belongs to the thread that made it; commands of other threads are not concerned.
// Owns     the command that waits.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/codec/stored.h"
#include "engine/engine.h"
#include "engine/schema/durable.capnp.h"

namespace tenantry {

namespace partition {
struct HeldCommand;
}

inline constexpr int64_t kAnswerKeptMs = int64_t{24} * 3'600'000;

using StoredAnswer = codec::Stored<schema::StoredAnswer>;
using AnswerDraft = codec::Draft<schema::StoredAnswer>;

// True while the answer counts; afterwards its row only waits to be reclaimed.
bool IsKept(const schema::StoredAnswer::Reader& answer, int64_t now_unix_ms);

// Adds the row of an answer, in place of an expired one of the same scope.
Status PutAnswer(SpaceWriter& tx, const AnswerDraft& answer);

Result<bool> HasExpiredAnswers(const SpaceReader& space, int64_t now_unix_ms);
// Erases up to `rows_max` expired answers of a space; true when there may be more.
Result<bool> ReclaimAnswers(SpaceWriter& tx, size_t rows_max);

class KeyedCall {
 public:
  struct Request {
    std::string_view method;
    std::string_view path;
    std::string_view key;
    std::string_view
        fingerprint;  // Of what else was sent; kept with the answer, judged by the caller.
    int64_t now_unix_ms;
  };
  explicit KeyedCall(const Request& request);
  ~KeyedCall();
  KeyedCall(const KeyedCall&) = delete;
  KeyedCall& operator=(const KeyedCall&) = delete;

  // The call of this thread, or nullptr.
  static KeyedCall* Current();

  // Who calls: two callers never share a key. Set before the first look; nobody unless set.
  void SetPrincipal(std::string_view principal);

  Status LookIn(const SpaceReader& space);
  // The stored answer that was found, and the index it may leave at.
  const std::optional<StoredAnswer>& answer() const { return answer_; }
  uint64_t answer_index() const { return answer_index_; }

  // The answer will hold tokens of this device: its row names the device and keeps no body.
  void NoteCredentials(std::string_view tenant_id, std::string_view member_id,
                       std::string_view device_id, int64_t token_epoch);

  // Whether a decided command waits for Commit.
  bool holds_command() const { return held_ != nullptr; }
  // Adds what the call knows: scope, time, fingerprint, and credentials instead of a body.
  void Complete(AnswerDraft* answer, int64_t now_unix_ms) const;
  // Writes the waiting command together with the completed answer. Returns the index to park the reply at. Without room in
  // the entry the row is left out: the effect counts more.
  uint64_t Commit(AnswerDraft answer);
  // Writes the waiting command alone, for an answer that a repeat must not get.
  uint64_t CommitWithoutAnswer();

 private:
  friend class Engine;
  struct Credentials {
    std::string tenant_id, member_id, device_id;
    int64_t token_epoch;
  };
  // Reads what LookIn will read, so that it is cached.
  void Warm(const SpaceReader& space) const;
  // Writes the waiting command, if any, without a row.
  void WriteHeld();
  void Hold(std::unique_ptr<partition::HeldCommand> command);

  const std::string name_;  // Method, path and key, joined.
  const std::string fingerprint_;
  const int64_t now_unix_ms_;
  std::string scope_;
  std::optional<StoredAnswer> answer_;
  uint64_t answer_index_ = 0;
  std::optional<StoredAnswer> expired_;  // In the way of the row to write.
  std::optional<Credentials> credentials_;
  std::unique_ptr<partition::HeldCommand> held_;
};

}  // namespace tenantry
