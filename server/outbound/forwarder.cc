#include "server/outbound/forwarder.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <curl/curl.h>

#include "server/http/text.h"

namespace tenantry::outbound {
namespace {

constexpr long kConnectMs = 2'000;

// Of one connection, or set anew for the next one.
constexpr std::array<std::string_view, 12> kKeptBack = {
    "connection", "keep-alive", "proxy-authorization", "proxy-connection",
    "te",         "trailer",    "transfer-encoding",   "upgrade",
    "expect",     "host",       "content-length",      "x-forwarded-for"};
// What the leader says about its answer; the rest every node says for itself.
constexpr std::array<std::string_view, 13> kHandedBack = {"location",
                                                          "etag",
                                                          "cache-control",
                                                          "retry-after",
                                                          "set-cookie",
                                                          "link",
                                                          "content-disposition",
                                                          "content-encoding",
                                                          "x-total-count",
                                                          "www-authenticate",
                                                          "tenantry-position",
                                                          "tenantry-durability",
                                                          "idempotent-replayed"};

template <size_t N>
bool Lists(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view one) { return http::EqualsIgnoreCase(one, name); });
}

struct EasyDelete {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDelete>;

void Append(HeaderList* list, std::string_view name, std::string_view value) {
  // An empty value needs the semicolon, or curl would drop the header.
  std::string line(name);
  value.empty() ? line.append(";") : line.append(": ").append(value);
  list->reset(curl_slist_append(list->release(), line.c_str()));
}

HeaderList HeadersFor(const http::Request& request) {
  HeaderList list;
  std::string origin;
  for (const http::Header& header : request.headers) {
    if (http::EqualsIgnoreCase(header.name, "x-forwarded-for")) origin = header.value;
    if (!Lists(kKeptBack, header.name)) Append(&list, header.name, header.value);
  }
  Append(&list, "X-Forwarded-For",
         origin.empty() ? request.peer_ip : origin + ", " + request.peer_ip);
  if (!request.FindHeader("X-Request-Id")) Append(&list, "X-Request-Id", request.request_id);
  Append(&list, kForwardedHeader, "1");
  if (!request.FindHeader("Content-Type"))
    list.reset(curl_slist_append(list.release(), "Content-Type:"));
  list.reset(curl_slist_append(list.release(), "Expect:"));
  return list;
}

std::string_view TrimLine(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  return http::TrimBlanks(text);
}

size_t TakeBody(char* bytes, size_t size, size_t count, void* context) {
  auto* const response = static_cast<http::Response*>(context);
  const size_t length = size * count;
  if (response->body.size() + length > kForwardedBytesMax) return 0;
  response->body.append(bytes, length);
  return length;
}

size_t TakeHeader(char* bytes, size_t size, size_t count, void* context) {
  auto* const response = static_cast<http::Response*>(context);
  const size_t length = size * count;
  const std::string_view line(bytes, length);
  const size_t colon = line.find(':');
  // A status line: an earlier answer, such as 100, is over.
  if (line.starts_with("HTTP/")) {
    response->headers.clear();
    response->content_type.clear();
  }
  if (colon == std::string_view::npos) return length;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = TrimLine(line.substr(colon + 1));
  if (http::EqualsIgnoreCase(name, "content-type")) response->content_type = value;
  if (Lists(kHandedBack, name)) response->headers.emplace_back(name, value);
  return length;
}

}  // namespace

Result<http::Response> Forward(const http::Request& request, const std::string& base_url) {
  const std::unique_ptr<CURL, EasyDelete> easy(curl_easy_init());
  const HeaderList headers = HeadersFor(request);
  const std::string url = base_url + std::string(request.target);
  const std::string method(request.method_name);
  http::Response response;
  CURL* const c = easy.get();
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(kForwardMs));
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, TakeHeader);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &response);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  if (!request.body.empty() || request.method == http::Method::kPost) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method.c_str());
  const CURLcode result = curl_easy_perform(c);
  if (result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST) {
    return Unavailable("The leader at " + base_url + " cannot be reached; nothing was written");
  }
  if (result != CURLE_OK) {
    return Internal(
        "No whole answer came from the leader, so whether the write took effect is "
        "unknown: retry with the same Idempotency-Key");
  }
  long code = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
  response.status = static_cast<int>(code);
  return response;
}

}  // namespace tenantry::outbound
