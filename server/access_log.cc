#include "server/access_log.h"

#include <cerrno>
#include <iterator>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/time_format.h"
#include "engine/codec/json_out.h"

namespace tenantry::server {
namespace {

constexpr size_t kBufferBytesMax =
    4u << 20;  // Per loop: a quarter of a second of the busiest traffic seen.
constexpr int64_t kWriteEveryMs = 50;

std::string_view SeverityOf(int status) {
  if (status >= 500) return "ERROR";
  return status >= 400 ? "WARNING" : "INFO";
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

}  // namespace

AccessLog::AccessLog(int fd, uint32_t loops, const Clock& clock) : fd_(fd), clock_(clock) {
  for (uint32_t i = 0; i <= loops; ++i) buffers_.push_back(std::make_unique<Buffer>());
  writer_ = Thread("tnt-log-lines", [this] { Run(); });
}

AccessLog::~AccessLog() {
  {
    MutexLock lock(stop_mutex_);
    stop_ = true;
    stop_changed_.NotifyAll();
  }
  writer_.Join();
  WriteOut();
}

void AccessLog::Append(Buffer& buffer, std::string_view line) {
  MutexLock lock(buffer.mutex);
  if (buffer.lines.size() + line.size() > kBufferBytesMax) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  buffer.lines.append(line);
}

void AccessLog::Add(const http::AccessRecord& record) {
  thread_local std::string line;
  line.assign("{\"severity\":\"");
  line.append(SeverityOf(record.status)).append("\",\"time\":\"");
  AppendInstant(&line, clock_.NowUnixMs());
  line.append("\",\"requestId\":");
  codec::AppendJsonString(&line, record.request_id);
  line.append(",\"route\":\"");
  line.append(record.route != nullptr ? record.route->name : "none");
  line.push_back('"');
  if (!record.detail.empty()) {
    line.append(",\"message\":");
    codec::AppendJsonString(&line, record.detail);
  }
  line.append(",\"httpRequest\":{\"requestMethod\":");
  codec::AppendJsonString(&line, record.method_name);
  line.append(",\"requestUrl\":");
  codec::AppendJsonString(&line, record.target.substr(0, record.target.find('?')));
  fmt::format_to(std::back_inserter(line),
                 ",\"status\":{},\"responseSize\":{},\"latency\":\"{}.{:09}s\"}}}}\n",
                 record.status, record.body_bytes, record.latency_ns / 1'000'000'000,
                 record.latency_ns % 1'000'000'000);
  const size_t loop = record.loop < buffers_.size() - 1 ? record.loop : buffers_.size() - 1;
  Append(*buffers_[loop], line);
}

void AccessLog::Note(std::string_view severity, std::string_view message) {
  std::string line = "{\"severity\":\"";
  line.append(severity).append("\",\"time\":\"");
  AppendInstant(&line, clock_.NowUnixMs());
  line.append("\",\"message\":");
  codec::AppendJsonString(&line, message);
  line.append("}\n");
  Append(*buffers_.back(), line);
}

void AccessLog::Run() {
  for (;;) {
    {
      MutexLock lock(stop_mutex_);
      if (stop_) return;
      stop_changed_.WaitForMs(stop_mutex_, kWriteEveryMs);
    }
    WriteOut();
  }
}

void AccessLog::WriteOut() {
  std::string lines;
  for (const std::unique_ptr<Buffer>& buffer : buffers_) {
    lines.clear();
    {
      MutexLock lock(buffer->mutex);
      lines.swap(buffer->lines);
    }
    if (!lines.empty() && !WriteAll(fd_, lines)) dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  const uint64_t missing = dropped() - reported_;
  if (missing == 0) return;
  reported_ += missing;
  Note("WARNING", std::to_string(missing) +
                      " log lines were dropped because the log was slower than the traffic");
}

}  // namespace tenantry::server
