#pragma once
// ResponseReader: finds the end of one HTTP/1.1 response in what a socket delivers.
//
// Shape    head, then a body in chunks or by Content-Length, none for 1xx, 204, 304 and HEAD, else until the connection
//          closes. Our server never chunks; others do.
// Errors   State::kError: broken head or chunk, another Transfer-Encoding, a head over kHeadBytesMax, or
//          bytes after the end (we never pipeline, so they belong to no request).
// Threads  one at a time.
// Owns     the head while it is incomplete, and the body when asked to keep it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenantry::load {

class ResponseReader {
 public:
  static constexpr size_t kHeadBytesMax = 64 * 1024;

  enum class State : uint8_t { kHead, kBody, kDone, kError };

  // Ready for the answer to the next request.
  void Reset(bool head_request, bool keep_body = false);
  State Feed(std::string_view bytes);
  // The peer closed: completes a body without a length.
  State FeedEnd();

  State state() const { return state_; }
  int status() const { return status_; }
  bool close() const { return close_; }  // The server will close the connection.
  uint64_t body_bytes() const { return body_bytes_; }
  const std::string& head() const { return head_; }  // Until the next Reset.
  const std::string& body() const { return body_; }

 private:
  State ParseHead(size_t head_bytes);
  bool ParseHeader(std::string_view line);
  State TakeBody(std::string_view bytes);
  State TakeChunks(std::string_view bytes);
  bool TakeChunkLine();

  State state_ = State::kHead;
  bool head_request_ = false;
  bool keep_body_ = false;
  bool close_ = false;
  bool until_close_ = false;
  int status_ = 0;
  bool chunked_ = false;
  enum class ChunkPart : uint8_t { kSize, kData, kDataEnd, kTrailer };
  ChunkPart chunk_part_ = ChunkPart::kSize;
  uint64_t chunk_left_ = 0;
  std::string chunk_line_;
  uint64_t content_length_ = 0;
  bool has_length_ = false;
  uint64_t body_bytes_ = 0;
  std::string head_;
  std::string body_;
};

}  // namespace tenantry::load
