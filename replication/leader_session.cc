#include "replication/leader_session.h"

#include <algorithm>
#include <utility>

namespace tenantry::replication {
namespace {

constexpr size_t kMarksMax = 4096;

}  // namespace

LeaderSession::LeaderSession(const log::SegmentLog& log, const NodeFile& node,
                             const Identity& identity, int64_t now_ms)
    : log_(log), node_(node), identity_(identity), heard_ms_(now_ms), said_ms_(now_ms) {}

Status LeaderSession::OnHello(const Hello& hello, int64_t now_ms, std::vector<Message>* out) {
  if (state_ != State::kWaiting) return Corruption("a second hello");
  hello_ = hello;
  heard_ms_ = said_ms_ = now_ms;
  Welcome welcome;
  welcome.protocol = std::min(hello.protocol, kProtocolVersion);
  welcome.cluster_id = identity_.cluster_id;
  welcome.epochs = node_.epochs();
  welcome.epoch = welcome.epochs.newest_epoch();
  welcome.http_address = identity_.http_address;
  welcome.node_id = identity_.node_id;
  welcome.replication_address = identity_.replication_address;
  welcome.end_index = log_.end().index;
  welcome.format = identity_.format;
  state_ = State::kAnswered;
  const auto refuse = [&](RefusalReason reason, std::string text) {
    out->push_back(Refusal{reason, std::move(text), node_.promised(), ""});
    return Status::Ok();
  };
  if (hello.protocol < kProtocolVersionMin) {
    return refuse(RefusalReason::kProtocol, "this leader speaks replication protocol " +
                                                std::to_string(kProtocolVersionMin) + " to " +
                                                std::to_string(kProtocolVersion));
  }
  if (hello.cluster_id != 0 && hello.cluster_id != identity_.cluster_id) {
    return refuse(RefusalReason::kOtherCluster,
                  "the follower's data folder belongs to another cluster");
  }
  // A question for the cluster's id takes part in nothing yet.
  if (hello.cluster_id != 0 && hello.format_max < identity_.format) {
    return refuse(RefusalReason::kProtocol, "the cluster writes format version " +
                                                std::to_string(identity_.format) +
                                                ", the follower's program knows up to " +
                                                std::to_string(hello.format_max) + ": upgrade it");
  }
  if (hello.promised > welcome.epoch) {
    return refuse(RefusalReason::kLowerEpoch,
                  "this node leads epoch " + std::to_string(welcome.epoch) +
                      ", the follower obeys epoch " + std::to_string(hello.promised));
  }
  TNT_RETURN_IF_ERROR(Judge(&welcome));
  epoch_ = welcome.epoch;
  if (welcome.action == Action::kStream && hello.cluster_id != 0) {
    TNT_ASSIGN_OR_RETURN(reader_, log_.ReadFrom(welcome.common_index + 1));
    sent_index_ = durable_index_ = applied_index_ = welcome.common_index;
    state_ = State::kStreaming;
  } else if (hello.cluster_id != 0) {
    state_ = State::kSyncing;
  }
  out->push_back(std::move(welcome));
  return Status::Ok();
}

// Where both histories part, and what the follower must do about it.
Status LeaderSession::Judge(Welcome* welcome) {
  const uint64_t follower_end = hello_.end.position.index;
  const uint64_t common =
      EpochTable::CommonIndex(welcome->epochs, log_.end().index, hello_.epochs, follower_end);
  welcome->common_index = common;
  welcome->action = Action::kFullSync;
  if (hello_.needs_full_sync) return Status::Ok();
  if (common < follower_end) {
    welcome->action = Action::kRewind;
    return Status::Ok();
  }
  if (common + 1 < log_.first_index()) return Status::Ok();
  if (common == 0) {
    welcome->action = Action::kStream;
    return Status::Ok();
  }
  const Result<Hash128> chain = log_.ChainAt(common);
  if (!chain.ok()) {
    return chain.status().code() == StatusCode::kNotFound ? Status::Ok() : chain.status();
  }
  // Equal positions with different hashes are two histories, never "in sync" (INV-10).
  welcome->action = *chain == hello_.end.chain ? Action::kStream : Action::kRewind;
  if (welcome->action == Action::kRewind) welcome->common_index = 0;
  return Status::Ok();
}

Status LeaderSession::OnAck(const Ack& ack) {
  if (state_ == State::kSyncing) return Status::Ok();
  if (state_ != State::kStreaming) return Corruption("an acknowledgement of nothing");
  if (ack.epoch != epoch_) return Conflict("an acknowledgement of another epoch");
  if (ack.durable_index > sent_index_ || ack.durable_index < durable_index_) {
    return Corruption("an acknowledgement out of order");
  }
  durable_index_ = ack.durable_index;
  applied_index_ = ack.applied_index;
  while (!in_flight_.empty() && in_flight_.front().last_index <= durable_index_) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
  while (!marks_.empty() && marks_.front().end_index <= durable_index_) marks_.pop_front();
  return Status::Ok();
}

void LeaderSession::NoteEnd(int64_t now_ms) {
  const uint64_t end = log_.end().index;
  if (end <= durable_index_ || (!marks_.empty() && end <= marks_.back().end_index)) return;
  if (marks_.size() < kMarksMax) {
    marks_.push_back({end, now_ms});
  } else {
    marks_.back().end_index = end;  // A little older than it is.
  }
}

Status LeaderSession::Pump(int64_t now_ms, uint64_t committed, std::vector<Message>* out) {
  if (now_ms - heard_ms_ >= kSilenceMs) return Unavailable("the follower fell silent");
  const bool streams = state_ == State::kStreaming;
  if (!streams && state_ != State::kSyncing) return Status::Ok();
  NoteEnd(now_ms);
  bool sent = streams;
  while (sent && in_flight_bytes_ < kWindowBytes) {
    TNT_RETURN_IF_ERROR(SendAppend(committed, out, &sent));
    if (sent) said_ms_ = now_ms;
  }
  if (now_ms - said_ms_ < kHeartbeatMs && committed <= said_committed_) return Status::Ok();
  said_ms_ = now_ms;
  said_committed_ = committed;
  out->push_back(Heartbeat{epoch_, log_.end().index, committed, identity_.http_address});
  return Status::Ok();
}

Status LeaderSession::SendAppend(uint64_t committed, std::vector<Message>* out, bool* sent) {
  *sent = false;
  if (!has_held_ && sent_index_ >= log_.end().index) return Status::Ok();
  Append append;
  append.epoch = epoch_;
  append.first_index = sent_index_ + 1;
  uint64_t entries = 0;
  for (;;) {
    if (!has_held_) {
      TNT_ASSIGN_OR_RETURN(has_held_, reader_->Next(&held_));
      if (!has_held_) break;
    }
    if (!append.entries.empty() && append.entries.size() + held_.encoded.size() > kAppendBytes) {
      break;
    }
    append.entries.append(held_.encoded);
    sent_index_ = held_.header.index;
    has_held_ = false;
    ++entries;
  }
  if (entries == 0) return Status::Ok();
  append.end_index = log_.end().index;
  append.committed_index = said_committed_ = committed;
  in_flight_.push_back({sent_index_, append.entries.size()});
  in_flight_bytes_ += append.entries.size();
  sent_bytes_total_ += append.entries.size();
  sent_entries_total_ += entries;
  out->push_back(std::move(append));
  *sent = true;
  return Status::Ok();
}

uint64_t LeaderSession::LagEntries() const {
  return log_.end().index - std::min(log_.end().index, durable_index_);
}

uint64_t LeaderSession::LagBytes() const {
  const uint64_t unsent = log_.end().index - std::min(log_.end().index, sent_index_);
  const uint64_t mean = sent_entries_total_ == 0 ? 0 : sent_bytes_total_ / sent_entries_total_;
  return in_flight_bytes_ + unsent * mean;
}

int64_t LeaderSession::LagMs(int64_t now_ms) const {
  return marks_.empty() ? 0 : now_ms - marks_.front().seen_ms;
}

}  // namespace tenantry::replication
