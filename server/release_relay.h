#pragma once
// ReleaseRelay: carries the engine's releases to the HTTP server, which is made after the first commands ran and gone before
// the last.
//
// Threads  Notify from the apply thread, Connect from the thread that owns the server. After Connect(nullptr) returns, the
//          server is not touched any more.

#include "engine/base/mutex.h"
#include "server/http/server.h"

namespace tenantry::server {

class ReleaseRelay {
 public:
  void Connect(http::Server* server) {
    MutexLock lock(mutex_);
    server_ = server;
  }
  void Notify() {
    MutexLock lock(mutex_);
    if (server_ != nullptr) server_->NotifyReleased();
  }

 private:
  Mutex mutex_{"release_relay"};
  http::Server* server_ TNT_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace tenantry::server
