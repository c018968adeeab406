#include "tests/load/child_process.h"

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tenantry::load {
namespace {

constexpr double kStartSeconds = 60;
constexpr double kStopSeconds = 60;
constexpr auto kPollPause = std::chrono::milliseconds(5);

using SteadyClock = std::chrono::steady_clock;

SteadyClock::time_point After(double seconds) {
  return SteadyClock::now() +
         std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

// In the child, between fork and exec: only what a signal handler may do.
[[noreturn]] void Become(char* const* arguments, const char* out, const char* err) {
  setpgid(0, 0);
  const int out_fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_fd = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out_fd < 0 || err_fd < 0) _exit(126);
  if (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0) _exit(126);
  execvp(arguments[0], arguments);
  _exit(127);
}

}  // namespace

Result<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments,
                                         const std::string& stdout_path,
                                         const std::string& stderr_path) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));  // exec does not write to them.
  }
  pointers.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return Unavailable("fork failed");
  if (pid == 0) Become(pointers.data(), stdout_path.c_str(), stderr_path.c_str());
  return ChildProcess(pid);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  Reap(true);
}

bool ChildProcess::Reap(bool block) {
  if (pid_ <= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, block ? 0 : WNOHANG) != pid_) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  return true;
}

bool ChildProcess::Running() {
  return !Reap(false);
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

int ChildProcess::Wait(double limit_seconds) {
  const auto limit = After(limit_seconds);
  while (!Reap(false)) {
    if (SteadyClock::now() > limit) return -1;
    std::this_thread::sleep_for(kPollPause);
  }
  return exit_code_;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Result<std::string> RunTool(const std::vector<std::string>& arguments, const std::string& folder,
                            double limit_seconds) {
  const std::string out = folder + "/tool.out";
  const std::string err = folder + "/tool.err";
  TNT_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Start(arguments, out, err));
  const int code = process.Wait(limit_seconds);
  if (code == 127) return Unavailable(fmt::format("{} is not installed", arguments.front()));
  if (code != 0) {
    return Unavailable(fmt::format("{} ended with {}:\n{}{}", arguments.front(), code,
                                   ReadText(out), ReadText(err)));
  }
  return ReadText(out);
}

Result<ServerProcess> ServerProcess::Start(const std::string& binary, const std::string& folder,
                                           const std::vector<std::string>& more_arguments) {
  std::vector<std::string> arguments = {binary,           "serve",    "--data",
                                        folder + "/data", "--listen", "127.0.0.1:0"};
  arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
  const std::string out = folder + "/server.out";
  const std::string err = folder + "/server.err";
  unlink(out.c_str());  // What an earlier server of this folder printed is not its address.
  TNT_ASSIGN_OR_RETURN(ChildProcess process, ChildProcess::Start(arguments, out, err));
  constexpr std::string_view kReady = "tenantry: listening on ";
  const auto limit = After(kStartSeconds);
  while (process.Running() && SteadyClock::now() < limit) {
    const std::string text = ReadText(out);
    const size_t at = text.find(kReady);
    const size_t end = at == std::string::npos ? at : text.find('\n', at);
    if (end != std::string::npos) {
      const size_t from = at + kReady.size();
      return ServerProcess(std::move(process), text.substr(from, end - from));
    }
    std::this_thread::sleep_for(kPollPause);
  }
  return Unavailable(
      fmt::format("{} did not get ready:\n{}{}", binary, ReadText(out), ReadText(err)));
}

void ServerProcess::Kill() {
  process_.Signal(SIGKILL);
  process_.Wait(kStopSeconds);
}

void ServerProcess::Terminate() {
  process_.Signal(SIGTERM);
}

int ServerProcess::Stop() {
  Terminate();
  return process_.Wait(kStopSeconds);
}

}  // namespace tenantry::load
