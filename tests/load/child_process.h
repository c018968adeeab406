#pragma once
// ChildProcess: one program started by a test, gone when the object is. ServerProcess: our binary, ready to answer.
//
// Errors   a program that cannot be started or does not become ready is kUnavailable, with what it printed.
// Threads  one at a time.
// Owns     the process, which is in a group of its own, and the files its output goes to.

#include <string>
#include <vector>

#include <sys/types.h>

#include "engine/base/result.h"

namespace tenantry::load {

class ChildProcess {
 public:
  // The first argument is the program, looked up in PATH. Output goes to the two files.
  static Result<ChildProcess> Start(const std::vector<std::string>& arguments,
                                    const std::string& stdout_path, const std::string& stderr_path);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  bool Running();
  void Signal(int signal);
  // The exit code, 128 + n after signal n, or -1 when it still runs after `limit_seconds`.
  int Wait(double limit_seconds);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  bool Reap(bool block);

  pid_t pid_;
  int exit_code_ = -1;
};

std::string ReadText(const std::string& path);

// A tool that ends by itself: what it printed, when it exited with 0.
Result<std::string> RunTool(const std::vector<std::string>& arguments, const std::string& folder,
                            double limit_seconds);

class ServerProcess {
 public:
  // Serves from `folder`/data on a free port of 127.0.0.1.
  static Result<ServerProcess> Start(const std::string& binary, const std::string& folder,
                                     const std::vector<std::string>& more_arguments);
  const std::string& url() const { return url_; }  // Without a slash at the end.
  // Asks it to end, as an operator would, and does not wait.
  void Terminate();
  // Terminate() and wait; its exit code.
  int Stop();
  void Signal(int signal) { process_.Signal(signal); }
  // kill -9, and waits until it is gone.
  void Kill();

 private:
  ServerProcess(ChildProcess process, std::string url)
      : process_(std::move(process)), url_(std::move(url)) {}
  ChildProcess process_;
  std::string url_;
};

}  // namespace tenantry::load
