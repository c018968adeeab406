#include "server/http/httplib_adapter.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <httplib.h>

#include "engine/base/check.h"
#include "engine/base/text_hash.h"
#include "server/http/text.h"

namespace tenantry::http {
namespace {

// Headers that the loop sets itself; a handler cannot override them.
bool IsOurs(std::string_view name) {
  switch (name.size()) {
    case 4:
      return EqualsIgnoreCase(name, "date");
    case 10:
      return EqualsIgnoreCase(name, "connection") || EqualsIgnoreCase(name, "keep-alive");
    case 12:
      return EqualsIgnoreCase(name, "x-request-id");
    case 14:
      return EqualsIgnoreCase(name, "content-length");
    case 17:
      return EqualsIgnoreCase(name, "transfer-encoding");
    default:
      return false;
  }
}

// The request line alone: the framer has read the headers by stricter rules, and handlers see its.
void WriteRequest(const Request& request, std::string* out) {
  out->append(request.method_name).append(" ").append(request.path);
  if (!request.query.empty()) {
    out->push_back('?');
    for (const char c : request.query) {
      if (c == '?') {
        out->append("%3F");
      } else {
        out->push_back(c);
      }
    }
  }
  out->append(" HTTP/1.1\r\n\r\n");
}

// A value with a line break would start a header of its own; such a header is left out.
bool IsOneLine(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void AppendHeader(std::string_view name, std::string_view value, std::string* head) {
  if (IsOurs(name) || !IsOneLine(name) || !IsOneLine(value)) return;
  head->append(name).append(": ").append(value).append("\r\n");
}

class MemoryStream final : public httplib::Stream {
 public:
  MemoryStream(std::string_view input, std::string* output) : input_(input), output_(output) {}

  bool is_readable() const override { return !input_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, size_t size) override {
    const size_t n = std::min(size, input_.size());
    if (n == 1) {  // The request line is taken byte by byte.
      *out = input_.front();
    } else {
      std::memcpy(out, input_.data(), n);
    }
    input_.remove_prefix(n);
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* data, size_t size) override {
    output_->append(data, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return 0; }

 private:
  std::string_view input_;
  std::string* output_;
};

constexpr std::string_view kAnyRequest = "GET / HTTP/1.1\r\n\r\n";

}  // namespace

class HttplibAdapter::Core : public httplib::Server {
 public:
  Core() {
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& out) {
      took_it_ = true;
      out.status = status_;
      return HandlerResponse::Handled;
    });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& out) {
      // All are httplib's own. It writes no body, so its length would be wrong too.
      out.headers.clear();
    });
  }

  bool Accepts(const Request& request, int* refused_status) {
    shown_.clear();
    WriteRequest(request, &shown_);
    if (taken_.contains(shown_)) return true;
    std::string answer;
    if (!Process(shown_, 200, &answer)) {
      *refused_status = answer.starts_with("HTTP/1.1 414") ? 414 : 400;
      return false;
    }
    if (shown_.size() > kLineBytesMax) return true;
    if (taken_.size() == kLinesMax) taken_.clear();
    taken_.insert(shown_);
    return true;
  }

  size_t remembered() const { return taken_.size(); }

  const std::string& StatusLine(int status) {
    std::string& line = status_lines_[status];
    if (line.empty()) {
      TNT_CHECK(Process(kAnyRequest, status, &line));
      line.resize(line.size() - 2);  // The empty line.
    }
    return line;
  }

 private:
  // Whether httplib takes the request; its answer then has `status` and no headers.
  // "Connection: close" is cheaper for httplib to make than its Keep-Alive header; both are removed.
  bool Process(std::string_view request, int status, std::string* answer) {
    MemoryStream stream(request, answer);
    status_ = status;
    took_it_ = false;
    bool closed = false;
    process_request(stream, true, closed, no_setup_);
    return took_it_;
  }

  int status_ = 0;
  bool took_it_ = false;
  const std::function<void(httplib::Request&)> no_setup_;

  std::string shown_;  // The request as httplib sees it; kept for its memory.
  // What it took, as it saw it.
  std::unordered_set<std::string, TextHash, std::equal_to<>> taken_;
  std::unordered_map<int, std::string> status_lines_;
};

HttplibAdapter::HttplibAdapter() : core_(std::make_unique<Core>()) {}
HttplibAdapter::~HttplibAdapter() = default;

bool HttplibAdapter::Accepts(const Request& request, int* refused_status) {
  return core_->Accepts(request, refused_status);
}

size_t HttplibAdapter::remembered() const {
  return core_->remembered();
}

void HttplibAdapter::Render(const Response& response, std::string* head) {
  head->append(core_->StatusLine(response.status));
  if (!response.content_type.empty()) AppendHeader("Content-Type", response.content_type, head);
  for (const auto& [name, value] : response.headers) AppendHeader(name, value, head);
}

}  // namespace tenantry::http
