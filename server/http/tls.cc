#include "server/http/tls.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

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

void SetLimits(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
}

// The key files of services are not behind a passphrase; asking at a terminal would hang the start.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

TlsSession::TlsSession(ssl_st* ssl, int fd) : ssl_(ssl) {
  SSL_set_fd(ssl_, fd);
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
      NoteTrouble();
      errno = ECONNRESET;
      return -1;
  }
}

void TlsSession::NoteTrouble() {
  const long verified = SSL_get_verify_result(ssl_);
  trouble_ = verified == X509_V_OK
                 ? LastError()
                 : std::string("certificate: ") + X509_verify_cert_error_string(verified);
}

ssize_t TlsSession::Handshake() {
  ERR_clear_error();
  return Outcome(SSL_do_handshake(ssl_), true);
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
  SetLimits(context.get());
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
  if (ssl == nullptr) return nullptr;
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsSession>(ssl, fd);
}

Result<TlsClient> TlsClient::Make(const std::string& ca_file, bool insecure) {
  TlsClient client;
  client.context_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX* const context = client.context_.get();
  if (context == nullptr) return InvalidArgument("TLS: " + LastError());
  SetLimits(context);
  constexpr unsigned char kOffered[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kOffered, sizeof kOffered - 1);
  SSL_CTX_set_verify(context, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  ERR_clear_error();
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) {
    return InvalidArgument("certificates of " + ca_file + ": " + LastError());
  }
  if (ca_file.empty()) SSL_CTX_set_default_verify_paths(context);
  return client;
}

std::unique_ptr<TlsSession> TlsClient::Connect(int fd, const std::string& host) const {
  SSL* const ssl = SSL_new(context_.get());
  ERR_clear_error();
  if (ssl == nullptr) return nullptr;
  // An address is looked for among the addresses of the certificate, and is not sent along.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  SSL_set_connect_state(ssl);
  return std::make_unique<TlsSession>(ssl, fd);
}

}  // namespace tenantry::http
