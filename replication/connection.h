#pragma once
// Service::Connection: one socket of the service, and the session on it. Private to the service's sources.

#include <memory>
#include <string>
#include <utility>

#include "replication/service.h"
#include "replication/sync_feed.h"
#include "replication/sync_session.h"

namespace tenantry::replication {

struct Service::Connection {
  Connection(Socket s, SecureChannel::Side side, const std::string& secret, Random& random,
             int64_t now_ms)
      : socket(std::move(s)), channel(secret, side, random), opened_ms(now_ms) {}

  Socket socket;
  SecureChannel channel;
  const int64_t opened_ms;
  bool connecting = false;
  bool spoke = false;  // A message of the peer opened.
  bool closed = false;
  std::unique_ptr<LeaderSession> leader;      // The peer follows us.
  std::unique_ptr<FollowerSession> follower;  // We follow the peer.
  std::unique_ptr<SyncFeed> feed;             // The peer copies everything from us.
  std::unique_ptr<SyncSession> sync;          // We copy everything from the peer.
};

}  // namespace tenantry::replication
