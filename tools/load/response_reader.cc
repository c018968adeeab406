#include "tools/load/response_reader.h"

#include <charconv>

#include <strings.h>

namespace tenantry::load {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class T>
bool ParseWhole(std::string_view text, T* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void ResponseReader::Reset(bool head_request, bool keep_body) {
  state_ = State::kHead;
  head_request_ = head_request;
  keep_body_ = keep_body;
  close_ = until_close_ = has_length_ = chunked_ = false;
  chunk_part_ = ChunkPart::kSize;
  chunk_line_.clear();
  status_ = 0;
  content_length_ = body_bytes_ = 0;
  head_.clear();
  body_.clear();
}

ResponseReader::State ResponseReader::Feed(std::string_view bytes) {
  if (bytes.empty()) return state_;
  if (state_ == State::kBody) return TakeBody(bytes);
  if (state_ != State::kHead) return state_ = State::kError;
  // The end may straddle two reads: look again at the last three bytes of what was there.
  const size_t before = head_.size();
  head_.append(bytes);
  const size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    return head_.size() > kHeadBytesMax ? state_ = State::kError : state_;
  }
  const std::string_view rest = bytes.substr(end + 4 - before);
  head_.resize(end + 4);
  if (ParseHead(end + 2) == State::kError) return state_;
  if (status_ < 200) {  // An interim answer: the real one follows.
    Reset(head_request_, keep_body_);
    return Feed(rest);
  }
  return TakeBody(rest);
}

ResponseReader::State ResponseReader::ParseHead(size_t head_bytes) {
  std::string_view text = std::string_view(head_).substr(0, head_bytes);
  const std::string_view line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(line.size() + 2);
  if (line.size() < 12 || !line.starts_with("HTTP/1.") ||
      !ParseWhole(line.substr(9, 3), &status_)) {
    return state_ = State::kError;
  }
  close_ = line[7] == '0';
  while (!text.empty()) {
    const size_t end = text.find("\r\n");
    if (!ParseHeader(text.substr(0, end))) return state_ = State::kError;
    text.remove_prefix(end + 2);
  }
  if (head_request_ || status_ < 200 || status_ == 204 || status_ == 304) {
    content_length_ = 0;
    has_length_ = true;
    chunked_ = false;
  }
  until_close_ = !has_length_ && !chunked_;
  if (until_close_) close_ = true;
  return state_ = State::kBody;
}

bool ResponseReader::ParseHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (SameName(name, "content-length")) {
    has_length_ = true;
    return ParseWhole(value, &content_length_);
  }
  if (SameName(name, "connection")) {
    if (SameName(value, "close")) close_ = true;
    if (SameName(value, "keep-alive")) close_ = false;
  }
  if (!SameName(name, "transfer-encoding")) return true;
  chunked_ = SameName(value, "chunked");
  return chunked_;
}

ResponseReader::State ResponseReader::TakeBody(std::string_view bytes) {
  if (chunked_) return TakeChunks(bytes);
  if (!until_close_ && bytes.size() > content_length_ - body_bytes_) return state_ = State::kError;
  body_bytes_ += bytes.size();
  if (keep_body_) body_.append(bytes);
  return state_ = !until_close_ && body_bytes_ == content_length_ ? State::kDone : State::kBody;
}

// Sizes, line ends and trailers arrive as lines; the data between them as it comes.
ResponseReader::State ResponseReader::TakeChunks(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kDone) return state_ = State::kError;
    if (chunk_part_ == ChunkPart::kData) {
      const std::string_view data = bytes.substr(0, chunk_left_);
      body_bytes_ += data.size();
      if (keep_body_) body_.append(data);
      chunk_left_ -= data.size();
      bytes.remove_prefix(data.size());
      if (chunk_left_ == 0) chunk_part_ = ChunkPart::kDataEnd;
      continue;
    }
    const size_t end = bytes.find('\n');
    chunk_line_.append(bytes.substr(0, end));
    if (chunk_line_.size() > kHeadBytesMax) return state_ = State::kError;
    if (end == std::string_view::npos) return state_;
    bytes.remove_prefix(end + 1);
    if (!TakeChunkLine()) return state_ = State::kError;
    chunk_line_.clear();
  }
  return state_;
}

bool ResponseReader::TakeChunkLine() {
  if (!chunk_line_.ends_with('\r')) return false;
  chunk_line_.pop_back();
  switch (chunk_part_) {
    case ChunkPart::kSize: {
      const std::string_view line = chunk_line_;
      const std::string_view digits = Trim(line.substr(0, line.find(';')));
      const auto [stop, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), chunk_left_, 16);
      if (error != std::errc() || stop != digits.data() + digits.size()) return false;
      chunk_part_ = chunk_left_ == 0 ? ChunkPart::kTrailer : ChunkPart::kData;
      return true;
    }
    case ChunkPart::kDataEnd:
      chunk_part_ = ChunkPart::kSize;
      return chunk_line_.empty();
    case ChunkPart::kTrailer:
      if (chunk_line_.empty()) state_ = State::kDone;
      return true;
    case ChunkPart::kData:
      break;
  }
  return false;
}

ResponseReader::State ResponseReader::FeedEnd() {
  if (state_ == State::kDone) return state_;
  return state_ = state_ == State::kBody && until_close_ ? State::kDone : State::kError;
}

}  // namespace tenantry::load
