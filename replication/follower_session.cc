#include "replication/follower_session.h"

#include <algorithm>
#include <utility>

#include "engine/base/bytes.h"

namespace tenantry::replication {
namespace {

// More marks than this only make staleness finer than anybody asks.
constexpr size_t kMarksMax = 1024;

// For the control that believes its leader: an entry by its lengths alone, whatever the hashes say.
log::EntryFault TakeUnchecked(std::string_view* in, log::EntryView* entry) {
  constexpr size_t kSizesAt = 40;
  if (in->size() < log::kEntryFixedBytes + log::kChainBytes) return log::EntryFault::kLength;
  const auto length = LoadLittle<uint32_t>(in->data());
  const size_t actor = LoadLittle<uint16_t>(in->data() + kSizesAt);
  const size_t request_id = LoadLittle<uint16_t>(in->data() + kSizesAt + 2);
  const size_t start = log::kEntryFixedBytes + actor + request_id + log::kChainBytes;
  if (length > in->size() || start > length) return log::EntryFault::kLength;
  // Fills in the header before it finds fault with anything.
  Hash128 unused;
  std::string_view copy = *in;
  static_cast<void>(log::TakeEntry(&copy, &unused, entry));
  entry->actor = in->substr(log::kEntryFixedBytes, actor);
  entry->request_id = in->substr(log::kEntryFixedBytes + actor, request_id);
  entry->payload = in->substr(start, length - start);
  in->remove_prefix(length);
  return log::EntryFault::kNone;
}

}  // namespace

FollowerSession::FollowerSession(const log::SegmentLog& log, const NodeFile& node,
                                 FollowerHost& host, const Identity& identity, int64_t now_ms,
                                 FollowerFaults faults)
    : log_(log),
      node_(node),
      host_(host),
      identity_(identity),
      faults_(faults),
      heard_ms_(now_ms) {}

Status FollowerSession::Start(bool needs_full_sync, std::vector<Message>* out) {
  Hello hello;
  hello.cluster_id = identity_.cluster_id;
  hello.node_id = identity_.node_id;
  hello.promised = node_.promised();
  hello.end = {log_.end(), log_.end_chain()};
  hello.epochs = node_.epochs();
  // Epochs of which no entry came here are hearsay.
  hello.epochs.CutBehind(hello.end.position.index);
  hello.replication_address = identity_.replication_address;
  hello.http_address = identity_.http_address;
  hello.needs_full_sync = needs_full_sync;
  hello.format_max = identity_.format_max;
  next_index_ = hello.end.position.index + 1;
  chain_ = hello.end.chain;
  out->push_back(std::move(hello));
  return Status::Ok();
}

Status FollowerSession::OnMessage(const Message& message, int64_t now_ms,
                                  std::vector<Message>* out) {
  heard_ms_ = now_ms;
  if (const auto* refusal = std::get_if<Refusal>(&message)) {
    refusal_ = *refusal;
    state_ = State::kRefused;
    return Status::Ok();
  }
  if (const auto* welcome = std::get_if<Welcome>(&message)) return OnWelcome(*welcome);
  const bool copies = state_ == State::kRewind || state_ == State::kFullSync;
  if (const auto* heartbeat = std::get_if<Heartbeat>(&message); heartbeat && copies) {
    leader_http_ = heartbeat->http_address;
    return CheckLeader(heartbeat->epoch);
  }
  if (state_ != State::kStreaming) return Corruption("the leader speaks out of turn");
  if (const auto* append = std::get_if<Append>(&message)) {
    TNT_RETURN_IF_ERROR(CheckLeader(append->epoch));
    TNT_RETURN_IF_ERROR(OnAppend(*append, now_ms));
    return OnProgress(now_ms, out);
  }
  if (const auto* heartbeat = std::get_if<Heartbeat>(&message)) {
    TNT_RETURN_IF_ERROR(CheckLeader(heartbeat->epoch));
    NoteLeaderEnd(heartbeat->end_index, heartbeat->committed_index, now_ms);
    must_ack_ = true;
    leader_http_ = heartbeat->http_address;
    return OnProgress(now_ms, out);
  }
  return Corruption("the leader sent what only followers send");
}

Status FollowerSession::OnWelcome(const Welcome& welcome) {
  if (state_ != State::kAsking) return Corruption("a second welcome");
  if (welcome.cluster_id != identity_.cluster_id) {
    return Conflict("the leader belongs to another cluster");
  }
  if (welcome.protocol < kProtocolVersionMin || welcome.protocol > kProtocolVersion) {
    return Conflict("the leader speaks replication protocol " + std::to_string(welcome.protocol));
  }
  if (welcome.format > identity_.format_max) {
    return Conflict("the cluster writes format version " + std::to_string(welcome.format) +
                    ", this program knows up to " + std::to_string(identity_.format_max) +
                    ": upgrade it");
  }
  welcome_ = welcome;
  if (welcome.epoch != welcome.epochs.newest_epoch()) return Corruption("a welcome without epochs");
  TNT_RETURN_IF_ERROR(CheckLeader(welcome.epoch));
  leader_end_ = welcome.end_index;
  leader_http_ = welcome.http_address;
  switch (welcome.action) {
    case Action::kStream:
      if (welcome.common_index + 1 != next_index_) {
        return Corruption("the leader would stream from somewhere else");
      }
      TNT_RETURN_IF_ERROR(host_.AdoptEpochs(welcome.epochs));
      acked_index_ = acked_applied_ = welcome.common_index;
      state_ = State::kStreaming;
      return Status::Ok();
    case Action::kRewind:
      state_ = State::kRewind;
      return Status::Ok();
    case Action::kFullSync:
      state_ = State::kFullSync;
      return Status::Ok();
  }
  return Corruption("a welcome this version does not know");
}

Status FollowerSession::CheckLeader(uint64_t epoch) const {
  if (faults_.skip_epoch_check) return Status::Ok();
  if (epoch < node_.promised()) {
    return Conflict("the leader is of epoch " + std::to_string(epoch) + ", this node obeys epoch " +
                    std::to_string(node_.promised()));
  }
  if (epoch == welcome_.epoch) return Status::Ok();
  return Corruption("the leader changed its epoch within a session");
}

Status FollowerSession::OnAppend(const Append& append, int64_t now_ms) {
  if (append.first_index != next_index_) {
    return Corruption("entry " + std::to_string(append.first_index) + " came where entry " +
                      std::to_string(next_index_) + " was expected");
  }
  std::vector<log::Entry> entries;
  std::string_view rest = append.entries;
  while (!rest.empty()) {
    log::EntryView entry;
    const log::EntryFault fault = faults_.skip_hash_check ? TakeUnchecked(&rest, &entry)
                                                          : log::TakeEntry(&rest, &chain_, &entry);
    if (fault != log::EntryFault::kNone) {
      return Corruption("entry " + std::to_string(next_index_) +
                        " arrived damaged: " + std::string(log::EntryFaultName(fault)));
    }
    const bool fits = entry.header.index == next_index_ &&
                      entry.header.epoch == welcome_.epochs.EpochOf(next_index_);
    if (!fits && !faults_.skip_epoch_check) {
      return Corruption("entry " + std::to_string(entry.header.epoch) + "." +
                        std::to_string(entry.header.index) + " does not belong here");
    }
    entries.push_back(log::ToEntry(entry));
    ++next_index_;
  }
  host_.Append(&entries);
  NoteLeaderEnd(append.end_index, append.committed_index, now_ms);
  return Status::Ok();
}

void FollowerSession::NoteLeaderEnd(uint64_t end_index, uint64_t committed, int64_t now_ms) {
  leader_end_ = std::max(leader_end_, end_index);
  if (marks_.size() == kMarksMax) marks_.pop_front();
  marks_.push_back({committed, now_ms});
  // Not beyond what is here: what another leader puts there is committed by that leader.
  host_.Commit(std::min(committed, next_index_ - 1));
}

Status FollowerSession::OnProgress(int64_t now_ms, std::vector<Message>* out) {
  if (state_ != State::kStreaming) return Status::Ok();
  const uint64_t applied = host_.applied_index();
  while (!marks_.empty() && marks_.front().end_index <= applied) {
    caught_up_ms_ = marks_.front().heard_ms;
    marks_.pop_front();
  }
  const uint64_t durable =
      faults_.ack_before_sync ? next_index_ - 1 : std::min(log_.end().index, next_index_ - 1);
  const bool news = durable != acked_index_ || applied != acked_applied_ || must_ack_;
  if (!news && now_ms - acked_ms_ < kSayMs) return Status::Ok();
  acked_ms_ = now_ms;
  TNT_RETURN_IF_ERROR(CheckLeader(welcome_.epoch));
  acked_index_ = durable;
  acked_applied_ = applied;
  must_ack_ = false;
  out->push_back(Ack{welcome_.epoch, durable, applied});
  return Status::Ok();
}

Status FollowerSession::CheckSilence(int64_t now_ms) const {
  if (now_ms - heard_ms_ < kSilenceMs) return Status::Ok();
  return Unavailable("the leader fell silent");
}

}  // namespace tenantry::replication
