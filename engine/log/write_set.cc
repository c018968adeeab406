#include "engine/log/write_set.h"

namespace tenantry::log {
namespace {

// A kind byte and the length of an empty key.
constexpr size_t kEffectBytesMin = 2;

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++bytes;
  }
  return bytes;
}

}  // namespace

void WriteSet::Put(std::string_view key, std::string_view value) {
  body_.push_back(static_cast<char>(EffectKind::kPut));
  AppendSized(&body_, key);
  AppendSized(&body_, value);
  ++count_;
}

void WriteSet::Delete(std::string_view key) {
  body_.push_back(static_cast<char>(EffectKind::kDelete));
  AppendSized(&body_, key);
  ++count_;
}

std::vector<Effect> WriteSet::ops() const {
  std::vector<Effect> effects(count_);
  std::string_view rest = body_;
  for (Effect& effect : effects) TNT_CHECK(TakeEffect(&rest, &effect).ok());
  return effects;
}

size_t WriteSet::bytes() const {
  return 1 + VarintBytes(count_) + body_.size();
}

std::string WriteSet::Encode() const {
  std::string out;
  out.reserve(bytes());
  out.push_back(static_cast<char>(kWriteSetVersion));
  AppendVarint(&out, count_);
  out.append(body_);
  return out;
}

Result<WriteSet> WriteSet::Decode(std::string_view encoded) {
  WriteSet set;
  TNT_RETURN_IF_ERROR(VisitWriteSet(encoded, [&set](const Effect& effect) {
    if (effect.kind == EffectKind::kPut) {
      set.Put(effect.key, effect.value);
    } else {
      set.Delete(effect.key);
    }
  }));
  return set;
}

Status TakeWriteSetHeader(std::string_view* in, uint64_t* count) {
  if (in->empty()) return Corruption("write set: no version");
  if (static_cast<uint8_t>(in->front()) != kWriteSetVersion) {
    return Corruption("write set: version " + std::to_string(static_cast<uint8_t>(in->front())) +
                      " is not known here");
  }
  in->remove_prefix(1);
  if (!TakeVarint(in, count)) return Corruption("write set: no count");
  if (*count > in->size() / kEffectBytesMin) return Corruption("write set: count is too large");
  return Status::Ok();
}

Status TakeEffect(std::string_view* in, Effect* effect) {
  if (in->empty()) return Corruption("write set: fewer effects than counted");
  const auto kind = static_cast<uint8_t>(in->front());
  in->remove_prefix(1);
  if (kind != static_cast<uint8_t>(EffectKind::kPut) &&
      kind != static_cast<uint8_t>(EffectKind::kDelete)) {
    return Corruption("write set: effect kind " + std::to_string(kind) + " is not known here");
  }
  effect->kind = static_cast<EffectKind>(kind);
  effect->value = {};
  if (!TakeSized(in, &effect->key)) return Corruption("write set: key is cut short");
  if (effect->kind == EffectKind::kPut && !TakeSized(in, &effect->value)) {
    return Corruption("write set: value is cut short");
  }
  return Status::Ok();
}

}  // namespace tenantry::log
