#include "tests/crash/power_loss.h"

#include <algorithm>
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
  }

  std::map<uint64_t, SurvivingNode> Run() {
    std::map<uint64_t, SurvivingNode> nodes;
    for (const auto& [id, node] : image_.nodes) {
      SurvivingNode& survivor = nodes[id];
      survivor.directory = node.directory;
      survivor.names = node.durable_names;
      if (!node.directory) survivor.bytes = SurvivingBytes(node);
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
        return Coin();
    }
    return false;
  }

  std::string SurvivingBytes(const DiskImage::Node& node) {
    std::string bytes = node.durable ? *node.durable : std::string();
    for (const DataOperation& operation : node.unsynced) {
      if (operation.resize) {
        if (KeepsResize(operation)) bytes.resize(operation.offset, '\0');
      } else {
        ApplyWrite(operation, &bytes);
      }
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
        return Put(operation.offset, std::string_view(data).substr(0, random_.Below(data.size() + 1)),
                   bytes);
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
};

}  // namespace

std::map<uint64_t, SurvivingNode> Survivors(const DiskImage& image, const PowerLoss& loss) {
  return Loss(image, loss).Run();
}

}  // namespace tenantry::crash
