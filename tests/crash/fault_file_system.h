#pragma once
// FaultFileSystem: an in-memory disk behind a page cache, which can lose power at any operation.
//
// Shape    A tree of nodes. Each file has durable bytes and a list of data operations not yet
// synced; directories have
//          durable names and the name operations not yet synced. SyncData and SyncDirectory move
//          operations over. What a process sees is all of them; what survives a power loss is the
//          durable part plus what the LossMode keeps.
// Rules    1. Only SyncData makes bytes durable, only SyncDirectory makes names durable, each for
// its own node.
//          2. A rename is atomic. It may survive without the data of the file it renamed, and the
//          other way round.
//          3. A file can grow without its bytes (zeros), or keep bytes of a write whose neighbours
//          are lost.
//          4. A failed sync drops the unsynced operations from what later syncs write, yet they
//          stay visible.
// Errors   as in engine/base/file.h; kIoError for everything after the power is off.
// Threads  any thread; one lock. The observer runs under it and must not call back.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/file.h"
#include "engine/base/mutex.h"
#include "engine/base/random.h"

namespace tenantry::crash {

// What happens to operations that were not synced. "Old" is what the disk held before.
enum class LossMode : uint8_t {
  kDropUnsynced,  // Everything is lost.
  kKeepAll,       // Everything survives, as after kill -9.
  kPrefix,        // What was issued first survives; one write is cut inside.
  kTear512,   // Each 512-byte sector of each write is old or new; names survive in order up to a
              // point.
  kTear4096,  // The same in 4 KiB pages; all names survive.
  kReorder,   // Each operation survives or not, whatever its order.
  kNamesWithoutData,  // Names and file lengths survive; bytes do not.
  kDataWithoutNames,  // Bytes survive; names do not.
};
inline constexpr std::array<LossMode, 8> kLossModes = {
    LossMode::kDropUnsynced,     LossMode::kKeepAll,         LossMode::kPrefix,
    LossMode::kTear512,          LossMode::kTear4096,        LossMode::kReorder,
    LossMode::kNamesWithoutData, LossMode::kDataWithoutNames};
std::string_view LossModeName(LossMode mode);

struct PowerLoss {
  LossMode mode = LossMode::kDropUnsynced;
  uint64_t seed = 0;
  // In the two tearing modes, also destroy sectors (pages) that were being written, with synced
  // bytes in them. Our log promises to survive this; RocksDB, like most software, counts on sectors
  // being written whole or not at all.
  bool destroy_torn = false;
  // A folder for which the disk behaves as a journalling file system does (ext4 ordered, XFS): in
  // the tearing and reordering modes names survive in order, and of each file a prefix of what was
  // written. Empty: nowhere; "/": everywhere. Our log promises to survive without it; RocksDB
  // counts on both (rocksdb_prefix_test.cc).
  std::string journalled;
};

struct DataOperation {
  uint64_t sequence = 0;
  bool resize = false;  // Sets the length to `offset`; otherwise writes `bytes` at `offset`.
  uint64_t offset = 0;
  std::shared_ptr<const std::string> bytes;
};

struct NameOperation {
  struct Change {
    uint64_t directory = 0;
    std::string name;
    uint64_t node = 0;  // 0: the name goes away.
  };
  uint64_t sequence = 0;
  std::vector<Change> changes;  // All or none.
};

// The disk and the unsynced operations at one moment. Cheap to copy: bytes are shared.
struct DiskImage {
  struct Node {
    bool directory = false;
    std::shared_ptr<const std::string> durable;
    std::vector<DataOperation> unsynced;
    std::map<std::string, uint64_t> durable_names;
  };
  std::map<uint64_t, Node> nodes;
  std::vector<NameOperation> unsynced_names;
  uint64_t operations = 0;
};

class FaultFileSystem final : public FileSystem {
 public:
  FaultFileSystem();
  // The disk as it is found when power returns.
  FaultFileSystem(const DiskImage& image, const PowerLoss& loss);
  ~FaultFileSystem() override;

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
  // What RocksDB needs beyond that.
  Status Link(const std::string& from, const std::string& to);
  Status RemoveDirectory(const std::string& path);  // Must be empty.
  Result<bool> IsDirectory(const std::string& path);

  // Everything that changes the disk is an operation, numbered from 1.
  uint64_t operations() const;
  // Power goes at operation `number`: it may or may not have reached the disk, its caller and all
  // later ones fail.
  void StopAt(uint64_t number);
  bool stopped() const;
  // Called at each operation, when it can be lost and has not been reported: the image is a power
  // cut right there.
  using CaptureFunction = std::function<DiskImage()>;
  using Observer = std::function<void(uint64_t operation, const CaptureFunction& capture)>;
  void SetObserver(Observer observer);
  DiskImage Capture() const;

  // Operation `number` fails with kIoError, once. A failed sync follows rule 4.
  void FailAt(uint64_t number);
  // Negative control: SyncData says OK and does nothing.
  void IgnoreSyncs();
  // Growing files beyond this many bytes in all is kNoSpace.
  void SetCapacity(uint64_t bytes);

 private:
  class Handle;
  struct Node;
  using NodePointer = std::shared_ptr<Node>;
  struct Parent {
    NodePointer directory;
    std::string name;
  };

  Status BeginLocked(std::string_view what, const std::string& path) TNT_REQUIRES(mutex_);
  Status ObserveLocked(const std::string& path) TNT_REQUIRES(mutex_);
  NodePointer FindLocked(const std::string& path) const TNT_REQUIRES(mutex_);
  Result<Parent> FindParentLocked(const std::string& path) const TNT_REQUIRES(mutex_);
  NodePointer NewNodeLocked(bool directory) TNT_REQUIRES(mutex_);
  Status ChangeNamesLocked(std::vector<NameOperation::Change> changes, const std::string& path)
      TNT_REQUIRES(mutex_);
  Status RemoveLocked(const std::string& path, bool directory) TNT_REQUIRES(mutex_);
  Status CheckSpaceLocked(const Node& node, uint64_t bytes, const std::string& path) const
      TNT_REQUIRES(mutex_);
  void DropUnreachableLocked() TNT_REQUIRES(mutex_);
  DiskImage CaptureLocked() const TNT_REQUIRES(mutex_);

  Status WriteNode(Node& node, const std::string& path, uint64_t offset,
                   std::span<const std::string_view> parts);
  Status ResizeNode(Node& node, const std::string& path, uint64_t bytes, bool only_grow);
  Status SyncNode(Node& node, const std::string& path);
  Result<size_t> ReadNode(const Node& node, const std::string& path, uint64_t offset, char* out,
                          size_t bytes) const;
  Result<uint64_t> NodeSize(const Node& node) const;

  mutable Mutex mutex_{"fault_file_system"};
  // Guarded by mutex_.
  std::map<uint64_t, NodePointer> nodes_ TNT_GUARDED_BY(mutex_);
  uint64_t next_node_ TNT_GUARDED_BY(mutex_) = 1;
  std::vector<NameOperation> unsynced_names_ TNT_GUARDED_BY(mutex_);
  uint64_t operations_ TNT_GUARDED_BY(mutex_) = 0;
  uint64_t stop_at_ TNT_GUARDED_BY(mutex_) = 0;
  uint64_t fail_at_ TNT_GUARDED_BY(mutex_) = 0;
  bool stopped_ TNT_GUARDED_BY(mutex_) = false;
  bool ignore_syncs_ TNT_GUARDED_BY(mutex_) = false;
  uint64_t capacity_bytes_ TNT_GUARDED_BY(mutex_) = UINT64_MAX;
  Observer observer_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::crash
