#pragma once
// ServiceNotify: tells the service manager what state this process is in, as sd_notify(3) does.
//
// Errors   none: without a manager ($NOTIFY_SOCKET unset) nothing happens, and one that does not listen is not waited for.

#include <string_view>

namespace tenantry::tools {

// "READY=1", "STOPPING=1", "RELOADING=1"; several lines are separated by '\n'.
void NotifyService(std::string_view state);

}  // namespace tenantry::tools
