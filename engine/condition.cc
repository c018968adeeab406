#include "engine/condition.h"

#include <utility>

#include "engine/base/check.h"

namespace tenantry {
namespace {

thread_local Condition* current = nullptr;

}  // namespace

Condition::Condition(Check check) : check_(std::move(check)) {
  TNT_CHECK(current == nullptr);
  current = this;
}
Condition::~Condition() {
  current = nullptr;
}

Condition* Condition::Current() {
  return current;
}

Status Condition::Ask() {
  if (met_) return Status::Ok();
  const Status held = check_();
  failed_ = !held.ok() && held.code() != StatusCode::kWouldBlock;
  return failed_ ? Unavailable("the condition of the request does not hold") : held;
}

}  // namespace tenantry
