#pragma once
// LeaderSession: what a leader says to one follower. Pure protocol: messages and the time come in, messages go out.
//
//   waiting ──Hello──▶ streaming   the follower's end is in our history: appends follow
//                 ├──▶ syncing     it must copy everything first (Welcome says why); heartbeats only, SyncFeed does the rest
//                 └──▶ answered    it was refused, or only asked
//
// Rules    only durable entries leave, exactly as stored. At most kWindowBytes are sent and not yet acknowledged as durable.
//          A message leaves at least every kHeartbeatMs,
//          and at once when there is an entry to send or to show: the last write waits for no other.
// Units    milliseconds of the boot clock.
// Errors   a status ends the session: drop the connection.
// Threads  one at a time. Borrows log and node, which must outlive it.
// Source   docs/replication.md#messages.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/log/segment_log.h"
#include "engine/node_file.h"
#include "replication/messages.h"

namespace tenantry::replication {

inline constexpr int64_t kHeartbeatMs = 100;
// A peer of which nothing comes for this long is gone; bytes of an unfinished message count.
inline constexpr int64_t kSilenceMs = 3'000;
// A follower says something at least this often, also while a large message is on its way to it.
inline constexpr int64_t kSayMs = 500;
inline constexpr size_t kAppendBytes = 1u << 20;
inline constexpr uint64_t kWindowBytes = 8u << 20;

// How a node names itself to others.
struct Identity {
  uint64_t cluster_id = 0;
  uint64_t node_id = 0;
  std::string replication_address;
  std::string http_address;
  uint32_t format = 1;      // The cluster's version of entries' contents.
  uint32_t format_max = 1;  // The newest that this node knows.
};

class LeaderSession {
 public:
  enum class State : uint8_t { kWaiting, kStreaming, kSyncing, kAnswered };

  LeaderSession(const log::SegmentLog& log, const NodeFile& node, const Identity& identity,
                int64_t now_ms);

  Status OnHello(const Hello& hello, int64_t now_ms, std::vector<Message>* out);
  Status OnAck(const Ack& ack);
  // Bytes came, whatever they will be.
  void OnHeard(int64_t now_ms) { heard_ms_ = now_ms; }
  // What is due: entries within the window, or a heartbeat. `committed` is the newest entry that may be shown.
  Status Pump(int64_t now_ms, uint64_t committed, std::vector<Message>* out);

  // Clients' URL of this node, which heartbeats carry on.
  void SetHttpAddress(const std::string& url) { identity_.http_address = url; }

  State state() const { return state_; }
  uint64_t node_id() const { return hello_.node_id; }
  const Hello& hello() const { return hello_; }
  uint64_t durable_index() const { return durable_index_; }
  uint64_t applied_index() const { return applied_index_; }
  // Behind our durable end. Bytes of what was not sent yet are an estimate by the mean entry.
  uint64_t LagEntries() const;
  uint64_t LagBytes() const;
  // Age of the oldest entry that the follower has not synced, since this session began.
  int64_t LagMs(int64_t now_ms) const;

 private:
  Status Judge(Welcome* welcome);
  void NoteEnd(int64_t now_ms);
  Status SendAppend(uint64_t committed, std::vector<Message>* out, bool* sent);

  // Constant after construction.
  const log::SegmentLog& log_;
  const NodeFile& node_;

  Identity identity_;
  State state_ = State::kWaiting;
  Hello hello_;
  uint64_t epoch_ = 0;
  std::unique_ptr<log::Reader> reader_;
  bool has_held_ = false;  // `held_` was read and did not fit.
  log::EntryView held_;
  uint64_t sent_index_ = 0;
  uint64_t durable_index_ = 0;
  uint64_t applied_index_ = 0;
  uint64_t said_committed_ = 0;
  struct Flight {
    uint64_t last_index;
    uint64_t bytes;
  };
  std::deque<Flight> in_flight_;
  uint64_t in_flight_bytes_ = 0;
  uint64_t sent_bytes_total_ = 0;
  uint64_t sent_entries_total_ = 0;
  int64_t heard_ms_;
  int64_t said_ms_;
  struct Mark {
    uint64_t end_index;
    int64_t seen_ms;
  };
  std::deque<Mark> marks_;  // Where our log ended when; those that the follower has not synced.
};

}  // namespace tenantry::replication
