#include "engine/base/status.h"

namespace tenantry {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid_argument";
    case StatusCode::kUnauthenticated:
      return "unauthenticated";
    case StatusCode::kPermissionDenied:
      return "permission_denied";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kAlreadyExists:
      return "already_exists";
    case StatusCode::kConflict:
      return "conflict";
    case StatusCode::kQuotaExceeded:
      return "quota_exceeded";
    case StatusCode::kUnavailable:
      return "unavailable";
    case StatusCode::kWouldBlock:
      return "would_block";
    case StatusCode::kNoSpace:
      return "no_space";
    case StatusCode::kCorruption:
      return "corruption";
    case StatusCode::kIoError:
      return "io_error";
    case StatusCode::kInternal:
      return "internal";
  }
  return "unknown";
}

Status::Status(StatusCode code, std::string message) : Status(code, std::move(message), {}) {}

Status::Status(StatusCode code, std::string message, std::vector<std::string> details) {
  if (code == StatusCode::kOk) return;
  rep_ = std::make_shared<const Rep>(Rep{code, std::move(message), std::move(details)});
}

const std::vector<std::string>& Status::details() const {
  static const std::vector<std::string> kNone;
  return rep_ ? rep_->details : kNone;
}

std::string Status::ToString() const {
  if (ok()) return "ok";
  std::string text(StatusCodeName(code()));
  text.append(": ").append(message());
  for (const std::string& detail : details()) text.append("; ").append(detail);
  return text;
}

Status InvalidFields(std::vector<std::string> messages) {
  return {StatusCode::kInvalidArgument, "Bad Request", std::move(messages)};
}

}  // namespace tenantry
