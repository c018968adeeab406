#pragma once
// Coding: compressed bodies (crosscutting.md Q5).
//
// Rules    Accept-Encoding with q-values decides; among codings the client likes equally, the one that suits us. Bodies
//          below kCodedBytesMin stay as they are.
// Units    bytes.
// Threads  functions: stateless. CodedBodies: any thread.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/mutex.h"

namespace tenantry::server {

enum class Coding : uint8_t { kIdentity, kGzip, kBrotli, kZstd };
inline constexpr size_t kCodings = 4;

// Below this, headers cost what compression saves.
inline constexpr size_t kCodedBytesMin = 1024;
// Compressing more than this takes over a millisecond, which a loop does not give to one request.
inline constexpr size_t kInlineCodedBytesMax = 64 * 1024;

// The name in Content-Encoding.
std::string_view CodingName(Coding coding);
// What to answer a client that sent this Accept-Encoding. A kept body is compressed once and sent often, so small wins
// over fast.
Coding ChooseCoding(std::string_view accept_encoding, bool kept);
// Whether bodies of this type shrink.
bool IsCompressible(std::string_view content_type);
// `coding` is not kIdentity.
std::string Compress(Coding coding, std::string_view body);

// The compressed forms of one body, made when first asked for.
class CodedBodies {
 public:
  // nullptr when that form was not made yet.
  std::shared_ptr<const std::string> Find(Coding coding) const TNT_EXCLUDES(mutex_);
  void Add(Coding coding, std::shared_ptr<const std::string> body) TNT_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_{"coded_bodies"};
  std::array<std::shared_ptr<const std::string>, kCodings> bodies_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::server
