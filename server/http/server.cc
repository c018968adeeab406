#include "server/http/server.h"

#include <thread>

#include <sys/resource.h>

#include "server/http/loop.h"
#include "server/http/tls.h"
#include "server/http/workers.h"

namespace tenantry::http {
namespace {

// Descriptors that are not connections: listeners, logs, the database's files.
constexpr rlim_t kOtherDescriptors = 2048;

// As far as the hard limit lets us; with fewer, accepting pauses whenever they run out.
void RaiseDescriptorLimit(size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = static_cast<rlim_t>(connections) + kOtherDescriptors;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Server::Server(ServerOptions options, std::span<const Route> routes, Application* application,
               const Clock* clock)
    : options_(std::move(options)), routes_(routes), application_(application), clock_(clock) {}

Server::~Server() {
  Stop();
}

Status Server::Start() {
  TNT_ASSIGN_OR_RETURN(Router router, Router::Build(routes_));
  if (!options_.tls_cert.empty()) {
    tls_ = std::make_unique<TlsContext>();
    TNT_RETURN_IF_ERROR(tls_->Load(options_.tls_cert, options_.tls_key));
  }
  const uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  const uint32_t count = options_.loops > 0 ? options_.loops : cores;
  std::vector<std::vector<FileDescriptor>> sockets(count);
  std::vector<std::string> addresses;
  for (const std::string& address : options_.listen) {
    TNT_ASSIGN_OR_RETURN(ListenGroup group, Listen(address, count));
    addresses.push_back(group.address);
    for (uint32_t i = 0; i < count; ++i) sockets[i].push_back(std::move(group.sockets[i]));
  }
  router_ = std::make_unique<Router>(std::move(router));
  blocking_ = std::make_unique<WorkerLane>("http-block", options_.blocking);
  hashing_ = std::make_unique<WorkerLane>("http-hash", options_.hashing);
  Adjust(options_);
  const LoopContext context{.options = &options_,
                            .router = router_.get(),
                            .application = application_,
                            .clock = clock_,
                            .blocking = blocking_.get(),
                            .hashing = hashing_.get(),
                            .limits = &limits_,
                            .tls = tls_.get()};
  std::vector<std::unique_ptr<Loop>> loops;
  for (uint32_t i = 0; i < count; ++i) {
    loops.push_back(std::make_unique<Loop>(i, context, std::move(sockets[i])));
    TNT_RETURN_IF_ERROR(loops.back()->Open());
  }
  addresses_ = std::move(addresses);
  loops_ = std::move(loops);
  for (uint32_t i = 0; i < count; ++i) {
    threads_.emplace_back("http-loop-" + std::to_string(i),
                          [loop = loops_[i].get()] { loop->Run(); });
  }
  return Status::Ok();
}

void Server::Adjust(const ServerOptions& options) {
  RaiseDescriptorLimit(options.connections_max);
  limits_.connections_max.store(options.connections_max, std::memory_order_relaxed);
  limits_.requests_max.store(options.requests_max, std::memory_order_relaxed);
  if (blocking_) blocking_->SetQueue(options.blocking.queue);
  if (hashing_) hashing_->SetQueue(options.hashing.queue);
}

Status Server::ReloadTls(const ServerOptions& options) {
  return tls_->Load(options.tls_cert, options.tls_key);
}

void Server::NotifyReleased() {
  for (const auto& loop : loops_) loop->NotifyReleased();
}

void Server::Drain(int64_t limit_ms) {
  if (threads_.empty()) return;
  // Never 0, which means not draining.
  const int64_t deadline = std::max<int64_t>(1, clock_->NowBootNs() + limit_ms * 1'000'000);
  for (const auto& loop : loops_) loop->BeginDrain(deadline);
  for (Thread& thread : threads_) thread.Join();
  threads_.clear();
  // Workers first: a job that still runs posts into its loop.
  blocking_.reset();
  hashing_.reset();
}

size_t Server::blocking_depth() const {
  return blocking_ ? blocking_->depth() : 0;
}
size_t Server::hashing_depth() const {
  return hashing_ ? hashing_->depth() : 0;
}

size_t Server::workers_busy() const {
  return (blocking_ ? blocking_->busy() : 0) + (hashing_ ? hashing_->busy() : 0);
}

}  // namespace tenantry::http
