#pragma once
// Power loss: turns a DiskImage and a PowerLoss into the disk that is found afterwards.
// Deterministic: equal arguments, equal disks.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/fault_file_system.h"

namespace tenantry::crash {

struct SurvivingNode {
  bool directory = false;
  std::shared_ptr<const std::string> bytes;  // Shared with the image when nothing was unsynced.
  std::map<std::string, uint64_t> names;
};

inline constexpr uint64_t kRootNode = 1;

// The names in a path, without empty ones and ".".
std::vector<std::string> SplitPath(const std::string& path);

std::map<uint64_t, SurvivingNode> Survivors(const DiskImage& image, const PowerLoss& loss);

}  // namespace tenantry::crash
