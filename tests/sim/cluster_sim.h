#pragma once
// ClusterSim: three nodes with faulty disks and a faulty network, driven by one seed.
//
// Promise  a write that was acknowledged, which takes the leader's disk and one follower's, is in the log of the last leader;
//          and in the end every node has that log, entry by entry.
// Threads  one.

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/log/segment_log.h"
#include "engine/node_file.h"
#include "replication/follower_session.h"
#include "replication/leader_session.h"
#include "tests/crash/fault_file_system.h"

namespace tenantry::sim {

struct SimFaults {
  replication::FollowerFaults follower;
  bool ack_before_replicate = false;
};

struct SimOutcome {
  std::string problem;  // Empty when every promise held.
  uint64_t acknowledged = 0;
  uint64_t promotions = 0;
  uint64_t rewinds = 0;
};

class ClusterSim {
 public:
  ClusterSim(uint64_t seed, const SimFaults& faults);
  ~ClusterSim();
  SimOutcome Run();

 private:
  static constexpr size_t kNodes = 3;
  struct Node;
  struct Link;
  struct Promise {
    uint64_t index;
    std::string payload;
  };

  bool Chance(uint64_t one_in) { return random_.Below(one_in) == 0; }
  void Open(size_t i);
  void PowerLoss(size_t i);
  void Wipe(size_t i);
  void Write(size_t i);
  void Sync(size_t i);
  void Promote();
  void Connect(size_t i);
  void Cut(size_t i);
  void CutAll(size_t i);
  void Move(size_t i);
  void Acknowledge(size_t i);
  bool Deliver(size_t i, bool to_leader);
  void Step();
  bool Settle();
  void Check();
  void Fail(std::string problem);

  SeededRandom random_;
  const SimFaults faults_;
  ManualClock clock_{1'772'442'000'000};
  std::array<std::unique_ptr<Node>, kNodes> nodes_;
  std::array<std::unique_ptr<Link>, kNodes> links_;  // By follower.
  size_t leader_ = 0;                                // Of the newest epoch.
  std::vector<Promise> promises_;
  SimOutcome outcome_;
};

}  // namespace tenantry::sim
