#include "engine/base/thread.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>

namespace tenantry {

void Thread::PreferCallingThread(int nice) {
  // 0 means this thread, not the process (setpriority(2), "C library/kernel differences").
  static_cast<void>(setpriority(PRIO_PROCESS, 0, nice));
}

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
