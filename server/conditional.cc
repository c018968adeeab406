#include "server/conditional.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "server/http/text.h"

namespace tenantry::server {
namespace {

// Quotes around 32 hexadecimal digits.
constexpr size_t kHashEnd = 33;

// Whether `one`, a tag as sent, is `tag` in any coding.
bool IsForm(std::string_view one, std::string_view tag) {
  if (one.starts_with("W/")) one.remove_prefix(2);
  if (one == tag) return true;
  return one.size() > tag.size() && tag.size() > kHashEnd && one.back() == '"' &&
         one.substr(0, kHashEnd) == tag.substr(0, kHashEnd) && one[kHashEnd] == '-';
}

}  // namespace

std::string EntityTag(std::string_view body) {
  const Hash128 hash = Hash128Of(body);
  std::string bytes;
  AppendBig64(&bytes, hash.high);
  AppendBig64(&bytes, hash.low);
  return "\"" + FormatHex(bytes) + "\"";
}

std::string TagOfCoding(std::string_view tag, std::string_view coding) {
  std::string out(tag.substr(0, kHashEnd));
  out.append("-").append(coding).append("\"");
  return out;
}

bool ListsTag(std::string_view header, std::string_view tag) {
  while (!header.empty()) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), one.size() + 1));
    one = http::TrimBlanks(one);
    if (one == "*" || IsForm(one, tag)) return true;
  }
  return false;
}

}  // namespace tenantry::server
