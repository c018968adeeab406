#include "replication/messages.h"

#include <cstring>
#include <utility>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "replication/wire.capnp.h"

namespace tenantry::replication {
namespace {

// A frame holds 16 MiB; a message is read once, and lists of epochs and chunks are shallow.
constexpr uint64_t kWordsMax = (16u << 20) / sizeof(capnp::word) * 2;
constexpr int kNestingMax = 8;

kj::ArrayPtr<const kj::byte> ToData(std::string_view bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
std::string ToString(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}
std::string ToString(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

void Write(wire::Chain::Builder out, const Hash128& chain) {
  out.setLow(chain.low);
  out.setHigh(chain.high);
}
Hash128 Read(wire::Chain::Reader in) {
  return {in.getLow(), in.getHigh()};
}

void Write(wire::Position::Builder out, const Place& place) {
  out.setEpoch(place.position.epoch);
  out.setIndex(place.position.index);
  Write(out.initChain(), place.chain);
}
Place Read(wire::Position::Reader in) {
  return {{in.getEpoch(), in.getIndex()}, Read(in.getChain())};
}

template <class Builder>
void WriteEpochs(Builder out, const EpochTable& epochs) {
  auto rows = out.initEpochs(static_cast<uint32_t>(epochs.rows().size()));
  for (uint32_t i = 0; i < rows.size(); ++i) {
    rows[i].setEpoch(epochs.rows()[i].epoch);
    rows[i].setFirstIndex(epochs.rows()[i].first_index);
  }
}
template <class Reader>
Status ReadEpochs(Reader in, EpochTable* epochs) {
  for (const wire::Epoch::Reader row : in.getEpochs()) {
    TNT_RETURN_IF_ERROR(epochs->Append({row.getEpoch(), row.getFirstIndex()}));
  }
  return Status::Ok();
}

void Write(wire::NodeStatus::Builder out, const NodeStatus& status) {
  out.setNodeId(status.node_id);
  out.setClusterId(status.cluster_id);
  out.setRole(static_cast<wire::NodeStatus::Role>(status.role));
  out.setEpoch(status.epoch);
  out.setPromised(status.promised);
  Write(out.initEnd(), status.end);
  out.setAppliedIndex(status.applied_index);
  out.setFormatMax(status.format_max);
}
NodeStatus Read(wire::NodeStatus::Reader in) {
  return {in.getNodeId(),       in.getClusterId(), static_cast<Role>(in.getRole()),
          in.getEpoch(),        in.getPromised(),  Read(in.getEnd()),
          in.getAppliedIndex(), in.getFormatMax()};
}

struct Writer {
  wire::Message::Builder out;

  void operator()(const Hello& m) {
    auto hello = out.initHello();
    hello.setProtocol(m.protocol);
    hello.setClusterId(m.cluster_id);
    hello.setNodeId(m.node_id);
    hello.setPromised(m.promised);
    Write(hello.initEnd(), m.end);
    WriteEpochs(hello, m.epochs);
    hello.setReplicationAddress(m.replication_address);
    hello.setHttpAddress(m.http_address);
    hello.setNeedsFullSync(m.needs_full_sync);
    hello.setFormatMax(m.format_max);
  }
  void operator()(const Welcome& m) {
    auto welcome = out.initWelcome();
    welcome.setProtocol(m.protocol);
    welcome.setClusterId(m.cluster_id);
    welcome.setEpoch(m.epoch);
    WriteEpochs(welcome, m.epochs);
    welcome.setAction(static_cast<wire::Welcome::Action>(m.action));
    welcome.setCommonIndex(m.common_index);
    welcome.setEndIndex(m.end_index);
    welcome.setHttpAddress(m.http_address);
    welcome.setNodeId(m.node_id);
    welcome.setReplicationAddress(m.replication_address);
    welcome.setFormat(m.format);
  }
  void operator()(const Refusal& m) {
    auto refusal = out.initRefusal();
    refusal.setReason(static_cast<wire::Refusal::Reason>(m.reason));
    refusal.setText(m.text);
    refusal.setPromised(m.promised);
    refusal.setLeaderAddress(m.leader_address);
  }
  void operator()(const Append& m) {
    auto append = out.initAppend();
    append.setEpoch(m.epoch);
    append.setFirstIndex(m.first_index);
    append.setEntries(ToData(m.entries));
    append.setEndIndex(m.end_index);
    append.setCommittedIndex(m.committed_index);
  }
  void operator()(const Ack& m) {
    auto ack = out.initAck();
    ack.setEpoch(m.epoch);
    ack.setDurableIndex(m.durable_index);
    ack.setAppliedIndex(m.applied_index);
  }
  void operator()(const Heartbeat& m) {
    auto heartbeat = out.initHeartbeat();
    heartbeat.setEpoch(m.epoch);
    heartbeat.setEndIndex(m.end_index);
    heartbeat.setCommittedIndex(m.committed_index);
    heartbeat.setHttpAddress(m.http_address);
  }
  void operator()(const StatusRequest&) { out.initStatusRequest(); }
  void operator()(const NodeStatus& m) { Write(out.initNodeStatus(), m); }
  void operator()(const PromiseRequest& m) {
    auto request = out.initPromiseRequest();
    request.setEpoch(m.epoch);
    Write(request.initCandidate(), m.candidate);
    request.setLeaderAddress(m.leader_address);
  }
  void operator()(const HandoffRequest& m) {
    auto request = out.initHandoffRequest();
    request.setEpoch(m.epoch);
    Write(request.initEnd(), m.end);
  }
  void operator()(const Verdict& m) {
    auto verdict = out.initVerdict();
    verdict.setGranted(m.granted);
    verdict.setText(m.text);
    Write(verdict.initStatus(), m.status);
  }
  void operator()(const ManifestRequest& m) {
    out.initManifestRequest().setCheckpointId(m.checkpoint_id);
  }
  void operator()(const Manifest& m) {
    auto manifest = out.initManifest();
    manifest.setReady(m.ready);
    manifest.setCheckpointId(m.checkpoint_id);
    Write(manifest.initApplied(), m.applied);
    manifest.setChunkBytes(m.chunk_bytes);
    auto files = manifest.initFiles(static_cast<uint32_t>(m.files.size()));
    for (uint32_t i = 0; i < files.size(); ++i) {
      files[i].setName(m.files[i].name);
      files[i].setBytes(m.files[i].bytes);
      auto chunks = files[i].initChunks(static_cast<uint32_t>(m.files[i].chunks.size()));
      for (uint32_t j = 0; j < chunks.size(); ++j) Write(chunks[j], m.files[i].chunks[j]);
    }
    WriteEpochs(manifest, m.epochs);
    manifest.setClusterId(m.cluster_id);
  }
  void operator()(const ChunkRequest& m) {
    auto request = out.initChunkRequest();
    request.setCheckpointId(m.checkpoint_id);
    request.setFile(m.file);
    request.setChunk(m.chunk);
  }
  void operator()(const Chunk& m) {
    auto chunk = out.initChunk();
    chunk.setFound(m.found);
    chunk.setFile(m.file);
    chunk.setChunk(m.chunk);
    chunk.setBytes(ToData(m.bytes));
  }
};

Result<Message> ReadHello(wire::Hello::Reader in) {
  Hello m;
  m.protocol = in.getProtocol();
  m.cluster_id = in.getClusterId();
  m.node_id = in.getNodeId();
  m.promised = in.getPromised();
  m.end = Read(in.getEnd());
  TNT_RETURN_IF_ERROR(ReadEpochs(in, &m.epochs));
  m.replication_address = ToString(in.getReplicationAddress());
  m.http_address = ToString(in.getHttpAddress());
  m.needs_full_sync = in.getNeedsFullSync();
  m.format_max = in.getFormatMax();
  return Message(std::move(m));
}

Result<Message> ReadWelcome(wire::Welcome::Reader in) {
  Welcome m;
  m.protocol = in.getProtocol();
  m.cluster_id = in.getClusterId();
  m.epoch = in.getEpoch();
  TNT_RETURN_IF_ERROR(ReadEpochs(in, &m.epochs));
  m.action = static_cast<Action>(in.getAction());
  m.common_index = in.getCommonIndex();
  m.end_index = in.getEndIndex();
  m.http_address = ToString(in.getHttpAddress());
  m.node_id = in.getNodeId();
  m.replication_address = ToString(in.getReplicationAddress());
  m.format = in.getFormat();
  return Message(std::move(m));
}

Result<Message> ReadManifest(wire::Manifest::Reader in) {
  Manifest m;
  m.ready = in.getReady();
  m.checkpoint_id = in.getCheckpointId();
  m.applied = Read(in.getApplied());
  m.chunk_bytes = in.getChunkBytes();
  for (const wire::Manifest::File::Reader file : in.getFiles()) {
    ManifestFile& added =
        m.files.emplace_back(ManifestFile{ToString(file.getName()), file.getBytes(), {}});
    for (const wire::Chain::Reader chunk : file.getChunks()) added.chunks.push_back(Read(chunk));
  }
  TNT_RETURN_IF_ERROR(ReadEpochs(in, &m.epochs));
  m.cluster_id = in.getClusterId();
  return Message(std::move(m));
}

Result<Message> ReadMessage(wire::Message::Reader in) {
  switch (in.which()) {
    case wire::Message::HELLO:
      return ReadHello(in.getHello());
    case wire::Message::WELCOME:
      return ReadWelcome(in.getWelcome());
    case wire::Message::REFUSAL: {
      const auto m = in.getRefusal();
      return Message(Refusal{static_cast<RefusalReason>(m.getReason()), ToString(m.getText()),
                             m.getPromised(), ToString(m.getLeaderAddress())});
    }
    case wire::Message::APPEND: {
      const auto m = in.getAppend();
      return Message(Append{m.getEpoch(), m.getFirstIndex(), ToString(m.getEntries()),
                            m.getEndIndex(), m.getCommittedIndex()});
    }
    case wire::Message::ACK: {
      const auto m = in.getAck();
      return Message(Ack{m.getEpoch(), m.getDurableIndex(), m.getAppliedIndex()});
    }
    case wire::Message::HEARTBEAT: {
      const auto m = in.getHeartbeat();
      return Message(Heartbeat{m.getEpoch(), m.getEndIndex(), m.getCommittedIndex(),
                               ToString(m.getHttpAddress())});
    }
    case wire::Message::STATUS_REQUEST:
      return Message(StatusRequest{});
    case wire::Message::NODE_STATUS:
      return Message(Read(in.getNodeStatus()));
    case wire::Message::PROMISE_REQUEST: {
      const auto m = in.getPromiseRequest();
      return Message(
          PromiseRequest{m.getEpoch(), Read(m.getCandidate()), ToString(m.getLeaderAddress())});
    }
    case wire::Message::HANDOFF_REQUEST: {
      const auto m = in.getHandoffRequest();
      return Message(HandoffRequest{m.getEpoch(), Read(m.getEnd())});
    }
    case wire::Message::VERDICT: {
      const auto m = in.getVerdict();
      return Message(Verdict{m.getGranted(), ToString(m.getText()), Read(m.getStatus())});
    }
    case wire::Message::MANIFEST_REQUEST:
      return Message(ManifestRequest{in.getManifestRequest().getCheckpointId()});
    case wire::Message::MANIFEST:
      return ReadManifest(in.getManifest());
    case wire::Message::CHUNK_REQUEST: {
      const auto m = in.getChunkRequest();
      return Message(ChunkRequest{m.getCheckpointId(), m.getFile(), m.getChunk()});
    }
    case wire::Message::CHUNK: {
      const auto m = in.getChunk();
      return Message(Chunk{m.getFound(), m.getFile(), m.getChunk(), ToString(m.getBytes())});
    }
  }
  return Corruption("a message of a kind that this version does not know");
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kLeader:
      return "leader";
    case Role::kFollower:
      return "follower";
    case Role::kSyncing:
      return "syncing";
    case Role::kFenced:
      return "fenced";
  }
  return "unknown";
}

std::string Encode(const Message& message) {
  capnp::MallocMessageBuilder builder;
  std::visit(Writer{builder.initRoot<wire::Message>()}, message);
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(builder);
  const kj::ArrayPtr<const kj::byte> bytes = words.asBytes();
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

Result<Message> Decode(std::string_view bytes) {
  if (bytes.size() % sizeof(capnp::word) != 0) return Corruption("a message of odd length");
  // The library reads aligned words only.
  kj::Array<capnp::word> words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = kWordsMax;
    options.nestingLimit = kNestingMax;
    capnp::FlatArrayMessageReader reader(words, options);
    return ReadMessage(reader.getRoot<wire::Message>());
  } catch (const kj::Exception& error) {
    return Corruption(std::string("a malformed message: ") + error.getDescription().cStr());
  }
}

}  // namespace tenantry::replication
