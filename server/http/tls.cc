#include "server/http/tls.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace tenantry::http {
namespace {

std::string LastError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

// Chooses http/1.1 when the client offers it; a client that offers only others learns so from our answer.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned int at = 0; at < offered_size; at += 1u + offered[at]) {
    const auto* name = reinterpret_cast<const char*>(offered + at + 1);
    if (at + 1u + offered[at] > offered_size) break;
    if (std::string_view(name, offered[at]) != kHttp11) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// The key files of services are not behind a passphrase; asking at a terminal would hang the start.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

TlsSession::TlsSession(ssl_st* ssl, int fd) : ssl_(ssl) {
  SSL_set_fd(ssl_, fd);
  SSL_set_accept_state(ssl_);
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
}

ssize_t TlsSession::Outcome(int result, bool reading) {
  if (reading) read_wants_write_ = false;
  if (result > 0) return result;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_WRITE:
      if (reading) read_wants_write_ = true;
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_WANT_READ:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      if (reading) return 0;
      errno = EPIPE;
      return -1;
    default:
      broken_ = true;
      errno = ECONNRESET;
      return -1;
  }
}

ssize_t TlsSession::Read(char* out, size_t size) {
  ERR_clear_error();
  return Outcome(SSL_read(ssl_, out, static_cast<int>(std::min<size_t>(size, INT_MAX))), true);
}

ssize_t TlsSession::Write(const char* data, size_t size) {
  ERR_clear_error();
  return Outcome(SSL_write(ssl_, data, static_cast<int>(std::min<size_t>(size, INT_MAX))), false);
}

bool TlsSession::HasPending() const {
  return SSL_pending(ssl_) > 0;
}

bool TlsSession::ready() const {
  return SSL_is_init_finished(ssl_) == 1;
}

void TlsSession::SayGoodbye() {
  if (broken_ || !ready()) return;
  ERR_clear_error();
  if (SSL_shutdown(ssl_) < 0) broken_ = true;
  ERR_clear_error();
}

Status TlsContext::Load(const std::string& certificate_file, const std::string& key_file) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return InvalidArgument("TLS: " + LastError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseProtocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context.get(), NoPassphrase);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return InvalidArgument("tls-cert " + certificate_file + ": " + LastError());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return InvalidArgument("tls-key " + key_file + ": " + LastError());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return InvalidArgument("tls-key " + key_file + " does not belong to " + certificate_file);
  }
  MutexLock lock(mutex_);
  context_ = context;
  return Status::Ok();
}

std::unique_ptr<TlsSession> TlsContext::Accept(int fd) {
  std::shared_ptr<SSL_CTX> context;
  {
    MutexLock lock(mutex_);
    context = context_;
  }
  SSL* const ssl = SSL_new(context.get());  // Takes a share of the context.
  ERR_clear_error();
  return ssl ? std::make_unique<TlsSession>(ssl, fd) : nullptr;
}

}  // namespace tenantry::http
