#pragma once
// Stored<T> and Draft<T>: a record as read, and a record being written.
//
// Shape    the bytes are one unpacked single-segment Cap'n Proto message. Debian's 0.9.2 refuses
//          unaligned memory, so reading copies them into words of our own.
// Errors   Decode() gives kCorruption for bytes that are not a message of the type or exceed the
//          limits; once decoded, no accessor throws.
// Threads  Stored is immutable and cheap to copy; Draft belongs to one thread.
// Owns     its words; readers and builders it hands out die with it.

#include <memory>
#include <string>
#include <string_view>

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include "engine/base/result.h"
#include "engine/schema/catalog.h"

namespace tenantry::codec {

// Deeper records than this are damage; ours nest three deep at most.
inline constexpr int kMessageNestingMax = 64;
// Words of a draft's first segment: most records fit, and clearing it stays cheap.
inline constexpr unsigned kDraftWords = 96;

// Aligned words and the message reader over them.
class Message {
  struct Private {};

 public:
  // Checks every pointer once, also those of fields that `info` does not list; kinds of pointers
  // only when `info` is given. Reading later is not charged against a limit: cached records are
  // read any number of times.
  static Result<std::shared_ptr<const Message>> Decode(std::string_view bytes,
                                                       const schema::StructInfo* info = nullptr);
  capnp::AnyStruct::Reader root() const { return root_; }
  // The stored bytes, as given to Decode.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(words_.get()), word_count_ * sizeof(capnp::word)};
  }

  Message(Private, std::unique_ptr<uint64_t[]> words, size_t word_count);
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

 private:
  std::unique_ptr<uint64_t[]> words_;  // The header word, then the segment.
  size_t word_count_;
  kj::ArrayPtr<const capnp::word> segment_;
  capnp::SegmentArrayMessageReader reader_;
  capnp::AnyStruct::Reader root_;
};

template <class T>
class Stored {
 public:
  using Reader = typename T::Reader;
  static Result<Stored> Decode(std::string_view bytes) {
    TNT_ASSIGN_OR_RETURN(std::shared_ptr<const Message> message,
                         Message::Decode(bytes, &schema::InfoOf<T>()));
    return Stored(std::move(message));
  }
  const Reader& operator*() const { return reader_; }
  const Reader* operator->() const { return &reader_; }
  std::string_view bytes() const { return message_->bytes(); }

 private:
  explicit Stored(std::shared_ptr<const Message> message)
      : message_(std::move(message)), reader_(message_->root().template as<T>()) {}
  std::shared_ptr<const Message> message_;
  Reader reader_;
};

// Of all segments, and of the header in front of one.
size_t WrittenBytes(capnp::MessageBuilder& message);
// One segment with its header, as it was written where the message has no more.
std::string EncodeMessage(capnp::MessageBuilder& message);

template <class T>
class Draft {
 public:
  using Builder = typename T::Builder;
  Draft()
      : message_(std::make_unique<capnp::MallocMessageBuilder>(kDraftWords)),
        builder_(message_->initRoot<T>()) {}
  // Starts from a copy, so that fields this build does not know survive a rewrite.
  explicit Draft(const typename T::Reader& from)
      : message_(std::make_unique<capnp::MallocMessageBuilder>(kDraftWords)), builder_(nullptr) {
    message_->setRoot(from);
    builder_ = message_->getRoot<T>();
  }
  explicit Draft(const Stored<T>& from) : Draft(*from) {}

  Builder* operator->() { return &builder_; }
  Builder& operator*() { return builder_; }
  typename T::Reader reader() const { return const_cast<Builder&>(builder_).asReader(); }
  // Of what was written so far: no less than Encode() gives.
  size_t bytes() const { return WrittenBytes(*message_); }
  // Compacted into one segment: setters leave holes behind.
  std::string Encode() const;
  // The same record without compacting, for one whose fields were set once: several times faster.
  std::string EncodeAsWritten() const { return EncodeMessage(*message_); }

 private:
  std::unique_ptr<capnp::MallocMessageBuilder> message_;
  Builder builder_;
};

// One segment with its four-byte-count header, no holes.
std::string EncodeStruct(capnp::AnyStruct::Reader root);

template <class T>
std::string Draft<T>::Encode() const {
  return EncodeStruct(capnp::AnyStruct::Reader(reader()));
}

}  // namespace tenantry::codec
