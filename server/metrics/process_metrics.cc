#include "server/metrics/process_metrics.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tenantry::metrics {
namespace {

std::string ReadText(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The fields of /proc/self/stat behind the command's name, which may itself hold spaces: [0] is the state.
std::vector<std::string> StatFields() {
  const std::string stat = ReadText("/proc/self/stat");
  const size_t name_end = stat.rfind(')');
  std::vector<std::string> fields;
  size_t at = name_end == std::string::npos ? stat.size() : name_end + 2;
  while (at < stat.size()) {
    const size_t space = std::min(stat.find(' ', at), stat.size());
    fields.push_back(stat.substr(at, space - at));
    at = space + 1;
  }
  return fields;
}

double BootUnixSeconds() {
  const std::string stat = ReadText("/proc/stat");
  const size_t at = stat.find("btime ");
  return at == std::string::npos ? 0 : std::strtod(stat.c_str() + at + 6, nullptr);
}

uint64_t CountDescriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  uint64_t count = 0;
  while (const dirent* const entry = readdir(folder)) count += entry->d_name[0] != '.';
  closedir(folder);
  return count == 0 ? 0 : count - 1;  // Not the one that reads the folder.
}

}  // namespace

ProcessUsage ReadProcessUsage() {
  // Numbers of proc(5), counted from the state, which is the third field of the file.
  constexpr size_t kUserTicks = 11, kSystemTicks = 12, kThreads = 17, kStartTicks = 19,
                   kVirtualBytes = 20, kResidentPages = 21;
  ProcessUsage usage;
  const std::vector<std::string> fields = StatFields();
  if (fields.size() > kResidentPages) {
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto number = [&](size_t field) {
      return std::strtoull(fields[field].c_str(), nullptr, 10);
    };
    usage.cpu_seconds = static_cast<double>(number(kUserTicks) + number(kSystemTicks)) / ticks;
    usage.threads = number(kThreads);
    usage.virtual_bytes = number(kVirtualBytes);
    usage.resident_bytes = number(kResidentPages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    usage.start_unix_seconds = BootUnixSeconds() + static_cast<double>(number(kStartTicks)) / ticks;
  }
  usage.open_descriptors = CountDescriptors();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.descriptors_max = limit.rlim_cur;
  return usage;
}

void CollectProcess(Exposition& out) {
  const ProcessUsage usage = ReadProcessUsage();
  out.Family("process_cpu_seconds_total", Type::kCounter,
             "User and system processor time spent, in seconds.");
  out.Sample({}, usage.cpu_seconds);
  out.Gauge("process_resident_memory_bytes", "Resident memory, in bytes.", usage.resident_bytes);
  out.Gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.", usage.virtual_bytes);
  out.Gauge("process_threads", "Threads of the process.", usage.threads);
  out.Gauge("process_open_fds", "Open file descriptors.", usage.open_descriptors);
  out.Gauge("process_max_fds", "Limit of open file descriptors.", usage.descriptors_max);
  out.Gauge("process_start_time_seconds", "Start of the process, seconds since the Unix epoch.",
            usage.start_unix_seconds);
}

}  // namespace tenantry::metrics
