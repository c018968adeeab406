#include "server/reply.h"

#include <string>

#include "engine/base/time_format.h"
#include "engine/codec/json_out.h"

namespace tenantry::server {
namespace {

constexpr std::string_view kInternalMessage = "Internal server error";

// First path segments of the popup API; everything else answers like the gym (crosscutting.md A5, A6).
constexpr std::string_view kPopupSegments[] = {
    "popups",        "discount-codes", "email-subscribers", "analytics", "ab-testing", "revenue",
    "subscriptions", "scripts",        "shopify",           "socket.io", "shops"};

// One string, or an array of strings for field validation.
void AppendMessage(std::string* out, const Status& status) {
  if (status.details().empty()) {
    const bool hidden = HttpStatusOf(status.code()) == 500;
    codec::AppendJsonString(out, hidden ? kInternalMessage : status.message());
    return;
  }
  out->push_back('[');
  for (const std::string& detail : status.details()) {
    if (out->back() != '[') out->push_back(',');
    codec::AppendJsonString(out, detail);
  }
  out->push_back(']');
}

void AddRetryAfter(const Status& status, http::Response* response) {
  if (status.code() == StatusCode::kUnavailable) response->headers.emplace_back("Retry-After", "1");
}

// Messages of our own errors name things and ids, never their values, so they may be logged.
void NoteForLog(const Status& status, http::Response* response) {
  if (response->status >= 500) response->log_detail = status.ToString();
}

http::Response Rerun() {
  http::Response response;
  response.rerun_blocking = true;
  return response;
}

http::Response GymErrorBody(int status, std::string_view message_json, const http::Request& request,
                            const Clock& clock) {
  std::string body;
  {
    codec::ObjectWriter error(&body);
    error.Int("statusCode", status);
    error.Raw("message", message_json);
    error.String("error", ReasonPhrase(status));
    error.Instant("timestamp", clock.NowUnixMs());
    error.String("path", request.target);
  }
  return http::Response::Json(status, std::move(body));
}

http::Response PopupErrorBody(int status, std::string_view message_json) {
  std::string body = "{\"message\":";
  body.append(message_json);
  // The original leaves `error` out of its 429, 413 and 500 answers.
  if (status != 429 && status != 413 && status != 500) {
    body.append(",\"error\":");
    codec::AppendJsonString(&body, ReasonPhrase(status));
  }
  body.append(",\"statusCode\":").append(std::to_string(status)).push_back('}');
  return http::Response::Json(status, std::move(body));
}

std::string JsonString(std::string_view text) {
  std::string json;
  codec::AppendJsonString(&json, text);
  return json;
}

}  // namespace

int HttpStatusOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kInvalidArgument:
      return 400;
    case StatusCode::kUnauthenticated:
      return 401;
    case StatusCode::kPermissionDenied:
      return 403;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
      return 409;
    case StatusCode::kConflict:
      return 409;
    case StatusCode::kQuotaExceeded:
      return 429;
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kWouldBlock:
      return 503;
    case StatusCode::kNoSpace:
      return 507;
    case StatusCode::kCorruption:
      return 500;
    case StatusCode::kIoError:
      return 500;
    case StatusCode::kInternal:
      return 500;
  }
  return 500;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Error";
  }
}

http::Response GymError(int status, std::string_view message, const http::Request& request,
                        const Clock& clock) {
  return GymErrorBody(status, JsonString(message), request, clock);
}

http::Response PopupError(int status, std::string_view message) {
  return PopupErrorBody(status, JsonString(message));
}

http::Response FamilyError(int status, std::string_view message, const http::Request& request,
                           const Clock& clock) {
  if (IsPopupPath(request.path)) return PopupError(status, message);
  return GymError(status, message, request, clock);
}

http::Response GymError(const Status& status, const http::Request& request, const Clock& clock) {
  if (status.code() == StatusCode::kWouldBlock && !request.blocking_lane) return Rerun();
  std::string message;
  AppendMessage(&message, status);
  http::Response response = GymErrorBody(HttpStatusOf(status.code()), message, request, clock);
  AddRetryAfter(status, &response);
  NoteForLog(status, &response);
  return response;
}

http::Response PopupError(const Status& status) {
  if (status.code() == StatusCode::kWouldBlock) return Rerun();
  std::string message;
  AppendMessage(&message, status);
  http::Response response = PopupErrorBody(HttpStatusOf(status.code()), message);
  AddRetryAfter(status, &response);
  NoteForLog(status, &response);
  return response;
}

bool IsPopupPath(std::string_view path) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find_first_of("/?"));
  for (const std::string_view known : kPopupSegments) {
    if (segment == known) return true;
  }
  return false;
}

}  // namespace tenantry::server
