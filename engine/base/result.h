#pragma once
// Result<T>: a value, or the Status that says why there is none. Exceptions do not cross our headers;
// std::expected is not usable with Clang 14, so this small type is ours.

#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/status.h"

namespace tenantry {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): return value;
  Result(Status status)
      : status_(std::move(status)) {  // NOLINT(google-explicit-constructor): errors
    TNT_CHECK(!status_.ok());
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // Stops the process when there is no value: look at ok() first.
  const T& value() const& {
    TNT_CHECK(ok());
    return *value_;
  }
  T& value() & {
    TNT_CHECK(ok());
    return *value_;
  }
  T&& value() && {
    TNT_CHECK(ok());
    return *std::move(value_);
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace tenantry

#define TNT_CONCAT_INNER(a, b) a##b
#define TNT_CONCAT(a, b) TNT_CONCAT_INNER(a, b)

#define TNT_RETURN_IF_ERROR(expr)                                                    \
  do {                                                                               \
    if (::tenantry::Status tnt_status = (expr); !tnt_status.ok()) return tnt_status; \
  } while (false)

#define TNT_ASSIGN_OR_RETURN(lhs, expr) \
  TNT_ASSIGN_OR_RETURN_INNER(TNT_CONCAT(tnt_result_, __LINE__), lhs, expr)
#define TNT_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) return tmp.status();              \
  lhs = std::move(tmp).value()
