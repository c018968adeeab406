#include "tests/crash/power_loss.h"

#include <algorithm>
#include <set>
#include <vector>

namespace tenantry::crash {
namespace {

class Loss {
 public:
  Loss(const DiskImage& image, const PowerLoss& loss)
      : image_(image), loss_(loss), random_(loss.seed) {
    for (const auto& [id, node] : image.nodes) {
      for (const DataOperation& operation : node.unsynced) order_.push_back(operation.sequence);
    }
    for (const NameOperation& operation : image.unsynced_names) {
      order_.push_back(operation.sequence);
    }
    std::sort(order_.begin(), order_.end());
    // The first operation that does not survive, for the modes that keep a prefix.
    const uint64_t kept = random_.Below(order_.size() + 1);
    cut_ = kept < order_.size() ? order_[kept] : UINT64_MAX;
    if (!loss.journalled.empty()) FindJournalled();
  }

  std::map<uint64_t, SurvivingNode> Run() {
    std::map<uint64_t, SurvivingNode> nodes;
    for (const auto& [id, node] : image_.nodes) {
      SurvivingNode& survivor = nodes[id];
      survivor.directory = node.directory;
      survivor.names = node.durable_names;
      if (node.directory) continue;
      if (node.unsynced.empty()) {
        survivor.bytes = node.durable;
      } else {
        const bool ordered = journalled_.contains(id) && Tears();
        survivor.bytes =
            std::make_shared<std::string>(ordered ? JournalledBytes(node) : SurvivingBytes(node));
      }
    }
    for (const NameOperation& operation : image_.unsynced_names) {
      if (!KeepsNames(operation)) continue;
      for (const NameOperation::Change& change : operation.changes) {
        std::map<std::string, uint64_t>& names = nodes[change.directory].names;
        if (change.node == 0) {
          names.erase(change.name);
        } else {
          names[change.name] = change.node;
        }
      }
    }
    return nodes;
  }

 private:
  // Marks all nodes that are or may be reachable below the journalled folder.
  void FindJournalled() {
    std::map<uint64_t, std::multimap<std::string, uint64_t>> names;
    for (const auto& [id, node] : image_.nodes) {
      names[id].insert(node.durable_names.begin(), node.durable_names.end());
    }
    for (const NameOperation& operation : image_.unsynced_names) {
      for (const auto& change : operation.changes) {
        if (change.node != 0) names[change.directory].emplace(change.name, change.node);
      }
    }
    std::vector<uint64_t> queue = {kRootNode};
    for (const std::string& part : SplitPath(loss_.journalled)) {
      std::vector<uint64_t> next;
      for (const uint64_t id : queue) {
        const auto [first, last] = names[id].equal_range(part);
        for (auto it = first; it != last; ++it) next.push_back(it->second);
      }
      queue = std::move(next);
    }
    while (!queue.empty()) {
      const uint64_t id = queue.back();
      queue.pop_back();
      if (!journalled_.insert(id).second) continue;
      for (const auto& [name, child] : names[id]) queue.push_back(child);
    }
  }

  bool Coin() { return random_.Below(2) == 0; }

  bool KeepsNames(const NameOperation& operation) {
    switch (loss_.mode) {
      case LossMode::kDropUnsynced:
      case LossMode::kDataWithoutNames:
        return false;
      case LossMode::kKeepAll:
      case LossMode::kTear4096:
      case LossMode::kNamesWithoutData:
        return true;
      case LossMode::kPrefix:
      case LossMode::kTear512:
        return operation.sequence < cut_;
      case LossMode::kReorder:
        if (journalled_.contains(operation.changes.back().directory))
          return operation.sequence < cut_;
        return Coin();
    }
    return false;
  }

  std::string SurvivingBytes(const DiskImage::Node& node) {
    std::string bytes = *node.durable;
    for (const DataOperation& operation : node.unsynced) {
      if (operation.resize) {
        if (KeepsResize(operation)) bytes.resize(operation.offset, '\0');
      } else {
        ApplyWrite(operation, &bytes);
      }
    }
    return bytes;
  }

  bool Tears() const {
    return loss_.mode == LossMode::kTear512 || loss_.mode == LossMode::kTear4096 ||
           loss_.mode == LossMode::kReorder;
  }

