#include "server/access_log.h"

#include <cerrno>
#include <iterator>

#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/time_format.h"
#include "engine/codec/json_out.h"
#include "engine/schema/catalog.h"

namespace tenantry::server {
namespace {

constexpr size_t kBufferBytesMax =
    4u << 20;  // Per loop: a quarter of a second of the busiest traffic seen.
constexpr int64_t kWriteEveryMs = 50;

std::string_view SeverityOf(int status) {
  if (status >= 500) return "ERROR";
  return status >= 400 ? "WARNING" : "INFO";
}

LogLevel LevelOf(std::string_view severity) {
  if (severity == "ERROR") return LogLevel::kError;
  return severity == "WARNING" ? LogLevel::kWarning : LogLevel::kInfo;
}

// Seconds with the suffix s, as log services parse a duration.
void AppendDuration(std::string* line, int64_t duration_ns) {
  fmt::format_to(std::back_inserter(*line), FMT_COMPILE("{}.{:09}s"), duration_ns / 1'000'000'000,
                 duration_ns % 1'000'000'000);
}

void AppendText(std::string* line, std::string_view key, std::string_view value) {
  line->append(",\"").append(key).append("\":");
  codec::AppendJsonString(line, value);
}

void AppendStart(std::string* line, std::string_view severity, int64_t now_unix_ms) {
  line->assign("{\"severity\":\"");
  line->append(severity).append("\",\"time\":\"");
  AppendInstant(line, now_unix_ms);
  line->push_back('"');
}

void AppendIndex(std::string* line, const schema::IndexInfo& index) {
  fmt::format_to(std::back_inserter(*line), ",\"index\":{},\"indexFields\":[", index.number);
  for (const schema::FieldInfo* field : index.fields) {
    if (line->back() != '[') line->push_back(',');
    codec::AppendJsonString(line, field->name);
  }
  line->push_back(']');
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

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  if (name == "off") return LogLevel::kOff;
  return std::nullopt;
}

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

bool AccessLog::WantsSeverity(std::string_view severity) const {
  return LevelOf(severity) >= level_.load(std::memory_order_relaxed);
}

bool AccessLog::Wants(int status) const {
  return WantsSeverity(SeverityOf(status));
}

void AccessLog::Add(const http::AccessRecord& record, std::string_view url,
                    std::string_view tenant) {
  thread_local std::string line;
  AppendStart(&line, SeverityOf(record.status), clock_.NowUnixMs());
  AppendText(&line, "requestId", record.request_id);
  AppendText(&line, "route", record.route != nullptr ? record.route->name : "none");
  if (!tenant.empty()) AppendText(&line, "tenant", tenant);
  if (!record.detail.empty()) AppendText(&line, "message", record.detail);
  line.append(",\"httpRequest\":{\"requestMethod\":");
  codec::AppendJsonString(&line,
                          record.method == http::Method::kOther ? "other" : record.method_name);
  AppendText(&line, "requestUrl", url);
  fmt::format_to(std::back_inserter(line),
                 FMT_COMPILE(",\"status\":{},\"responseSize\":{},\"latency\":\""), record.status,
                 record.body_bytes);
  AppendDuration(&line, record.latency_ns);
  line.append("\"}}\n");
  const size_t loop = record.loop < buffers_.size() - 1 ? record.loop : buffers_.size() - 1;
  Append(*buffers_[loop], line);
}

void AccessLog::AddSlow(const http::Request& request, const http::Route& route,
                        std::string_view tenant, const SlowOperation& operation) {
  if (!WantsSeverity("WARNING")) return;
  std::string line;
  AppendStart(&line, "WARNING", clock_.NowUnixMs());
  AppendText(&line, "message", "slow operation");
  AppendText(&line, "requestId", request.request_id);
  AppendText(&line, "route", route.name);
  if (!tenant.empty()) AppendText(&line, "tenant", tenant);
  line.append(",\"slowOperation\":{\"kind\":");
  codec::AppendJsonString(&line, operation.kind);
  if (operation.collection != nullptr) {
    AppendText(&line, "collection", operation.collection->name);
    if (operation.index != 0) AppendIndex(&line, operation.collection->Index(operation.index));
  }
  if (operation.command != 0) {
    fmt::format_to(std::back_inserter(line), ",\"command\":{}", operation.command);
  }
  fmt::format_to(std::back_inserter(line), ",\"rowsScanned\":{},\"duration\":\"", operation.rows);
  AppendDuration(&line, operation.duration_ns);
  line.append("\"}}\n");
  Append(*buffers_.back(), line);
}

void AccessLog::Note(std::string_view severity, std::string_view message) {
  if (!WantsSeverity(severity)) return;
  std::string line;
  AppendStart(&line, severity, clock_.NowUnixMs());
  AppendText(&line, "message", message);
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
