#pragma once
// Condition: what must hold at the very moment a command runs, such as "the resource still is as the client saw it".
//
// While a condition lives, the first command of its thread asks it inside the partition, before the plan, and is refused
// when it does not hold. Until the check returns, Engine::View() shows this thread what the plan will see: entries that are
// not applied yet included. So nothing can slip between check and command.
//
// Rules    the check reads one tenant and the directory, and runs no commands.
// Errors   the command is refused with kUnavailable, which nothing keeps as an answer; ask failed(). kWouldBlock from the
//          check is passed on.
// Threads  its own. Conditions do not nest.

#include <functional>

#include "engine/base/status.h"

namespace tenantry {

class Condition {
 public:
  // OK: it holds. kWouldBlock: cannot be told on the inline tier. Anything else: it does not hold.
  using Check = std::function<Status()>;
  explicit Condition(Check check);
  ~Condition();
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // Of the calling thread, or nullptr.
  static Condition* Current();

  // Whether a command was refused because of it.
  bool failed() const { return failed_; }

 private:
  friend class Engine;
  Status Ask();

  const Check check_;
  bool failed_ = false;
  bool met_ = false;  // A command ran under it: what follows changes what that one changed.
};

}  // namespace tenantry
