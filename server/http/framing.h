#pragma once
// RequestFramer: finds where one request ends in a byte stream, by RFC 9112, and refuses every form
// two parsers could read differently. It alone decides framing: nothing behind it looks at lengths
// again.
//
// Shape    Reset -> kHead -> kBody -> kReady, or kError from anywhere. Feeding byte by byte gives
// the same outcome as
//          feeding all at once.
// Errors   error() is the status to answer; the connection must close after it.
//            400  bad request line, bare LF, folded line, blank before a colon, control byte, bad
//            or repeated Host or
//                 Content-Length, Transfer-Encoding other than "chunked", or with a length, or
//                 on 1.0, bad chunk
//            413, 414, 431  body, target, or head and trailers too large    415  Content-Encoding
//            417  Expect other than 100-continue    505  well-formed version other than 1.0 and 1.1
// Threads  one at a time.
// Owns     offsets only; the bytes are the caller's. De-chunking moves bytes inside the caller's
// buffer.

#include <cstdint>
#include <string_view>
#include <vector>

#include "server/http/request.h"

namespace tenantry::http {

struct FramingLimits {
  // Request line and headers, with their line ends. Browsers and proxies stop near this size too.
  size_t head_bytes = 16 * 1024;
  size_t headers = 100;
  size_t target_bytes = 8 * 1024;
  // The contract's limit on JSON bodies.
  size_t body_bytes = 100 * 1024;
  // A chunk size with its extension, and all the extensions of one body: nobody we know sends any.
  size_t chunk_line_bytes = 256;
  size_t chunk_extension_bytes = 4 * 1024;
  size_t trailer_bytes = 4 * 1024;
};

struct FrameError {
  int status = 0;
  std::string_view reason;  // Static text.
};

class RequestFramer {
 public:
  enum class State : uint8_t { kHead, kBody, kReady, kError };

  // `limits` must outlive the framer.
  explicit RequestFramer(const FramingLimits& limits) : limits_(&limits) {}

  // Looks at the `*size` bytes at `data`: the request's first byte is data[0], and since the last
  // call bytes were only added at the end (`data` itself may have moved). May lower `*size` while
  // de-chunking.
  State Advance(char* data, size_t* size);

  // Ready for the next request, whose first byte will be data[0].
  void Reset();

  State state() const { return state_; }
  const FrameError& error() const { return error_; }
  // Length of the request in the buffer, de-chunked; valid in kReady.
  size_t consumed() const { return body_begin_ + body_bytes_; }
  // How large the buffer will get, as far as is known.
  size_t expected_bytes() const {
    return state_ == State::kBody && !chunked_ ? body_begin_ + content_length_ : 0;
  }
  Method method() const { return method_code_; }
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return http_1_0_; }
  // True once per request, when the client waits for "100 Continue" before it sends the body.
  bool TakeExpectContinue(size_t size);

  // As sent; empty until the request line was read.
  std::string_view Target(const char* data) const { return At(data, target_); }
  std::string_view MethodText(const char* data) const { return At(data, method_); }
  // Sets the views of `request` and nothing else. Valid once the head is complete.
  void Fill(const char* data, Request* request) const;

 private:
  struct Slice {
    uint32_t begin = 0;
    uint32_t length = 0;
  };
  struct HeaderSlice {
    Slice name;
    Slice value;
  };
  enum class ChunkState : uint8_t { kSize, kData, kDataCr, kDataLf, kTrailer };

  static std::string_view At(const char* data, Slice slice) {
    return {data + slice.begin, slice.length};
  }
  static Slice SliceOf(const char* data, std::string_view text) {
    return {static_cast<uint32_t>(text.data() - data), static_cast<uint32_t>(text.size())};
  }

  void Fail(int status, std::string_view reason);
  void ReadHead(const char* data, size_t size);
  void ReadLine(const char* data, std::string_view line);
  void ReadRequestLine(const char* data, std::string_view line);
  void ReadTarget(const char* data, std::string_view target);
  bool SplitHeader(std::string_view line, std::string_view* name, std::string_view* value);
  void ReadHeader(const char* data, std::string_view line);
  void NoteHeader(std::string_view name, std::string_view value);
  void NoteContentLength(std::string_view value);
  void NoteConnection(std::string_view value);
  void FinishHead();
  void ReadChunks(char* data, size_t* size);
  bool ReadChunkSize(std::string_view line);
  // False when more bytes are needed or the chunk is bad. `*at` is the next raw byte.
  bool StepChunk(char* data, size_t size, size_t* at);
  bool StepTrailer(const char* data, size_t size, size_t* at);

  const FramingLimits* limits_;
  State state_ = State::kHead;
  ChunkState chunk_state_ = ChunkState::kSize;
  FrameError error_;

  // Of the head being read.
  uint32_t line_begin_ = 0;
  uint32_t scanned_ = 0;  // No line feed in [line_begin_, scanned_).
  uint8_t blank_lines_ = 0;
  bool have_request_line_ = false;
  bool http_1_0_ = false;
  bool wants_close_ = false;
  bool wants_keep_alive_ = false;
  bool keep_alive_ = false;
  bool have_length_ = false;
  bool chunked_ = false;
  bool have_host_ = false;
  bool expects_continue_ = false;
  bool bad_expectation_ = false;
  bool encoded_ = false;
  Method method_code_ = Method::kOther;
  Slice method_, target_, path_, query_;
  std::vector<HeaderSlice> headers_;

  // Of the body being read. Head and body are contiguous; raw chunks follow the body read so far.
  uint64_t content_length_ = 0;
  uint64_t chunk_left_ = 0;
  size_t body_begin_ = 0;
  size_t body_bytes_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
};

}  // namespace tenantry::http
