#pragma once
// Status: the outcome of an operation that can fail.
//
// Shape    a code, one message, and for bad input one message per broken rule.
// Errors   codes say what the caller can do; none names a transport (server/reply.cc maps them).
// Threads  a value type; copies are independent.
// Owns     its text. An OK status allocates nothing.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenantry {

enum class StatusCode : uint8_t {
  kOk = 0,
  kInvalidArgument,   // The input is wrong; the same call will fail again.
  kUnauthenticated,   // The caller is not who it says, or says nothing.
  kPermissionDenied,  // The caller is known and may not do this.
  kNotFound,          // The named thing does not exist, or not for this caller.
  kAlreadyExists,     // A unique value is taken.
  kConflict,          // The state forbids it now; read again and decide.
  kQuotaExceeded,     // A limit of the caller is reached.
  kUnavailable,       // Try again later, unchanged.
  kWouldBlock,        // The answer is not in memory; run again where waiting for a disk is allowed.
  kNoSpace,           // The disk is full; deletes still pass.
  kCorruption,        // Stored bytes fail a check.
  kIoError,           // The operating system refused a read, write or sync.
  kInternal,          // A bug.
};

// The name of a code as it appears in logs, such as "not_found".
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message);
  Status(StatusCode code, std::string message, std::vector<std::string> details);

  static Status Ok() { return Status(); }

  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  std::string_view message() const { return rep_ ? std::string_view(rep_->message) : ""; }
  // One message per broken input rule, in the order the rules are declared; empty for other errors.
  const std::vector<std::string>& details() const;
  // "not_found: Booking with ID x not found", for logs and command lines.
  std::string ToString() const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
    std::vector<std::string> details;
  };
  std::shared_ptr<const Rep> rep_;
};

inline Status InvalidArgument(std::string m) {
  return {StatusCode::kInvalidArgument, std::move(m)};
}
inline Status Unauthenticated(std::string m) {
  return {StatusCode::kUnauthenticated, std::move(m)};
}
inline Status PermissionDenied(std::string m) {
  return {StatusCode::kPermissionDenied, std::move(m)};
}
inline Status NotFound(std::string m) {
  return {StatusCode::kNotFound, std::move(m)};
}
inline Status AlreadyExists(std::string m) {
  return {StatusCode::kAlreadyExists, std::move(m)};
}
inline Status Conflict(std::string m) {
  return {StatusCode::kConflict, std::move(m)};
}
inline Status QuotaExceeded(std::string m) {
  return {StatusCode::kQuotaExceeded, std::move(m)};
}
inline Status Unavailable(std::string m) {
  return {StatusCode::kUnavailable, std::move(m)};
}
inline Status WouldBlock() {
  return {StatusCode::kWouldBlock, "not in memory"};
}
inline Status NoSpace(std::string m) {
  return {StatusCode::kNoSpace, std::move(m)};
}
inline Status Corruption(std::string m) {
  return {StatusCode::kCorruption, std::move(m)};
}
inline Status IoError(std::string m) {
  return {StatusCode::kIoError, std::move(m)};
}
inline Status Internal(std::string m) {
  return {StatusCode::kInternal, std::move(m)};
}
// Bad input with one message per broken rule.
Status InvalidFields(std::vector<std::string> messages);

}  // namespace tenantry
