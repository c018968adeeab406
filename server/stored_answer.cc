#include "server/stored_answer.h"

#include <string>

#include "engine/codec/text_view.h"

namespace tenantry::server {

using codec::String;

bool IsFinal(int status) {
  return status < 500 && status != 401 && status != 408 && status != 425 && status != 429;
}

AnswerDraft AnswerOf(const http::Response& response) {
  AnswerDraft answer;
  answer->setStatus(response.status);
  answer->setContentType(response.content_type);
  answer->setBody(response.shared_body ? *response.shared_body : response.body);
  for (const auto& [name, value] : response.headers) {
    if (name == "ETag") answer->setEntityTag(value);
    if (name == "Location") answer->setLocation(value);
  }
  return answer;
}

http::Response ResponseOf(const schema::StoredAnswer::Reader& answer) {
  http::Response response;
  response.status = answer.getStatus();
  response.content_type = String(answer.getContentType());
  response.body = String(answer.getBody());
  if (answer.hasEntityTag()) response.headers.emplace_back("ETag", String(answer.getEntityTag()));
  if (answer.hasLocation()) response.headers.emplace_back("Location", String(answer.getLocation()));
  MarkReplayed(&response);
  return response;
}

void MarkReplayed(http::Response* response) {
  response->headers.emplace_back("Idempotent-Replayed", "true");
}

}  // namespace tenantry::server
