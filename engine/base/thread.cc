#include "engine/base/thread.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace tenantry {

Thread::Thread(const std::string& name, std::function<void()> body)
    : thread_([name, body = std::move(body)] {
        pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
        try {
          body();
        } catch (const std::exception& error) {
          std::fprintf(stderr, "tenantry: thread %s stopped: %s\n", name.c_str(), error.what());
          std::abort();
        }
      }) {}

}  // namespace tenantry
