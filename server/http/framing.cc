#include "server/http/framing.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "server/http/text.h"

namespace tenantry::http {
namespace {

// Room in the request line for everything but the target: a method, two spaces, a version and a CR.
constexpr size_t kMethodBytesMax = 32;
constexpr size_t kRequestLineExtra = kMethodBytesMax + 12;
// Empty lines before a request that are forgiven (RFC 9112 section 2.2).
constexpr uint8_t kBlankLinesMax = 2;
// More hexadecimal digits than any size we accept, leading zeros included.
constexpr size_t kChunkDigitsMax = 16;
// Header tables larger than this are not kept for the next request.
constexpr size_t kHeadersKept = 32;

constexpr uint8_t kToken = 1;      // tchar
constexpr uint8_t kFieldText = 2;  // Allowed inside a field value.
constexpr uint8_t kTarget = 4;     // Allowed inside a request target.
constexpr uint8_t kHost = 8;       // Allowed inside Host.

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (size_t i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    if (IsAlphanumeric(c)) classes[i] |= kToken | kHost;
    if (i == '\t' || (i >= 0x20 && i != 0x7F)) classes[i] |= kFieldText;
    if (i > 0x20 && i < 0x7F && i != '#') classes[i] |= kTarget;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    classes[static_cast<uint8_t>(c)] |= kToken;
  for (const char c : std::string_view("-._~!$&'()*+,;=:[]%")) {
    classes[static_cast<uint8_t>(c)] |= kHost;
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

bool AllOf(std::string_view text, uint8_t mask) {
  uint8_t common = mask;
  for (const char c : text) common &= kClasses[static_cast<uint8_t>(c)];
  return common == mask;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = LowerAscii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void RequestFramer::Reset() {
  std::vector<HeaderSlice> headers = std::move(headers_);
  headers.clear();
  if (headers.capacity() > kHeadersKept) headers = {};
  *this = RequestFramer(*limits_);
  headers_ = std::move(headers);
}

void RequestFramer::Fail(int status, std::string_view reason) {
  state_ = State::kError;
  error_ = {status, reason};
}

RequestFramer::State RequestFramer::Advance(char* data, size_t* size) {
  if (state_ == State::kHead) ReadHead(data, *size);
  if (state_ == State::kBody) {
    if (chunked_) {
      ReadChunks(data, size);
    } else if (*size - body_begin_ >= content_length_) {
      body_bytes_ = content_length_;
      state_ = State::kReady;
    }
  }
  return state_;
}

bool RequestFramer::TakeExpectContinue(size_t size) {
  // A client that sent part of the body already does not wait.
  if (state_ != State::kBody || !expects_continue_) return false;
  expects_continue_ = false;
  return size == body_begin_;
}

void RequestFramer::Fill(const char* data, Request* request) const {
  request->method = method_code_;
  request->method_name = At(data, method_);
  request->target = At(data, target_);
  request->path = path_.length == 0 ? std::string_view("/") : At(data, path_);
  request->query = At(data, query_);
  request->headers.clear();
  for (const HeaderSlice& header : headers_) {
    request->headers.push_back({At(data, header.name), At(data, header.value)});
  }
  request->body = {data + body_begin_, body_bytes_};
}

void RequestFramer::ReadHead(const char* data, size_t size) {
  while (state_ == State::kHead) {
    const void* found =
        scanned_ < size ? std::memchr(data + scanned_, '\n', size - scanned_) : nullptr;
    const size_t end = found ? static_cast<size_t>(static_cast<const char*>(found) - data) : size;
    if (!have_request_line_ && end - line_begin_ > limits_->target_bytes + kRequestLineExtra) {
      return Fail(414, "The request target is too long");
    }
    if (end + (found ? 1 : 0) > limits_->head_bytes) {
      return Fail(431, "The request headers are too large");
    }
    scanned_ = static_cast<uint32_t>(end);
    if (!found) return;
    if (end == line_begin_ || data[end - 1] != '\r') return Fail(400, "A line must end in CR LF");
    const std::string_view line(data + line_begin_, end - 1 - line_begin_);
    line_begin_ = scanned_ = static_cast<uint32_t>(end + 1);
    ReadLine(data, line);
  }
}

void RequestFramer::ReadLine(const char* data, std::string_view line) {
  if (!have_request_line_) {
    if (!line.empty()) return ReadRequestLine(data, line);
    if (++blank_lines_ > kBlankLinesMax) Fail(400, "Malformed request line");
    return;
  }
  if (!line.empty()) return ReadHeader(data, line);
  body_begin_ = line_begin_;
  FinishHead();
}

void RequestFramer::ReadRequestLine(const char* data, std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Fail(400, "Malformed request line");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (method.empty() || method.size() > kMethodBytesMax || !AllOf(method, kToken)) {
    return Fail(400, "Malformed method");
  }
  if (target.empty() || !AllOf(target, kTarget)) return Fail(400, "Malformed request target");
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                           HexDigit(version[5]) >= 0 && HexDigit(version[5]) < 10 &&
                           version[6] == '.' && HexDigit(version[7]) >= 0 &&
                           HexDigit(version[7]) < 10;
  if (!well_formed) return Fail(400, "Malformed HTTP version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Fail(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (target.size() > limits_->target_bytes) return Fail(414, "The request target is too long");
  http_1_0_ = version == "HTTP/1.0";
  method_ = SliceOf(data, method);
  method_code_ = ParseMethod(method);
  target_ = SliceOf(data, target);
  have_request_line_ = true;
  ReadTarget(data, target);
}

// Origin form, absolute form (its authority is dropped: one server, one authority), or "*" with
// OPTIONS.
void RequestFramer::ReadTarget(const char* data, std::string_view target) {
  std::string_view rest = target;
  if (target == "*") {
    if (method_code_ != Method::kOptions) return Fail(400, "Malformed request target");
  } else if (target.front() != '/') {
    const size_t scheme = target.find("://");
    const std::string_view name = target.substr(0, scheme);
    if (scheme == std::string_view::npos ||
        (!EqualsIgnoreCase(name, "http") && !EqualsIgnoreCase(name, "https"))) {
      return Fail(400, "Malformed request target");
    }
    rest = target.substr(scheme + 3);
    const size_t authority = std::min(rest.find_first_of("/?"), rest.size());
    if (authority == 0) return Fail(400, "Malformed request target");
    rest.remove_prefix(authority);
  }
  const size_t question = std::min(rest.find('?'), rest.size());
  path_ = SliceOf(data, rest.substr(0, question));
  query_ = SliceOf(data, rest.substr(std::min(question + 1, rest.size())));
}

bool RequestFramer::SplitHeader(std::string_view line, std::string_view* name,
                                std::string_view* value) {
  if (line.front() == ' ' || line.front() == '\t') {
    Fail(400, "Folded header lines are refused");
    return false;
  }
  const size_t colon = std::min(line.find(':'), line.size());
  *name = line.substr(0, colon);
  if (colon == line.size() || name->empty() || !AllOf(*name, kToken)) {
    Fail(400, "Malformed header name");
    return false;
  }
  *value = TrimBlanks(line.substr(colon + 1));
  if (!AllOf(*value, kFieldText)) {
    Fail(400, "Malformed header value");
    return false;
  }
  return true;
}

void RequestFramer::ReadHeader(const char* data, std::string_view line) {
  std::string_view name, value;
  if (!SplitHeader(line, &name, &value)) return;
  if (headers_.size() >= limits_->headers) return Fail(431, "Too many request headers");
  headers_.push_back({SliceOf(data, name), SliceOf(data, value)});
  NoteHeader(name, value);
}

void RequestFramer::NoteHeader(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (!EqualsIgnoreCase(name, "host")) return;
      if (have_host_ || !AllOf(value, kHost)) return Fail(400, "Repeated or malformed Host");
      have_host_ = true;
      return;
    case 6:
      if (!EqualsIgnoreCase(name, "expect")) return;
      expects_continue_ = EqualsIgnoreCase(value, "100-continue");
      bad_expectation_ |= !expects_continue_;
      return;
    case 10:
      if (EqualsIgnoreCase(name, "connection")) NoteConnection(value);
      return;
    case 14:
      if (EqualsIgnoreCase(name, "content-length")) NoteContentLength(value);
      return;
    case 16:
      if (EqualsIgnoreCase(name, "content-encoding")) {
        encoded_ |= !EqualsIgnoreCase(value, "identity");
      }
      return;
    case 17:
      if (!EqualsIgnoreCase(name, "transfer-encoding")) return;
      if (chunked_ || !EqualsIgnoreCase(value, "chunked")) {
        return Fail(400, "Transfer-Encoding must be \"chunked\", once");
      }
      chunked_ = true;
      return;
    default:
      return;
  }
}

void RequestFramer::NoteContentLength(std::string_view value) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (have_length_ || value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) {
    return Fail(400, "Repeated or malformed Content-Length");
  }
  have_length_ = true;
  for (const char c : value) {
    // Saturates far above any limit instead of wrapping round.
    if (content_length_ < (uint64_t{1} << 60) / 10) {
      content_length_ = content_length_ * 10 + static_cast<uint64_t>(c - '0');
    }
  }
}

void RequestFramer::NoteConnection(std::string_view value) {
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    const std::string_view option = TrimBlanks(value.substr(0, comma));
    wants_close_ |= EqualsIgnoreCase(option, "close");
    wants_keep_alive_ |= EqualsIgnoreCase(option, "keep-alive");
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

void RequestFramer::FinishHead() {
  if (!http_1_0_ && !have_host_) return Fail(400, "Host is missing");
  if (chunked_ && have_length_) return Fail(400, "Transfer-Encoding with Content-Length");
  if (chunked_ && http_1_0_) return Fail(400, "Transfer-Encoding in an HTTP/1.0 request");
  if (encoded_) return Fail(415, "Content-Encoding is not supported on requests");
  if (bad_expectation_) return Fail(417, "Only 100-continue can be expected");
  if (content_length_ > limits_->body_bytes) return Fail(413, "The request body is too large");
  keep_alive_ = !wants_close_ && (!http_1_0_ || wants_keep_alive_);
  expects_continue_ = expects_continue_ && !http_1_0_;
  state_ = chunked_ || content_length_ > 0 ? State::kBody : State::kReady;
}

void RequestFramer::ReadChunks(char* data, size_t* size) {
  size_t at = body_begin_ + body_bytes_;
  while (state_ == State::kBody && StepChunk(data, *size, &at)) {
  }
  // Close the gap the chunk syntax left, so that head, body and what follows stay contiguous.
  const size_t body_end = body_begin_ + body_bytes_;
  if (state_ != State::kError && at > body_end) {
    std::memmove(data + body_end, data + at, *size - at);
    *size -= at - body_end;
  }
}

bool RequestFramer::StepChunk(char* data, size_t size, size_t* at) {
  const size_t available = size - *at;
  if (available == 0) return false;
  switch (chunk_state_) {
    case ChunkState::kSize: {
      const size_t window = std::min(available, limits_->chunk_line_bytes + 1);
      const void* found = std::memchr(data + *at, '\n', window);
      if (!found) {
        if (available > limits_->chunk_line_bytes) Fail(400, "Malformed chunk size");
        return false;
      }
      const size_t length = static_cast<size_t>(static_cast<const char*>(found) - (data + *at));
      const std::string_view line(data + *at, length);
      *at += length + 1;
      return ReadChunkSize(line);
    }
    case ChunkState::kData: {
      const size_t taken = static_cast<size_t>(std::min<uint64_t>(available, chunk_left_));
      std::memmove(data + body_begin_ + body_bytes_, data + *at, taken);
      body_bytes_ += taken;
      *at += taken;
      chunk_left_ -= taken;
      if (chunk_left_ == 0) chunk_state_ = ChunkState::kDataCr;
      return true;
    }
    case ChunkState::kDataCr:
    case ChunkState::kDataLf: {
      const bool is_cr = chunk_state_ == ChunkState::kDataCr;
      if (data[*at] != (is_cr ? '\r' : '\n')) {
        Fail(400, "A chunk must end in CR LF");
        return false;
      }
      ++*at;
      chunk_state_ = is_cr ? ChunkState::kDataLf : ChunkState::kSize;
      return true;
    }
    case ChunkState::kTrailer:
      return StepTrailer(data, size, at);
  }
  return false;
}

bool RequestFramer::ReadChunkSize(std::string_view line) {
  const size_t digits = [&] {
    size_t n = 0;
    while (n < line.size() && HexDigit(line[n]) >= 0) ++n;
    return n;
  }();
  const bool ended = line.ends_with('\r') && (line.size() - 1 == digits || line[digits] == ';');
  if (digits == 0 || digits > kChunkDigitsMax || !ended ||
      !AllOf(line.substr(0, line.size() - 1), kFieldText)) {
    Fail(400, "Malformed chunk size");
    return false;
  }
  extension_bytes_ += line.size() - 1 - digits;
  if (extension_bytes_ > limits_->chunk_extension_bytes) {
    Fail(400, "Chunk extensions are too large");
    return false;
  }
  uint64_t bytes = 0;
  for (const char c : line.substr(0, digits))
    bytes = bytes * 16 + static_cast<uint64_t>(HexDigit(c));
  if (bytes > limits_->body_bytes - body_bytes_) {
    Fail(413, "The request body is too large");
    return false;
  }
  chunk_left_ = bytes;
  chunk_state_ = bytes == 0 ? ChunkState::kTrailer : ChunkState::kData;
  return true;
}

bool RequestFramer::StepTrailer(const char* data, size_t size, size_t* at) {
  const size_t window = std::min(size - *at, limits_->trailer_bytes - trailer_bytes_ + 1);
  const void* found = std::memchr(data + *at, '\n', window);
  if (!found) {
    if (trailer_bytes_ + window > limits_->trailer_bytes) Fail(431, "The trailers are too large");
    return false;
  }
  const size_t length = static_cast<size_t>(static_cast<const char*>(found) - (data + *at));
  const std::string_view line(data + *at, length);
  trailer_bytes_ += length + 1;
  *at += length + 1;
  if (trailer_bytes_ > limits_->trailer_bytes) {
    Fail(431, "The trailers are too large");
  } else if (!line.ends_with('\r')) {
    Fail(400, "A line must end in CR LF");
  } else if (line.size() == 1) {
    state_ = State::kReady;
  } else {
    std::string_view name, value;
    return SplitHeader(line.substr(0, line.size() - 1), &name, &value);
  }
  return false;
}

}  // namespace tenantry::http
