#include "engine/dump/format.h"

#include "engine/base/bytes.h"
#include "engine/schema/collections.h"

namespace tenantry::dump {
namespace {

constexpr uint32_t kSalvagedFlag = 1;
constexpr size_t kPartBytesMax = 255;
constexpr size_t kHashBytes = 8;

void AppendHash(std::string* out, const Hash128& hash) {
  AppendLittle(out, hash.low);
  AppendLittle(out, hash.high);
}

void Seal(std::string* bytes) {
  AppendLittle(bytes, Hash64(*bytes));
}

// Takes the fixed parts off the front of bytes that a checksum proved; a short one leaves `sound` false.
class Cut {
 public:
  explicit Cut(std::string_view in) : in_(in) {}
  template <class T>
  T Little() {
    if (in_.size() < sizeof(T)) sound_ = false;
    if (!sound_) return T{};
    const T value = LoadLittle<T>(in_.data());
    in_.remove_prefix(sizeof(T));
    return value;
  }
  Hash128 Hash() {
    const uint64_t low = Little<uint64_t>();
    return {low, Little<uint64_t>()};
  }
  std::string Sized() {
    std::string_view bytes;
    if (sound_) sound_ = TakeSized(&in_, &bytes);
    return std::string(bytes);
  }
  std::string Bytes(size_t count) {
    if (in_.size() < count) sound_ = false;
    if (!sound_) return {};
    std::string bytes(in_.substr(0, count));
    in_.remove_prefix(count);
    return bytes;
  }
  bool AtEnd() const { return sound_ && in_.empty(); }
  // Whether so many parts of a size can still come.
  bool Holds(uint64_t count, size_t each) const { return sound_ && count <= in_.size() / each; }
  bool sound() const { return sound_; }

