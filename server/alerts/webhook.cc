#include "server/alerts/webhook.h"

#include <memory>

#include <curl/curl.h>

namespace tenantry::alerts {
namespace {

size_t Ignore(char* /*bytes*/, size_t size, size_t count, void* /*context*/) {
  return size * count;
}

}  // namespace

Status CheckWebhookUrl(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), curl_url_cleanup);
  char* scheme = nullptr;
  const bool parsed = curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
                      curl_url_get(parts.get(), CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
  const std::string found = scheme != nullptr ? scheme : "";
  curl_free(scheme);
  if (parsed && (found == "http" || found == "https")) return Status::Ok();
  return InvalidArgument("the webhook address must be a URL such as https://example.com/alerts");
}

Status PostWebhook(const std::string& url, const std::string& body) {
  const std::unique_ptr<CURL, void (*)(CURL*)> request(curl_easy_init(), curl_easy_cleanup);
  if (!request) return Unavailable("the webhook client did not start");
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  CURL* const curl = request.get();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kWebhookTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Ignore);
  const CURLcode sent = curl_easy_perform(curl);
  if (sent != CURLE_OK) {
    return Unavailable(std::string("the webhook was not delivered: ") + curl_easy_strerror(sent));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return Status::Ok();
  return Unavailable("the webhook was answered with status " + std::to_string(status));
}

}  // namespace tenantry::alerts
