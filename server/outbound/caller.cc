#include "server/outbound/caller.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace tenantry::outbound {
namespace {

struct UrlDelete {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct EasyDelete {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

// What the callbacks of one call share.
struct Exchange {
  const AddressPolicy& policy;
  std::string body;
  bool refused = false;
};

// Opens the socket only to an address that may be dialled: the last moment at which it can still be refused.
curl_socket_t OpenSocket(void* context, curlsocktype, curl_sockaddr* address) {
  auto* exchange = static_cast<Exchange*>(context);
  const bool known = address->family == AF_INET || address->family == AF_INET6;
  sockaddr_storage peer{};
  std::memcpy(&peer, &address->addr, std::min<size_t>(address->addrlen, sizeof peer));
  if (!known || !exchange->policy.Allows(http::IpAddressOf(peer))) {
    exchange->refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

size_t TakeBody(char* bytes, size_t size, size_t count, void* context) {
  auto* exchange = static_cast<Exchange*>(context);
  const size_t room = kReplyBytesMax - exchange->body.size();
  exchange->body.append(bytes, std::min(room, size * count));
  // What a target says beyond that is of no use; an answer that never ends is cut off.
  return size * count > room ? 0 : size * count;
}

bool CountsAsFailure(const Reply& reply) {
  return !reply.status.ok() || reply.code >= 500 || reply.code == 429;
}

}  // namespace

Result<std::string> TargetOf(std::string_view url) {
  if (url.size() > kUrlBytesMax) return InvalidArgument("the URL is longer than 2048 characters");
  const std::unique_ptr<CURLU, UrlDelete> parsed(curl_url());
  const std::string text(url);
  if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return InvalidArgument("must be a URL such as https://example.com/hooks");
  }
  const std::string scheme = PartOf(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    return InvalidArgument("the URL must start with https:// or http://");
  }
  if (!PartOf(parsed.get(), CURLUPART_USER).empty()) {
    return InvalidArgument("the URL must not hold a user name or password");
  }
  const std::string host = PartOf(parsed.get(), CURLUPART_HOST);
  if (host.empty()) return InvalidArgument("the URL names no host");
  return scheme + "://" + host + ":" + PartOf(parsed.get(), CURLUPART_PORT);
}

Caller::Caller(const Clock& clock, AddressPolicy policy)
    : policy_(std::move(policy)), breakers_(clock) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

Caller::~Caller() {
  curl_global_cleanup();
}

Reply Caller::Post(const Call& call) {
  Reply reply;
  const Result<std::string> target = TargetOf(call.url);
  if (!target.ok()) {
    reply.status = target.status();
    return reply;
  }
  int64_t wait_ms = 0;
  if (!breakers_.Allow(*target, &wait_ms)) {
    reply.status = Unavailable("calls to this target are held back after errors");
    reply.breaker_wait_ms = wait_ms;
    return reply;
  }
  reply = Perform(call);
  breakers_.Report(*target, !CountsAsFailure(reply));
  return reply;
}

Reply Caller::Perform(const Call& call) const {
  Reply reply;
  Exchange exchange{policy_, {}, false};
  const std::unique_ptr<CURL, EasyDelete> easy(curl_easy_init());
  std::unique_ptr<curl_slist, ListDelete> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"));
  headers.reset(curl_slist_append(headers.release(), "Expect:"));
  for (const auto& [name, value] : call.headers) {
    headers.reset(curl_slist_append(headers.release(), (name + ": " + value).c_str()));
  }
  char why[CURL_ERROR_SIZE] = "";
  CURL* const c = easy.get();
  curl_easy_setopt(c, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(kCallTimeoutMs));
  curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "tenantry-webhooks/1");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_POSTFIELDS, call.body.data());
  curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  const CURLcode result = curl_easy_perform(c);
  long code = 0;
  curl_off_t took_us = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
  curl_easy_getinfo(c, CURLINFO_TOTAL_TIME_T, &took_us);
  reply.code = static_cast<int>(code);
  reply.took_ms = took_us / 1000;
  reply.body = std::move(exchange.body);
  const bool cut_short = result == CURLE_WRITE_ERROR && reply.body.size() == kReplyBytesMax;
  if (result == CURLE_OK || cut_short) return reply;
  reply.code = 0;
  if (exchange.refused) {
    reply.status = PermissionDenied("the target's address is not one that webhooks may be sent to");
  } else {
    reply.status = Unavailable(why[0] != '\0' ? why : curl_easy_strerror(result));
  }
  return reply;
}

}  // namespace tenantry::outbound
