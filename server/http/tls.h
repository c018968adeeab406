#pragma once
// TLS: a certificate with its key, and the encrypted side of one connection. TLS 1.2 and 1.3, HTTP/1.1 by ALPN.
//
// Shape    a session wraps a non-blocking socket; the handshake happens inside the first reads and writes.
// Errors   TlsContext::Load: kInvalidArgument with the file and OpenSSL's reason; the certificate in use stays.
//          TlsSession::Read and Write: like recv and send; -1 with errno EAGAIN when the socket must be waited for.
// Threads  TlsContext: any. A session belongs to its connection's loop.
// Owns     a session borrows the socket and shares the certificate it began with.

#include <cstddef>
#include <memory>
#include <string>

#include <sys/types.h>

#include "engine/base/mutex.h"
#include "engine/base/status.h"

struct ssl_ctx_st;
struct ssl_st;

namespace tenantry::http {

class TlsSession {
 public:
  TlsSession(ssl_st* ssl, int fd);
  ~TlsSession();

  ssize_t Read(char* out, size_t size);
  ssize_t Write(const char* data, size_t size);
  // Bytes were decrypted that nobody has read; the socket does not announce them again.
  bool HasPending() const;
  bool ready() const;  // The handshake is done.
  // The last Read() waits until the socket takes bytes.
  bool read_wants_write() const { return read_wants_write_; }
  // Tells the client that nothing follows; at most once, never waits.
  void SayGoodbye();

 private:
  ssize_t Outcome(int result, bool reading);
  ssl_st* const ssl_;
  bool read_wants_write_ = false;
  bool broken_ = false;
};

class TlsContext {
 public:
  // PEM files: the certificate followed by its chain, and its key.
  Status Load(const std::string& certificate_file, const std::string& key_file);
  // Null when OpenSSL has no memory for it.
  std::unique_ptr<TlsSession> Accept(int fd);

 private:
  Mutex mutex_{"tls_context"};
  std::shared_ptr<ssl_ctx_st> context_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::http
