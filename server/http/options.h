#pragma once
// ServerOptions: every limit of the HTTP front, with its default and its reason.

#include <cstdint>
#include <string>
#include <vector>

#include "server/http/framing.h"

namespace tenantry::http {

// How long a connection may stay in each state, in milliseconds.
struct TimeLimits {
  int64_t head_ms = 10'000;      // From the first byte of a request to the end of its headers.
  int64_t body_ms = 30'000;      // From there to the end of its body.
  int64_t idle_ms = 75'000;      // Between requests; longer than the 60 s at which proxies let go.
  int64_t write_ms = 30'000;     // Without the client taking a byte.
  int64_t request_ms = 300'000;  // From the complete request to its reply (crosscutting.md Q1).
  int64_t position_ms = 1'000;   // A read waits this long for the entry it asked for.
  int64_t release_ms =
      300'000;                // A finished write waits this long to become as durable as promised.
  int64_t linger_ms = 2'000;  // After an early reply, discarding what the client still sends.
};

struct LaneLimits {
  uint32_t workers = 1;
  size_t queue = 1;  // Requests waiting; more are answered by Application::Overloaded().
  int nice = 0;      // Added to the threads' priority value.
};

struct ServerOptions {
  // HOST:PORT each; IPv6 in brackets; port 0 picks a free one.
  std::vector<std::string> listen = {"127.0.0.1:0"};
  // PEM files; with both, every address speaks TLS and nothing else.
  std::string tls_cert;
  std::string tls_key;
  // Event loops; 0 means one per core.
  uint32_t loops = 0;
  // Of all loops together. One more is accepted, answered 503 and closed.
  size_t connections_max = 10'000;
  // Waiting for a worker, a tick or the disk, of all loops together; beyond it Overloaded().
  size_t requests_max = 5'000;
  FramingLimits framing;
  TimeLimits times;
  // Bytes of pipelined requests kept behind an unfinished one (16 full heads); then the socket is
  // not read.
  size_t pipeline_bytes = 256 * 1024;
  LaneLimits blocking{.workers = 4, .queue = 1024, .nice = 0};
  // Argon2id uses a whole core for 14 ms: one worker, and everybody else first.
  LaneLimits hashing{.workers = 1, .queue = 512, .nice = 10};
};

}  // namespace tenantry::http
