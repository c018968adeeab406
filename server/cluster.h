#pragma once
// Cluster: what request handling knows of other nodes, and the rules that follow for a request: who may answer it, and from how
// new a state.
//
// Rules    a node that does not lead sends writes to its leader (307), or says that it knows none (503).
//          With proxy_writes it passes them on instead, once: what another node passed on is never passed on again.
//          A read with Tenantry-Min-Position waits for that entry, for Limits::position_wait_ms at most; then 307, or 409 where
//          no leader is known. A position of a replaced history is 409 at once.
//          A read on a follower that is older than max_staleness_ms goes to the leader.
// Threads  any.
// Source   docs/replication.md#reads.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/route.h"

namespace tenantry::server {

class Cluster {
 public:
  virtual ~Cluster() = default;
  // Without a slash at the end; empty while none is known.
  virtual std::string LeaderUrl() const = 0;
  // How old what this node shows may be; 0 when it leads.
  virtual int64_t StalenessMs() const = 0;
  // False while what this node shows is not its leader's history.
  virtual bool ServesReads() const = 0;

  int64_t max_staleness_ms = 0;  // 0: any.
  bool replica_durability = false;
  bool proxy_writes = false;
};

// A refusal of this node, for the caller to give its family's error body.
struct NodeRefusal {
  int status = 0;
  std::string message;
  std::string location;  // Of a 307.
  bool pass_on =
      false;  // Not a refusal: the leader is asked for the client, and its answer is the answer.
};

// Whether this node may answer now. `cluster` may be null. Module::kShared is always answered.
std::optional<NodeRefusal> CheckNode(Engine& engine, const Cluster* cluster,
                                     const http::Route& route, const http::Request& request);

// The log index a read asked to wait for: 0 when there is nothing to wait for, or nothing would help.
uint64_t IndexToWaitFor(Engine& engine, const http::Request& request);

}  // namespace tenantry::server
