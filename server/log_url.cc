#include "server/log_url.h"

#include "engine/base/ids.h"
#include "server/http/text.h"

namespace tenantry::server {
namespace {

constexpr size_t kSegmentsMax = 16;  // Longer paths match no route.

// Takes the next segment off the front of a path; false at its end.
bool TakeSegment(std::string_view* path, std::string_view* segment) {
  if (path->starts_with('/')) path->remove_prefix(1);
  if (path->empty()) return false;
  *segment = path->substr(0, path->find('/'));
  path->remove_prefix(segment->size());
  return true;
}

bool IsOurId(std::string_view text) {
  return IsGymId(text) || IsUuid(text);
}

}  // namespace

LogUrl::LogUrl(std::span<const http::Route> routes) {
  for (const http::Route& route : routes) {
    std::string_view path = route.path;
    std::string_view segment;
    while (TakeSegment(&path, &segment)) {
      if (segment.starts_with(':')) continue;
      std::string word(segment);
      for (char& c : word) c = http::LowerAscii(c);
      words_.insert(std::move(word));
    }
  }
}

void LogUrl::Append(std::string* out, const http::Route* route, std::string_view target) const {
  std::string_view path = target.substr(0, target.find('?'));
  std::string_view shape = route != nullptr ? route->path : std::string_view();
  std::string_view segment;
  std::string_view part;
  const size_t before = out->size();
  for (size_t i = 0; i < kSegmentsMax && TakeSegment(&path, &segment); ++i) {
    out->push_back('/');
    if (TakeSegment(&shape, &part)) {
      out->append(part.starts_with(':') && IsOurId(segment) ? segment : part);
      continue;
    }
    std::string word(segment.substr(0, 64));
    for (char& c : word) c = http::LowerAscii(c);
    out->append(words_.contains(word) ? word : "*");
  }
  if (out->size() == before) out->push_back('/');
}

}  // namespace tenantry::server
