#pragma once
// FieldAccess and FieldChange: read and write fields by the positions the catalog resolved. capnp::DynamicStruct looks up a
// type and checks a schema at every get, which the hot paths need not repeat.
//
// Threads  stateless. Private to codec.

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include <capnp/any.h>
#include <capnp/dynamic.h>

#include "engine/base/check.h"
#include "engine/codec/text_view.h"
#include "engine/schema/catalog.h"

namespace tenantry::codec {

class FieldAccess {
 public:
  explicit FieldAccess(capnp::AnyStruct::Reader record)
      : data_(record.getDataSection()), pointers_(record.getPointerSection()) {}
  explicit FieldAccess(capnp::DynamicStruct::Reader record)
      : FieldAccess(static_cast<capnp::AnyStruct::Reader>(record)) {}

  // Stored bits, before the default is applied; older records may be too short to hold the field.
  uint64_t StoredBits(const schema::FieldInfo& field) const {
    if (field.bits == 1) {
      const size_t at = field.slot / 8;
      return at < data_.size() ? data_[at] >> (field.slot % 8) & 1 : 0;
    }
    const size_t width = field.bits / 8;
    const size_t at = size_t{field.slot} * width;
    uint64_t bits = 0;
    if (at + width <= data_.size()) std::memcpy(&bits, data_.begin() + at, width);
    return bits;
  }
  uint64_t Bits(const schema::FieldInfo& field) const {
    return StoredBits(field) ^ field.default_bits;
  }
  bool Bool(const schema::FieldInfo& field) const { return Bits(field) != 0; }
  // Also enums, Bool as 0 or 1, and, with is_unsigned, UInt64 cast to its bits.
  int64_t Int(const schema::FieldInfo& field) const {
    const uint64_t bits = Bits(field);
    if (field.is_unsigned || field.bits == 1 || field.bits == 64) return static_cast<int64_t>(bits);
    const int shift = 64 - field.bits;
    return static_cast<int64_t>(bits << shift) >> shift;
  }
  double Float(const schema::FieldInfo& field) const {
    const uint64_t bits = Bits(field);
    if (field.bits == 64) return std::bit_cast<double>(bits);
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  capnp::AnyPointer::Reader Pointer(const schema::FieldInfo& field) const {
    return field.slot < pointers_.size() ? pointers_[field.slot] : capnp::AnyPointer::Reader();
  }
  std::string_view Text(const schema::FieldInfo& field) const {
    const capnp::AnyPointer::Reader pointer = Pointer(field);
    if (pointer.isNull()) return field.default_text;
    return View(pointer.getAs<capnp::Text>());
  }
  // Null in the sense of annotations.capnp: a nullable scalar at its default, or a null pointer
  // without default text.
  bool IsNull(const schema::FieldInfo& field) const {
    if (field.bits == 0) return field.default_text.empty() && Pointer(field).isNull();
    if (!field.nullable) return false;
    if (field.type == schema::FieldType::kFloat) return std::isnan(Float(field));
    return StoredBits(field) == 0;
  }

 private:
  kj::ArrayPtr<const capnp::byte> data_;
  capnp::List<capnp::AnyPointer>::Reader pointers_;
};

// Writes into a struct that this build laid out, so every field is there.
class FieldChange {
 public:
  explicit FieldChange(capnp::AnyStruct::Builder record)
      : data_(record.getDataSection()), pointers_(record.getPointerSection()) {}

  void SetBits(const schema::FieldInfo& field, uint64_t bits) {
    SetStoredBits(field, bits ^ field.default_bits);
  }
  void SetText(const schema::FieldInfo& field, std::string_view text) {
    pointers_[field.slot].setAs<capnp::Text>({text.data(), text.size()});
  }
  void SetPointer(const schema::FieldInfo& field, capnp::AnyPointer::Reader value) {
    pointers_[field.slot].set(value);
  }
  void Clear(const schema::FieldInfo& field) {
    if (field.bits == 0) {
      pointers_[field.slot].clear();
    } else {
      SetStoredBits(field, 0);
    }
  }

 private:
  void SetStoredBits(const schema::FieldInfo& field, uint64_t bits) {
    if (field.bits == 1) {
      const auto mask = static_cast<capnp::byte>(1u << (field.slot % 8));
      capnp::byte& at = data_[field.slot / 8];
      at = static_cast<capnp::byte>(bits != 0 ? at | mask : at & ~mask);
      return;
    }
    const size_t width = field.bits / 8;
    TNT_CHECK((field.slot + size_t{1}) * width <= data_.size());
    std::memcpy(data_.begin() + field.slot * width, &bits, width);
  }

  kj::ArrayPtr<capnp::byte> data_;
  capnp::List<capnp::AnyPointer>::Builder pointers_;
};

}  // namespace tenantry::codec