 private:
  std::string_view in_;
  bool sound_ = true;
};

// Whether the last eight bytes are the hash of those before.
bool Sealed(std::string_view bytes) {
  return bytes.size() > kHashBytes &&
         LoadLittle<uint64_t>(bytes.data() + bytes.size() - kHashBytes) ==
             Hash64(bytes.substr(0, bytes.size() - kHashBytes));
}

// Magic of eight bytes, version, length of the whole part.
size_t PartBytes(std::string_view start, std::string_view magic, size_t bytes_max) {
  if (start.size() < 16 || !start.starts_with(magic)) return 0;
  const auto bytes = LoadLittle<uint32_t>(start.data() + 12);
  return bytes < 16 + kHashBytes || bytes > bytes_max ? 0 : bytes;
}

std::string Part(std::string_view magic, const std::string& body) {
  std::string out(magic);
  AppendLittle(&out, kDumpVersion);
  AppendLittle(&out, static_cast<uint32_t>(16 + body.size() + kHashBytes));
  out += body;
  Seal(&out);
  return out;
}

}  // namespace

std::string EncodeHeader(const Header& header) {
  std::string body;
  AppendLittle(&body, header.salvaged ? kSalvagedFlag : 0u);
  AppendLittle(&body, header.cluster_id);
  AppendLittle(&body, header.position.epoch);
  AppendLittle(&body, header.position.index);
  AppendLittle(&body, header.since.epoch);
  AppendLittle(&body, header.since.index);
  AppendLittle(&body, header.fingerprint);
  AppendLittle(&body, header.created_unix_ms);
  AppendSized(&body, header.tenant);
  AppendSized(&body, header.build);
  return Part(kHeaderMagic, body);
}

size_t HeaderBytes(std::string_view start) {
  return PartBytes(start, kHeaderMagic, kHeaderBytesMax);
}

Status DecodeHeader(std::string_view bytes, Header* header) {
  if (!Sealed(bytes)) return Corruption("its bytes do not match their checksum");
  const auto version = LoadLittle<uint32_t>(bytes.data() + 8);
  if (version != kDumpVersion) {
    return InvalidArgument("it is a dump of version " + std::to_string(version) +
                           ", which this build does not know");
  }
  Cut cut(bytes.substr(16, bytes.size() - 16 - kHashBytes));
  header->salvaged = (cut.Little<uint32_t>() & kSalvagedFlag) != 0;
  header->cluster_id = cut.Little<uint64_t>();
  header->position.epoch = cut.Little<uint64_t>();
  header->position.index = cut.Little<uint64_t>();
  header->since.epoch = cut.Little<uint64_t>();
  header->since.index = cut.Little<uint64_t>();
  header->fingerprint = cut.Little<uint64_t>();
  header->created_unix_ms = cut.Little<int64_t>();
  header->tenant = cut.Sized();
  header->build = cut.Sized();
  return cut.AtEnd() ? Status::Ok() : Corruption("it has the wrong length");
}

// offset 0 magic, 4 kind, 5-7 lengths of the three texts, 8 stored, 12 raw, 16 rows, 20 number, 24 space, 32 chain,
// 48 payload hash, 56 zero, 60 hash of all of it but itself, 68 texts.
std::string EncodeBlockHead(const BlockHead& head) {
  const std::string tenant = head.tenant.substr(0, kPartBytesMax);
  const std::string first = head.first_key.substr(0, kPartBytesMax);
  const std::string last = head.last_key.substr(0, kPartBytesMax);
  std::string out(kBlockMagic);
  for (const size_t part :
       {static_cast<size_t>(head.kind), tenant.size(), first.size(), last.size()}) {
    out.push_back(static_cast<char>(part));
  }
  AppendLittle(&out, head.stored_bytes);
  AppendLittle(&out, head.raw_bytes);
  AppendLittle(&out, head.rows);
  AppendLittle(&out, head.number);
  AppendLittle(&out, head.space.value());
  AppendHash(&out, head.chain_before);
  AppendLittle(&out, head.payload_hash);
  AppendLittle(&out, uint32_t{0});
  const std::string texts = tenant + first + last;
  AppendLittle(&out, Hash64(out + texts));
  return out + texts;
}

size_t BlockHeadBytes(std::string_view start) {
  if (start.size() < kBlockFixedBytes || !start.starts_with(kBlockMagic)) return 0;
  size_t bytes = kBlockFixedBytes;
  for (const size_t at : {5u, 6u, 7u}) bytes += static_cast<uint8_t>(start[at]);
  return bytes;
}

bool DecodeBlockHead(std::string_view bytes, BlockHead* head) {
  if (BlockHeadBytes(bytes) != bytes.size()) return false;
  const std::string_view texts = bytes.substr(kBlockFixedBytes);
  const std::string covered = std::string(bytes.substr(0, 60)) + std::string(texts);
  if (LoadLittle<uint64_t>(bytes.data() + 60) != Hash64(covered)) return false;
  Cut cut(bytes.substr(4));
  head->kind = static_cast<BlockKind>(cut.Little<uint8_t>());
  const size_t tenant = cut.Little<uint8_t>(), first = cut.Little<uint8_t>(),
               last = cut.Little<uint8_t>();
  head->stored_bytes = cut.Little<uint32_t>();
  head->raw_bytes = cut.Little<uint32_t>();
  head->rows = cut.Little<uint32_t>();
  head->number = cut.Little<uint32_t>();
  head->space = SpaceId(cut.Little<uint64_t>());
  head->chain_before = cut.Hash();
  head->payload_hash = cut.Little<uint64_t>();
  cut.Bytes(12);
  head->tenant = cut.Bytes(tenant);
  head->first_key = cut.Bytes(first);
  head->last_key = cut.Bytes(last);
  return cut.AtEnd() && head->raw_bytes <= kBlockRawBytesMax &&
         (head->kind == BlockKind::kRows || head->kind == BlockKind::kEffects);
}

std::string EncodeFooter(const Footer& footer) {
  std::string body;
  AppendLittle(&body, footer.offset);
  AppendHash(&body, footer.chain);
  AppendLittle(&body, footer.rows);
  AppendLittle(&body, static_cast<uint32_t>(footer.kinds.size()));
  for (const KindTotal& total : footer.kinds) {
    AppendLittle(&body, total.kind);
    AppendLittle(&body, total.collection);
    AppendLittle(&body, total.rows);
    AppendLittle(&body, total.bytes);
  }
  AppendLittle(&body, static_cast<uint32_t>(footer.spaces.size()));
  for (const SpaceTotal& total : footer.spaces) {
    AppendLittle(&body, total.space.value());
    AppendLittle(&body, total.rows);
    AppendHash(&body, total.hash);
    AppendSized(&body, total.tenant);
  }
  AppendLittle(&body, static_cast<uint32_t>(footer.block_offsets.size()));
  for (const uint64_t offset : footer.block_offsets) AppendLittle(&body, offset);
  return Part(kFooterMagic, body);
}

size_t FooterBytes(std::string_view start) {
  return PartBytes(start, kFooterMagic, kFooterBytesMax);
}

bool DecodeFooter(std::string_view bytes, Footer* footer) {
  if (!Sealed(bytes) || LoadLittle<uint32_t>(bytes.data() + 8) != kDumpVersion) return false;
  Cut cut(bytes.substr(16, bytes.size() - 16 - kHashBytes));
  footer->offset = cut.Little<uint64_t>();
  footer->chain = cut.Hash();
  footer->rows = cut.Little<uint64_t>();
  const auto kinds = cut.Little<uint32_t>();
  if (!cut.Holds(kinds, 19)) return false;
  for (uint32_t i = 0; i < kinds; ++i) {
    KindTotal total;
    total.kind = cut.Little<uint8_t>();
    total.collection = cut.Little<uint16_t>();
    total.rows = cut.Little<uint64_t>();
    total.bytes = cut.Little<uint64_t>();
    footer->kinds.push_back(total);
  }
  const auto spaces = cut.Little<uint32_t>();
  if (!cut.Holds(spaces, 33)) return false;
  for (uint32_t i = 0; i < spaces; ++i) {
    SpaceTotal total;
    total.space = SpaceId(cut.Little<uint64_t>());
    total.rows = cut.Little<uint64_t>();
    total.hash = cut.Hash();
    total.tenant = cut.Sized();
    footer->spaces.push_back(std::move(total));
  }
  const auto blocks = cut.Little<uint32_t>();
  if (!cut.Holds(blocks, 8)) return false;
  for (uint32_t i = 0; i < blocks; ++i) footer->block_offsets.push_back(cut.Little<uint64_t>());
  return cut.AtEnd();
}

Hash128 ChainOfHeader(std::string_view header_bytes) {
  return Hash128Of(header_bytes);
}

Hash128 ChainAfter(const Hash128& before, std::string_view head_bytes) {
  std::string covered;
  AppendHash(&covered, before);
  covered.append(head_bytes);
  return Hash128Of(covered);
}

uint64_t SchemaFingerprint() {
  std::string text;
  for (const schema::Collection* collection : schema::AllCollections()) {
    AppendSized(&text, collection->name);
    AppendLittle(&text, collection->number);
    for (const schema::FieldInfo& field : collection->info->fields) {
      AppendSized(&text, field.name);
      AppendLittle(&text, static_cast<uint32_t>(field.type));
      AppendLittle(&text, field.slot);
    }
    for (const schema::FieldInfo* field : collection->key) AppendSized(&text, field->name);
    for (const schema::IndexInfo& index : collection->indexes) {
      AppendLittle(&text, static_cast<uint32_t>(index.number));
      for (const schema::FieldInfo* field : index.fields) AppendSized(&text, field->name);
      for (const schema::FieldInfo* field : index.words) AppendSized(&text, field->name);
    }
  }
  return Hash64(text);
}

}  // namespace tenantry::dump
