#pragma once
// Power loss: turns a DiskImage and a PowerLoss into the disk that is found afterwards. Deterministic: equal arguments,
// equal disks.

#include <cstdint>
#include <map>
#include <string>

#include "tests/crash/fault_file_system.h"

namespace tenantry::crash {

struct SurvivingNode {
  bool directory = false;
  std::string bytes;
  std::map<std::string, uint64_t> names;
};

// Node 1 is the root.
std::map<uint64_t, SurvivingNode> Survivors(const DiskImage& image, const PowerLoss& loss);

}  // namespace tenantry::crash
