#include "engine/codec/stored.h"

#include <algorithm>
#include <cstring>

#include <capnp/dynamic.h>
#include <kj/exception.h>

#include "engine/base/bytes.h"

namespace tenantry::codec {
namespace {

constexpr size_t kWordBytes = sizeof(capnp::word);
// Segment count minus one, then the words of the only segment.
constexpr size_t kHeaderBytes = 8;

// Visits what typed getters will visit; a getter that would throw later throws now.
void CheckKinds(capnp::AnyStruct::Reader record, const schema::StructInfo& info) {
  using schema::FieldType;
  const auto pointers = record.getPointerSection();
  for (const schema::FieldInfo& field : info.fields) {
    if (field.bits != 0 || field.slot >= pointers.size()) continue;
    const capnp::AnyPointer::Reader pointer = pointers[field.slot];
    if (pointer.isNull()) continue;
    switch (field.type) {
      case FieldType::kText:
        pointer.getAs<capnp::Text>();
        break;
      case FieldType::kTextList:
        for (const auto text : pointer.getAs<capnp::List<capnp::Text>>()) static_cast<void>(text);
        break;
      case FieldType::kEnumList:
        pointer.getAs<capnp::List<uint16_t>>();
        break;
      case FieldType::kStruct:
        CheckKinds(pointer.getAs<capnp::AnyStruct>(), *field.shape);
        break;
      case FieldType::kStructList:
        for (const auto element :
             pointer.getAs<capnp::DynamicList>(field.field.getType().asList())) {
          CheckKinds(element.as<capnp::DynamicStruct>(), *field.shape);
        }
        break;
      default:
        record.as<capnp::DynamicStruct>(info.schema).get(field.field);
        break;
    }
  }
}

// Honest messages hold each word once and are walked twice here, so whoever needs more points into
// the same words again and again. The floor is the same for all but huge records: what is accepted
// stays so when a rewrite drops dead words.
constexpr uint64_t kWalkWordsMin = 1 << 16;

uint64_t WalkWordsMax(size_t segment_words) {
  return std::max(kWalkWordsMin, 3 * uint64_t{segment_words});
}

// Throws kj::Exception when some pointer is wrong.
void CheckPointers(kj::ArrayPtr<const capnp::word> segment, const schema::StructInfo* info) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = WalkWordsMax(segment.size());
  options.nestingLimit = kMessageNestingMax;
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1), options);
  const auto root = reader.getRoot<capnp::AnyStruct>();
  static_cast<void>(root.totalSize());
  if (info != nullptr) CheckKinds(root, *info);
}

capnp::ReaderOptions CheckedOptions() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = UINT64_MAX;
  options.nestingLimit = kMessageNestingMax;
  return options;
}

kj::ArrayPtr<const capnp::word> SegmentOf(const uint64_t* words, size_t word_count) {
  return kj::arrayPtr(reinterpret_cast<const capnp::word*>(words) + 1, word_count - 1);
}

}  // namespace

Message::Message(Private, std::unique_ptr<uint64_t[]> words, size_t word_count)
    : words_(std::move(words)),
      word_count_(word_count),
      segment_(SegmentOf(words_.get(), word_count)),
      reader_(kj::arrayPtr(&segment_, 1), CheckedOptions()),
      root_(reader_.getRoot<capnp::AnyStruct>()) {}

Result<std::shared_ptr<const Message>> Message::Decode(std::string_view bytes,
                                                       const schema::StructInfo* info) {
  if (bytes.size() < kHeaderBytes + kWordBytes || bytes.size() % kWordBytes != 0) {
    return Corruption("record: wrong length");
  }
  const size_t word_count = bytes.size() / kWordBytes;
  if (LoadLittle<uint32_t>(bytes.data()) != 0) return Corruption("record: more than one segment");
  if (LoadLittle<uint32_t>(bytes.data() + 4) != word_count - 1) {
    return Corruption("record: the header gives another length");
  }
  std::unique_ptr<uint64_t[]> words(new uint64_t[word_count]);
  std::memcpy(words.get(), bytes.data(), bytes.size());
  try {
    CheckPointers(SegmentOf(words.get(), word_count), info);
    return std::shared_ptr<const Message>(
        std::make_shared<Message>(Private{}, std::move(words), word_count));
  } catch (const kj::Exception& e) {
    return Corruption(std::string("record: ") + e.getDescription().cStr());
  }
}

size_t WrittenBytes(capnp::MessageBuilder& message) {
  size_t bytes = kHeaderBytes;
  for (const auto& segment : message.getSegmentsForOutput()) bytes += segment.asBytes().size();
  return bytes;
}

std::string EncodeMessage(capnp::MessageBuilder& message) {
  const auto segments = message.getSegmentsForOutput();
  if (segments.size() != 1) return EncodeStruct(message.getRoot<capnp::AnyStruct>().asReader());
  const auto words = segments[0];
  std::string out;
  out.reserve(kHeaderBytes + words.size() * kWordBytes);
  AppendLittle<uint32_t>(&out, 0);
  AppendLittle(&out, static_cast<uint32_t>(words.size()));
  return out.append(words.asChars().begin(), words.size() * kWordBytes);
}

std::string EncodeStruct(capnp::AnyStruct::Reader root) {
  const size_t segment_words = root.totalSize().wordCount + 1;
  // Built in place: heap memory is aligned, and a string this long is always on the heap.
  std::string out(kHeaderBytes + segment_words * kWordBytes, '\0');
  char* const segment = out.data() + kHeaderBytes;
  TNT_CHECK(reinterpret_cast<uintptr_t>(segment) % kWordBytes == 0);
  capnp::FlatMessageBuilder builder(
      kj::arrayPtr(reinterpret_cast<capnp::word*>(segment), segment_words));
  builder.setRoot(root);
  const size_t used = builder.getSegmentsForOutput()[0].size();
  out.resize(kHeaderBytes + used * kWordBytes);
  StoreLittle(out.data() + 4, static_cast<uint32_t>(used));
  return out;
}

}  // namespace tenantry::codec
