#pragma once
// InProcessServer: the whole server over an engine of the test's, so that a test can both talk HTTP and look inside.
//
// Threads  construct and destroy on one thread.
// Owns     application, HTTP server and log. Borrows the engine.

#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "engine/engine.h"
#include "server/access_log.h"
#include "server/application.h"
#include "server/context.h"
#include "server/http/server.h"
#include "server/release_relay.h"

namespace tenantry {

class InProcessServer {
 public:
  // `relay` must already be the engine's release listener, and outlive the engine.
  InProcessServer(Engine& engine, server::ReleaseRelay& relay, const server::ServerOptions& options,
                  uint32_t loops = 2, limits::Gate* gate = nullptr)
      : relay_(relay),
        options_(options),
        secret_(MustSecret(engine)),
        context_{engine, options_, secret_, loops, observability_, gate},
        log_(null_device_.fd, loops, engine.clock()),
        application_(context_, log_) {
    http::ServerOptions http_options;
    http_options.listen = {"127.0.0.1:0"};
    http_options.loops = loops;
    server_ = std::make_unique<http::Server>(http_options, application_.routes(), &application_,
                                             &engine.clock());
    TNT_CHECK(server_->Start().ok());
    relay.Connect(server_.get());
  }
  ~InProcessServer() {
    server_->Drain(10'000);
    relay_.Connect(nullptr);
  }

  int port() const {
    const std::string& address = server_->addresses().front();
    return std::stoi(address.substr(address.rfind(':') + 1));
  }
  const tenant::TokenSecret& secret() const { return secret_; }
  const server::TenantryApplication& application() const { return application_; }

 private:
  // Where the log goes. A member of its own, because the log's thread writes until after the destructor's body.
  struct NullDevice {
    const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ~NullDevice() { close(fd); }
  };
  static tenant::TokenSecret MustSecret(Engine& engine) {
    Result<tenant::TokenSecret> secret = tenant::EnsureTokenSecret(engine);
    TNT_CHECK(secret.ok());
    return *std::move(secret);
  }
  server::ReleaseRelay& relay_;
  const server::ServerOptions options_;
  const tenant::TokenSecret secret_;
  server::Observability observability_;
  const server::Context context_;
  const NullDevice null_device_;
  server::AccessLog log_;
  server::TenantryApplication application_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace tenantry
