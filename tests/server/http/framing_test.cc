#include "server/http/framing.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tenantry::http {
namespace {

using State = RequestFramer::State;

struct Outcome {
  State state = State::kHead;
  int status = 0;
  std::string method, target, path, query, body, rest;
  std::vector<std::pair<std::string, std::string>> headers;
  bool keep_alive = false;
  bool operator==(const Outcome&) const = default;
};

// Feeds `text` in pieces of the given sizes (the last size repeats) from buffers of exactly the
// right size.
Outcome Feed(const std::string& text, const std::vector<size_t>& pieces,
             const FramingLimits& limits = {}) {
  RequestFramer framer(limits);
  std::string buffer;
  size_t fed = 0;
  for (size_t i = 0; fed < text.size(); ++i) {
    const size_t n = std::min(pieces[std::min(i, pieces.size() - 1)], text.size() - fed);
    buffer = std::string(buffer) + text.substr(fed, n);  // A new place in memory every time.
    fed += n;
    size_t size = buffer.size();
    const State state = framer.Advance(buffer.data(), &size);
    buffer.resize(size);
    if (state == State::kReady || state == State::kError) break;
  }
  Outcome outcome;
  outcome.state = framer.state();
  outcome.status = framer.error().status;
  if (framer.state() != State::kReady) return outcome;
  Request request;
  framer.Fill(buffer.data(), &request);
  outcome.method = request.method_name;
  outcome.target = request.target;
  outcome.path = request.path;
  outcome.query = request.query;
  outcome.body = request.body;
  for (const Header& h : request.headers) outcome.headers.emplace_back(h.name, h.value);
  outcome.keep_alive = framer.keep_alive();
  outcome.rest = buffer.substr(framer.consumed()) + text.substr(fed);
  return outcome;
}

Outcome Feed(const std::string& text) {
  return Feed(text, {text.size()});
}

std::string Get(const std::string& headers) {
  return "GET /a HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

std::string Chunked(const std::string& body) {
  return "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

struct BadForm {
  const char* what;
  std::string text;
  int status;
};

std::vector<BadForm> BadForms() {
  using namespace std::string_literals;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "x: y\r\n";
  std::string trailers;
  for (int i = 0; i < 500; ++i) trailers += "t: 123456\r\n";
  std::string extensions;
  for (int i = 0; i < 30; ++i) extensions += "1;" + std::string(200, 'e') + "\r\na\r\n";
  return {
      {"bare LF after the request line", "GET /a HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"bare LF after a header", "GET /a HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"bare LF ends the head", "GET /a HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"bare CR in a header", Get("x: a\rb\r\n"), 400},
      {"NUL in a value", Get("x: a\0b\r\n"s), 400},
      {"control byte in a value", Get("x: a\x01z\r\n"), 400},
      {"DEL in a value", Get("x: a\x7f\r\n"), 400},
      {"NUL in a name", Get("x\0y: a\r\n"s), 400},
      {"folded line", Get("x: a\r\n b\r\n"), 400},
      {"tab-folded line", Get("x: a\r\n\tb\r\n"), 400},
      {"folded first header", "GET /a HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"space before the colon", Get("x : a\r\n"), 400},
      {"tab before the colon", Get("Content-Length\t: 0\r\n"), 400},
      {"no colon", Get("x\r\n"), 400},
      {"empty name", Get(": a\r\n"), 400},
      {"two Content-Length, same", Get("Content-Length: 1\r\nContent-Length: 1\r\n") + "a", 400},
      {"two Content-Length, different", Get("Content-Length: 1\r\ncontent-length: 2\r\n") + "a",
       400},
      {"list in Content-Length", Get("Content-Length: 1, 1\r\n") + "a", 400},
      {"sign in Content-Length", Get("Content-Length: +1\r\n") + "a", 400},
      {"negative Content-Length", Get("Content-Length: -1\r\n"), 400},
      {"hexadecimal Content-Length", Get("Content-Length: 0x1\r\n") + "a", 400},
      {"empty Content-Length", Get("Content-Length:\r\n"), 400},
      {"blank inside Content-Length", Get("Content-Length: 1 1\r\n"), 400},
      {"Transfer-Encoding and Content-Length",
       Get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n", 400},
      {"Content-Length and Transfer-Encoding",
       Get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {"gzip, chunked", Get("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"chunked, chunked", Get("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"two Transfer-Encoding", Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       400},
      {"identity", Get("Transfer-Encoding: identity\r\n"), 400},
      {"xchunked", Get("Transfer-Encoding: xchunked\r\n"), 400},
      {"vertical tab before chunked",
       Get("Transfer-Encoding: \x0b"
           "chunked\r\n"),
       400},
      {"chunked on 1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"no Host", "GET /a HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", Get("host: h\r\n"), 400},
      {"two Hosts on 1.0", "GET /a HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400},
      {"path in Host", "GET /a HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
      {"user in Host", "GET /a HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
      {"no version (0.9)", "GET /a\r\n", 400},
      {"empty line only, three times", "\r\n\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"blank before the method", " GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"two blanks in the request line", "GET  /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"blank after the version", "GET /a HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"tab in the request line", "GET\t/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"method with a colon", "G:T /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"method too long", std::string(40, 'G') + " /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"lower-case version", "GET /a http/1.1\r\nHost: h\r\n\r\n", 400},
      {"version without a minor", "GET /a HTTP/1\r\nHost: h\r\n\r\n", 400},
      {"version 1.10", "GET /a HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"version 1.2", "GET /a HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/2 version", "GET / HTTP/2.0\r\n\r\n", 505},
      {"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"authority target", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"asterisk with GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"other scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"empty authority", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"raw UTF-8 in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
      {"target of 8 KiB and one", "GET /" + std::string(8192, 'a') + " HTTP/1.1\r\n", 414},
      {"endless request line", std::string(20'000, 'A'), 414},
      {"101 headers", Get(many), 431},
      {"head over 16 KiB", Get("x: " + std::string(16 * 1024, 'a') + "\r\n"), 431},
      {"endless header", "GET /a HTTP/1.1\r\nHost: h\r\nx: " + std::string(20'000, 'a'), 431},
      {"gzip body", Get("Content-Encoding: gzip\r\nContent-Length: 3\r\n"), 415},
      {"odd expectation", Get("Expect: 200-ok\r\n"), 417},
      {"body over the limit", Get("Content-Length: 102401\r\n"), 413},
      {"absurd Content-Length", Get("Content-Length: " + std::string(40, '9') + "\r\n"), 413},
      {"chunk without a size", Chunked("\r\n"), 400},
      {"chunk size 0x1", Chunked("0x1\r\na\r\n0\r\n\r\n"), 400},
      {"chunk size with a sign", Chunked("+1\r\na\r\n0\r\n\r\n"), 400},
      {"chunk size after a blank", Chunked(" 1\r\na\r\n0\r\n\r\n"), 400},
      {"chunk size before a blank", Chunked("1 \r\na\r\n0\r\n\r\n"), 400},
      {"chunk size with a bare LF", Chunked("1\na\r\n0\r\n\r\n"), 400},
      {"chunk data with a bare LF", Chunked("1\r\na\n0\r\n\r\n"), 400},
      {"chunk longer than said", Chunked("1\r\nab\r\n0\r\n\r\n"), 400},
      {"17 digits", Chunked("00000000000000001\r\na\r\n0\r\n\r\n"), 400},
      {"bare CR in an extension", Chunked("1;a\rb\r\na\r\n0\r\n\r\n"), 400},
      {"endless chunk size line", Chunked("1;" + std::string(300, 'x')), 400},
      {"too many extensions", Chunked(extensions), 400},
      {"chunk over the limit", Chunked("ffffffffffffffff\r\n"), 413},
      {"chunks over the limit", Chunked("19000\r\n" + std::string(102'400, 'a') + "\r\n1\r\n"),
       413},
      {"bad trailer", Chunked("0\r\nx y: a\r\n\r\n"), 400},
      {"folded trailer", Chunked("0\r\nx: a\r\n b\r\n\r\n"), 400},
      {"trailer with a bare LF", Chunked("0\r\nx: a\n\r\n"), 400},
      {"too many trailers", Chunked("0\r\n" + trailers), 431},
  };
}

TEST(FramingTest, RefusesEveryAmbiguousOrOversizedForm) {
  for (const BadForm& form : BadForms()) {
    const Outcome outcome = Feed(form.text);
    EXPECT_EQ(outcome.state, State::kError) << form.what;
    EXPECT_EQ(outcome.status, form.status) << form.what;
  }
}

std::vector<std::string> GoodForms() {
  std::string many;
  for (int i = 0; i < 99; ++i) many += "x: y\r\n";
  return {
      Get(""),
      "\r\n" + Get(""),
      Get(many),
      Get("x: a\tb \t\r\nempty:\r\nutf: \xc3\xa4\r\n"),
      Get("Content-Length: 5\r\n") + "hello" + Get(""),
      Get("Content-Length: 0005\r\n") + "hello",
      Get("Content-Length: 0\r\nContent-Encoding: identity\r\n") + "rest",
      Get("Expect: 100-Continue\r\nContent-Length: 2\r\n") + "ok",
      "GET http://example.org:80/a?b=c?d HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET HTTP://example.org?q HTTP/1.1\r\nHost: h\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
      "FOO /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
      "GET /" + std::string(8191, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /a HTTP/1.0\r\n\r\n",
      "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
      Get("Connection: foo , Close\r\n"),
      Chunked("0\r\n\r\n") + Get(""),
      Chunked("5\r\nhello\r\n6;a=b;c=\"d\"\r\n world\r\n00\r\nTrailer: x\r\n\r\n") + "next",
      Chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
      Chunked("19000\r\n" + std::string(102'400, 'a') + "\r\n0\r\n\r\n"),
  };
}

TEST(FramingTest, ReadsGoodForms) {
  for (const std::string& text : GoodForms()) {
    EXPECT_EQ(Feed(text).state, State::kReady) << text.substr(0, 200);
  }
}

TEST(FramingTest, FindsThePartsOfARequest) {
  const Outcome outcome = Feed(
      "POST /a%20b?x=1?y HTTP/1.1\r\nHost: h\r\nA:  b c \t\r\nContent-Length: 3\r\n\r\nxyzGET /");
  ASSERT_EQ(outcome.state, State::kReady);
  EXPECT_EQ(outcome.method, "POST");
  EXPECT_EQ(outcome.target, "/a%20b?x=1?y");
  EXPECT_EQ(outcome.path, "/a%20b");
  EXPECT_EQ(outcome.query, "x=1?y");
  EXPECT_EQ(outcome.body, "xyz");
  EXPECT_EQ(outcome.rest, "GET /");
  ASSERT_EQ(outcome.headers.size(), 3u);
  EXPECT_EQ(outcome.headers[1], std::make_pair(std::string("A"), std::string("b c")));
  EXPECT_TRUE(outcome.keep_alive);
}

TEST(FramingTest, JoinsChunksAndDropsExtensionsAndTrailers) {
  const Outcome outcome =
      Feed(Chunked("5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nEvil: yes\r\n\r\n") + "next");
  EXPECT_EQ(outcome.body, "hello world");
  EXPECT_EQ(outcome.rest, "next");
  for (const auto& [name, value] : outcome.headers) EXPECT_NE(name, "Evil");
}

TEST(FramingTest, DropsTheAuthorityOfAbsoluteTargets) {
  const Outcome outcome = Feed("GET http://x.org?q=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(outcome.path, "/");
  EXPECT_EQ(outcome.query, "q=1");
}

TEST(FramingTest, DecidesPersistenceByVersionAndConnection) {
  EXPECT_TRUE(Feed(Get("")).keep_alive);
  EXPECT_FALSE(Feed(Get("Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(Feed(Get("Connection: keep-alive\r\nConnection: x, CLOSE\r\n")).keep_alive);
  EXPECT_FALSE(Feed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(Feed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

TEST(FramingTest, AsksForABodyOnlyWhenTheClientWaits) {
  const auto waits = [](std::string text) {
    const FramingLimits limits;
    RequestFramer framer(limits);
    size_t size = text.size();
    framer.Advance(text.data(), &size);
    const bool first = framer.TakeExpectContinue(size);
    EXPECT_FALSE(framer.TakeExpectContinue(size));
    return first;
  };
  EXPECT_TRUE(waits(Get("Expect: 100-continue\r\nContent-Length: 2\r\n")));
  EXPECT_TRUE(waits(Get("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n")));
  EXPECT_FALSE(waits(Get("Expect: 100-continue\r\nContent-Length: 2\r\n") + "o"));
  EXPECT_FALSE(waits(Get("Expect: 100-continue\r\nContent-Length: 0\r\n")));
  EXPECT_FALSE(waits("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
}

TEST(FramingTest, AFramerIsReusable) {
  const FramingLimits limits;
  RequestFramer framer(limits);
  for (const std::string& text :
       {Chunked("1\r\na\r\n0\r\n\r\n"), Get("Content-Length: 1\r\n") + "b"}) {
    std::string buffer = text;
    size_t size = buffer.size();
    ASSERT_EQ(framer.Advance(buffer.data(), &size), State::kReady);
    Request request;
    framer.Fill(buffer.data(), &request);
    EXPECT_EQ(request.body.size(), 1u);
    framer.Reset();
  }
}

// Goal: what a request means does not depend on how the network cut it.
// Method: every form of both tables, byte by byte and in random pieces, against the form fed whole.
TEST(FramingTest, PiecesDoNotChangeTheOutcome) {
  std::vector<std::string> forms = GoodForms();
  for (const BadForm& form : BadForms()) forms.push_back(form.text);
  const uint32_t seed = 20261121;
  std::mt19937 random(seed);
  for (const std::string& text : forms) {
    const Outcome whole = Feed(text);
    if (text.size() < 30'000) {
      EXPECT_TRUE(Feed(text, {1}) == whole) << text.substr(0, 200);
    }
    for (int round = 0; round < 5; ++round) {
      std::vector<size_t> pieces;
      for (int i = 0; i < 50; ++i) pieces.push_back(1 + random() % (1 + text.size() / 10));
      EXPECT_TRUE(Feed(text, pieces) == whole) << "seed " << seed << ": " << text.substr(0, 200);
    }
  }
}

// Goal: no input crashes the framer or makes it read outside its buffer (run under ASan).
// Method: good and bad forms with random bytes changed, removed and repeated; pieces must still not
// matter.
TEST(FramingTest, MutatedFormsAreSafeAndConsistent) {
  std::vector<std::string> forms = GoodForms();
  for (const BadForm& form : BadForms()) forms.push_back(form.text);
  const uint32_t seed = 7;
  std::mt19937 random(seed);
  for (int round = 0; round < 4'000; ++round) {
    std::string text = forms[random() % forms.size()].substr(0, 400);
    for (size_t changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>("\r\n\t :;0a\0\xff"[random() % 10]);
          break;
        case 1:
          text.erase(at, 1 + random() % 3);
          break;
        default:
          text.insert(at, text.substr(at, 1 + random() % 8));
      }
    }
    if (text.empty()) continue;
    EXPECT_TRUE(Feed(text, {1}) == Feed(text)) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace tenantry::http
