#pragma once
// Stored<T> and Draft<T>: a record as read, and a record being written.
//
// Shape    the bytes are one unpacked single-segment Cap'n Proto message. Debian's 0.9.2 refuses unaligned memory, so
//          reading copies them into words of our own.
// Errors   Decode() gives kCorruption for bytes that are not a message or exceed the limits.
// Threads  Stored is immutable and cheap to copy; Draft belongs to one thread.
// Owns     its words; readers and builders it hands out die with it.

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tenantry::codec {

// Aligned words and the message reader over them.
class Message {
 public:
  static Result<std::shared_ptr<const Message>> Decode(std::string_view bytes);
  capnp::AnyStruct::Reader root() const;
  // The stored bytes, as given to Decode.
  std::string_view bytes() const;

 private:
  struct Body;
  explicit Message(std::unique_ptr<Body> body);
  friend struct MessageDeleter;
  std::shared_ptr<Body> body_;
};

template <class T>
class Stored {
 public:
  using Reader = typename T::Reader;
  static Result<Stored> Decode(std::string_view bytes) {
    TNT_ASSIGN_OR_RETURN(std::shared_ptr<const Message> message, Message::Decode(bytes));
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

template <class T>
class Draft {
 public:
  using Builder = typename T::Builder;
  Draft() : message_(std::make_unique<capnp::MallocMessageBuilder>()),
            builder_(message_->initRoot<T>()) {}
  // Starts from a copy, so that fields this build does not know survive a rewrite.
  explicit Draft(const typename T::Reader& from)
      : message_(std::make_unique<capnp::MallocMessageBuilder>()), builder_(nullptr) {
    message_->setRoot(from);
    builder_ = message_->getRoot<T>();
  }
  explicit Draft(const Stored<T>& from) : Draft(*from) {}

  Builder* operator->() { return &builder_; }
  Builder& operator*() { return builder_; }
  typename T::Reader reader() const { return const_cast<Builder&>(builder_).asReader(); }
  // Compacted into one segment: setters leave holes behind.
  std::string Encode() const;

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
