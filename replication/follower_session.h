#pragma once
// FollowerSession: one conversation of a follower with its leader. Pure protocol: messages and the time come in, messages and
// calls of the host go out.
//
//   asking ──Welcome──▶ streaming   entries are verified, appended, acknowledged once durable
//              ├──────▶ rewind      our entries behind common_index were replaced
//              ├──────▶ full sync   the leader's log does not reach back to our end
//   asking ──Refusal──▶ refused     leader_address may say who leads
//
// Rules    1. The leader's epoch table is on our disk before a byte of its log is taken.
//          2. An entry is appended only when its payload hash, its place in the chain and its epoch fit.
//          3. What is acknowledged is on our disk; nothing is acknowledged to a leader of an epoch below the promised one.
// Errors   a status ends the session: drop the connection and try again.
// Threads  one at a time. Borrows log, node and host.
// Source   docs/replication.md#messages, INV-10, INV-18.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/log/segment_log.h"
#include "engine/node_file.h"
#include "replication/leader_session.h"
#include "replication/messages.h"

namespace tenantry::replication {

// What a follower does to its node.
class FollowerHost {
 public:
  virtual ~FollowerHost() = default;
  virtual Status AdoptEpochs(const EpochTable& epochs) = 0;
  // The entries become durable and then applied, in order, some time later.
  virtual void Append(std::vector<log::Entry>* entries) = 0;
  // Entries up to here may be shown.
  virtual void Commit(uint64_t index) = 0;
  virtual uint64_t applied_index() const = 0;
};

// Each breaks one rule, so that the simulation can show that it would notice.
struct FollowerFaults {
  bool skip_epoch_check = false;
  bool ack_before_sync = false;
  bool skip_hash_check = false;
};

class FollowerSession {
 public:
  enum class State : uint8_t { kAsking, kStreaming, kRewind, kFullSync, kRefused };

  // Everything appended must be durable, so that the log's end is ours.
  FollowerSession(const log::SegmentLog& log, const NodeFile& node, FollowerHost& host,
                  const Identity& identity, int64_t now_ms, FollowerFaults faults = {});

  Status Start(bool needs_full_sync, std::vector<Message>* out);
  Status OnMessage(const Message& message, int64_t now_ms, std::vector<Message>* out);
  // After the log or the applied index moved on.
  Status OnProgress(int64_t now_ms, std::vector<Message>* out);
  // Bytes came, whatever they will be.
  void OnHeard(int64_t now_ms) { heard_ms_ = now_ms; }
  // kUnavailable when the leader fell silent.
  Status CheckSilence(int64_t now_ms) const;

  State state() const { return state_; }
  const Welcome& welcome() const { return welcome_; }
  const Refusal& refusal() const { return refusal_; }
  // URL for clients, as the leader said last; empty while it has none.
  const std::string& leader_http() const { return leader_http_; }
  // The newest entry the leader is known to have.
  uint64_t leader_end() const { return leader_end_; }
  // When everything the leader had at that moment was applied here; 0 before the first time.
  int64_t caught_up_ms() const { return caught_up_ms_; }

 private:
  Status OnWelcome(const Welcome& welcome);
  Status OnAppend(const Append& append, int64_t now_ms);
  Status CheckLeader(uint64_t epoch) const;
  void NoteLeaderEnd(uint64_t end_index, uint64_t committed, int64_t now_ms);

  // Constant after construction.
  const log::SegmentLog& log_;
  const NodeFile& node_;
  FollowerHost& host_;
  const Identity identity_;
  const FollowerFaults faults_;

  State state_ = State::kAsking;
  Welcome welcome_;
  Refusal refusal_;
  std::string leader_http_;
  uint64_t next_index_ = 0;  // Of the next entry expected.
  Hash128 chain_;            // Before that entry.
  uint64_t leader_end_ = 0;
  uint64_t acked_index_ = 0;
  uint64_t acked_applied_ = 0;
  int64_t acked_ms_ = 0;
  bool must_ack_ = false;  // The leader counts on hearing from us, even when nothing moved.
  struct Mark {
    uint64_t end_index;
    int64_t heard_ms;
  };
  std::deque<Mark> marks_;  // Where the leader was when; those not applied here yet.
  int64_t caught_up_ms_ = 0;
  int64_t heard_ms_;
};

}  // namespace tenantry::replication
