#include "server/paging.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/json_shape.h"

namespace tenantry::server {
namespace {

Status ReadPositive(const http::Request& request, std::string_view name, uint32_t max,
                    uint32_t* out) {
  const std::optional<std::string> text = request.FindQuery(name);
  if (!text.has_value()) return Status::Ok();
  uint32_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end || value == 0) {
    return InvalidFields({std::string(name) + " must be a positive integer"});
  }
  *out = std::min(value, max);
  return Status::Ok();
}

// The query string without page and limit, ready to be continued.
std::string OtherParameters(std::string_view query) {
  std::string kept;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view name = pair.substr(0, pair.find('='));
    if (pair.empty() || name == "page" || name == "limit") continue;
    kept.append(pair).push_back('&');
  }
  return kept;
}

}  // namespace

Status CutToPage(const http::Request& request, http::Response* response) {
  const std::string_view whole = response->shared_body ? *response->shared_body : response->body;
  std::vector<std::string_view> rows;
  if (!whole.starts_with('[') || !SplitArray(whole, &rows)) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  const size_t first = std::min<size_t>(paging.offset(), rows.size());
  const size_t end = std::min<size_t>(first + paging.limit, rows.size());
  if (end - first < rows.size()) {
    std::string page = "[";
    for (size_t i = first; i < end; ++i) {
      if (i > first) page.push_back(',');
      page.append(rows[i]);
    }
    page.push_back(']');
    response->shared_body.reset();
    response->body = std::move(page);
  }
  AddPagingHeaders(request, paging, static_cast<int64_t>(rows.size()), response);
  return Status::Ok();
}

Result<Paging> ParsePaging(const http::Request& request) {
  Paging paging;
  TNT_RETURN_IF_ERROR(ReadPositive(request, "page", kPageMax, &paging.page));
  TNT_RETURN_IF_ERROR(ReadPositive(request, "limit", kListedMax, &paging.limit));
  return paging;
}

Result<uint32_t> ParseLimit(const http::Request& request, uint32_t standard, uint32_t max) {
  uint32_t limit = standard;
  TNT_RETURN_IF_ERROR(ReadPositive(request, "limit", max, &limit));
  return limit;
}

void AddPagingHeaders(const http::Request& request, const Paging& paging, int64_t total,
                      http::Response* response) {
  response->headers.emplace_back("X-Total-Count", std::to_string(total));
  if (int64_t{paging.page} * paging.limit >= total) return;
  std::string link = "<";
  link.append(request.path).append("?").append(OtherParameters(request.query));
  link.append("page=").append(std::to_string(paging.page + 1));
  link.append("&limit=").append(std::to_string(paging.limit)).append(">; rel=\"next\"");
  response->headers.emplace_back("Link", std::move(link));
}

}  // namespace tenantry::server
