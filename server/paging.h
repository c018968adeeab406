#pragma once
// Paging: `page` and `limit` of a list, and the headers that say what is left (crosscutting.md D2).
// Bodies stay bare arrays.
//
// Errors   ParsePaging: kInvalidArgument for a page or limit that is no positive number. A limit
//          above 100 counts as 100.

#include <cstdint>

#include "engine/base/result.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::server {

inline constexpr uint32_t kListedMax = 100;
inline constexpr uint32_t kPageMax = 100'000;

struct Paging {
  uint32_t page = 1;
  uint32_t limit = kListedMax;
  uint32_t offset() const { return (page - 1) * limit; }
};

Result<Paging> ParsePaging(const http::Request& request);
// Cuts a body that is a bare array down to the page asked for and adds the headers; leaves other bodies alone. For
// answers whose handler did not page by itself.
Status CutToPage(const http::Request& request, http::Response* response);
// The parameter `limit` of a list without pages; at most `max`.
Result<uint32_t> ParseLimit(const http::Request& request, uint32_t standard, uint32_t max);
// X-Total-Count, and Link with rel="next" while rows are left.
void AddPagingHeaders(const http::Request& request, const Paging& paging, int64_t total,
                      http::Response* response);

}  // namespace tenantry::server
