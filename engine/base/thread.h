#pragma once
// Thread: a named thread that its owner joins.
//
// Threads  construct and destroy on one thread; the destructor waits for the body to return.

#include <functional>
#include <string>
#include <thread>

namespace tenantry {

class Thread {
 public:
  Thread() = default;
  // At most 15 characters of `name` are shown by the system. An exception that leaves `body` stops the process.
  Thread(const std::string& name, std::function<void()> body);
  ~Thread() { Join(); }
  Thread(Thread&&) = default;
  Thread& operator=(Thread&&) = default;

  // Asks the scheduler to prefer the calling thread over others of the machine: -20 is most. Refused without the right to
  // do so, which costs latency only.
  static void PreferCallingThread(int nice);

  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace tenantry
