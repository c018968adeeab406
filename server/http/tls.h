#pragma once
// TLS: a certificate with its key, and the encrypted side of one connection, accepted or made. TLS 1.2 and 1.3, HTTP/1.1 by
// ALPN.
//
// Shape    a session wraps a socket; the handshake happens inside the first reads and writes, or in Handshake().
// Errors   TlsContext::Load: kInvalidArgument with the file and OpenSSL's reason; the certificate in use stays.
//          TlsClient::Make: kInvalidArgument with the file and the reason.
//          TlsSession::Read and Write: like recv and send; -1 with errno EAGAIN when the socket must be waited for.
// Threads  TlsContext and TlsClient: any. A session belongs to its connection's loop.
// Owns     a session borrows the socket and shares the certificate, or the trust, it began with.

#include <cstddef>
#include <memory>
#include <string>

#include <sys/types.h>

#include "engine/base/mutex.h"
#include "engine/base/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace tenantry::http {

class TlsSession {
 public:
  TlsSession(ssl_st* ssl, int fd);
  ~TlsSession();

  // Goes on with the handshake: 1 when it is done, otherwise as Read.
  ssize_t Handshake();
  ssize_t Read(char* out, size_t size);
  ssize_t Write(const char* data, size_t size);
  // Bytes were decrypted that nobody has read; the socket does not announce them again.
  bool HasPending() const;
  bool ready() const;  // The handshake is done.
  // The last Read() or Handshake() waits until the socket takes bytes.
  bool read_wants_write() const { return read_wants_write_; }
  // Why the session broke, for people; empty while it has not.
  const std::string& trouble() const { return trouble_; }
  // Tells the other side that nothing follows; at most once, never waits.
  void SayGoodbye();

 private:
  ssize_t Outcome(int result, bool reading);
  void NoteTrouble();
  ssl_st* const ssl_;
  bool read_wants_write_ = false;
  bool broken_ = false;
  std::string trouble_;
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

// The other side: connections that this process makes.
class TlsClient {
 public:
  // Believes certificates that lead to one of those in `ca_file` (PEM), or to one of the system's when that is empty; any
  // certificate at all when `insecure`.
  static Result<TlsClient> Make(const std::string& ca_file, bool insecure);
  // `host` is the name or the address that the certificate must be for. Null when OpenSSL has no memory for it.
  std::unique_ptr<TlsSession> Connect(int fd, const std::string& host) const;

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace tenantry::http