  // A prefix of this file's operations, however much of other files survives; the last write is cut
  // at a sector.
  std::string JournalledBytes(const DiskImage::Node& node) {
    std::string bytes = *node.durable;
    const uint64_t kept = random_.Below(node.unsynced.size() + 1);
    for (uint64_t i = 0; i < kept; ++i) {
      const DataOperation& operation = node.unsynced[i];
      if (operation.resize) {
        bytes.resize(operation.offset, '\0');
        continue;
      }
      std::string_view data = *operation.bytes;
      if (i + 1 == kept && loss_.mode != LossMode::kReorder) {
        const uint64_t sector = loss_.mode == LossMode::kTear512 ? 512 : 4096;
        const uint64_t end = (operation.offset + random_.Below(data.size() + 1)) / sector * sector;
        data = data.substr(0, end > operation.offset ? end - operation.offset : 0);
      }
      Put(operation.offset, data, &bytes);
    }
    return bytes;
  }

  bool KeepsResize(const DataOperation& operation) {
    switch (loss_.mode) {
      case LossMode::kDropUnsynced:
        return false;
      case LossMode::kKeepAll:
      case LossMode::kNamesWithoutData:
      case LossMode::kDataWithoutNames:
        return true;
      case LossMode::kPrefix:
        return operation.sequence < cut_;
      case LossMode::kTear512:
      case LossMode::kTear4096:
      case LossMode::kReorder:
        return Coin();
    }
    return false;
  }

  void ApplyWrite(const DataOperation& operation, std::string* bytes) {
    const std::string& data = *operation.bytes;
    switch (loss_.mode) {
      case LossMode::kDropUnsynced:
        return;
      case LossMode::kKeepAll:
      case LossMode::kDataWithoutNames:
        return Put(operation.offset, data, bytes);
      case LossMode::kPrefix:
        if (operation.sequence < cut_) return Put(operation.offset, data, bytes);
        if (operation.sequence > cut_) return;
        return Put(operation.offset,
                   std::string_view(data).substr(0, random_.Below(data.size() + 1)), bytes);
      case LossMode::kTear512:
        return Tear(operation, 512, bytes);
      case LossMode::kTear4096:
        return Tear(operation, 4096, bytes);
      case LossMode::kReorder:
        if (Coin()) Put(operation.offset, data, bytes);
        return;
      case LossMode::kNamesWithoutData:
        if (bytes->size() < operation.offset + data.size()) {
          bytes->resize(operation.offset + data.size(), '\0');
        }
        return;
    }
  }

  // Keeps a random set of the sectors a write touches, sometimes destroying one of the others.
  void Tear(const DataOperation& operation, uint64_t sector, std::string* bytes) {
    const std::string& data = *operation.bytes;
    if (data.empty()) return;
    const uint64_t end = operation.offset + data.size();
    // Most writes in a cache are whole or absent; tear a share of them.
    const uint64_t style = random_.Below(4);
    if (style == 0) return;
    for (uint64_t at = operation.offset / sector * sector; at < end; at += sector) {
      const uint64_t from = std::max(at, operation.offset);
      const uint64_t to = std::min(at + sector, end);
      if (style == 1 || Coin()) {
        Put(from, std::string_view(data).substr(from - operation.offset, to - from), bytes);
      } else if (loss_.destroy_torn && Coin()) {
        Put(at, Garbage(sector), bytes);
      }
    }
  }

  std::string Garbage(uint64_t bytes) {
    return Coin() ? std::string(bytes, '\0') : random_.Bytes(bytes);
  }

  static void Put(uint64_t offset, std::string_view data, std::string* bytes) {
    if (data.empty()) return;
    if (bytes->size() < offset + data.size()) bytes->resize(offset + data.size(), '\0');
    std::copy(data.begin(), data.end(), bytes->begin() + static_cast<ptrdiff_t>(offset));
  }

  const DiskImage& image_;
  const PowerLoss& loss_;
  SeededRandom random_;
  std::vector<uint64_t> order_;
  uint64_t cut_ = UINT64_MAX;
  std::set<uint64_t> journalled_;
};

}  // namespace

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : path + "/") {
    if (c != '/') {
      part.push_back(c);
    } else if (!part.empty()) {
      if (part != ".") parts.push_back(part);
      part.clear();
    }
  }
  return parts;
}

std::string_view LossModeName(LossMode mode) {
  switch (mode) {
    case LossMode::kDropUnsynced:
      return "drop unsynced";
    case LossMode::kKeepAll:
      return "keep all";
    case LossMode::kPrefix:
      return "keep a prefix";
    case LossMode::kTear512:
      return "tear at 512 bytes";
    case LossMode::kTear4096:
      return "tear at 4 KiB";
    case LossMode::kReorder:
      return "reorder";
    case LossMode::kNamesWithoutData:
      return "names without data";
    case LossMode::kDataWithoutNames:
      return "data without names";
  }
  return "unknown";
}

std::map<uint64_t, SurvivingNode> Survivors(const DiskImage& image, const PowerLoss& loss) {
  return Loss(image, loss).Run();
}

}  // namespace tenantry::crash
