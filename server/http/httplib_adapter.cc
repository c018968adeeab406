#include "server/http/httplib_adapter.h"

#include <algorithm>
#include <cstring>

#include <httplib.h>

#include "engine/base/check.h"
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

// Ends what httplib wrote, a status line and an empty line, with the response's headers instead.
void AppendHeaders(const Response& response, std::string* head) {
  head->resize(head->size() - 2);
  if (!response.content_type.empty()) AppendHeader("Content-Type", response.content_type, head);
  for (const auto& [name, value] : response.headers) AppendHeader(name, value, head);
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
      called_ = true;
      if (dispatcher_) response_ = dispatcher_->Dispatch(*request_);
      if (response_) {
        out.status = response_->status;
      } else {
        out.status = 200;  // Thrown away: the reply comes later.
      }
      return HandlerResponse::Handled;
    });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& out) {
      // All are httplib's own. It writes no body, so its length would be wrong too.
      out.headers.clear();
    });
  }

  void Start(const Request* request, Dispatcher* dispatcher, const Response* response) {
    request_ = request;
    dispatcher_ = dispatcher;
    response_ = response;
    called_ = false;
  }

  // "Connection: close" is cheaper for httplib to make than its Keep-Alive header; both are
  // removed.
  void Process(std::string_view input, std::string* head) {
    MemoryStream stream(input, head);
    bool closed = false;
    process_request(stream, true, closed, no_setup_);
  }

  bool called() const { return called_; }
  const Response* response() const { return response_; }
  std::string* input() { return &input_; }

 private:
  const Request* request_ = nullptr;
  Dispatcher* dispatcher_ = nullptr;
  const Response* response_ = nullptr;
  bool called_ = false;
  std::string input_;
  const std::function<void(httplib::Request&)> no_setup_;
};

HttplibAdapter::HttplibAdapter() : core_(std::make_unique<Core>()) {}
HttplibAdapter::~HttplibAdapter() = default;

HttplibAdapter::Outcome HttplibAdapter::Run(const Request& request, Dispatcher& dispatcher,
                                            std::string* head) {
  std::string* input = core_->input();
  input->clear();
  WriteRequest(request, input);
  const size_t start = head->size();
  core_->Start(&request, &dispatcher, nullptr);
  core_->Process(*input, head);
  if (core_->called() && core_->response()) {
    AppendHeaders(*core_->response(), head);
    return Outcome::kRendered;
  }
  const bool too_long = std::string_view(*head).substr(start).starts_with("HTTP/1.1 414");
  refused_status_ = too_long ? 414 : 400;
  head->resize(start);
  return core_->called() ? Outcome::kDeferred : Outcome::kRefused;
}

void HttplibAdapter::Render(const Response& response, std::string* head) {
  core_->Start(nullptr, nullptr, &response);
  core_->Process(kAnyRequest, head);
  TNT_CHECK(core_->called());
  AppendHeaders(response, head);
}

}  // namespace tenantry::http
