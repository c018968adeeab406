#include "tests/crash/fault_file_system.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/check.h"
#include "tests/crash/power_loss.h"

namespace tenantry::crash {
namespace {

// Images and survivors share bytes with the disk they came from: copied when written.
void ApplyData(const DataOperation& operation, std::shared_ptr<const std::string>* shared) {
  if (shared->use_count() > 1) *shared = std::make_shared<std::string>(**shared);
  auto* bytes = const_cast<std::string*>(shared->get());
  if (operation.resize) {
    bytes->resize(operation.offset, '\0');
    return;
  }
  const uint64_t end = operation.offset + operation.bytes->size();
  if (bytes->size() < end) bytes->resize(end, '\0');
  std::copy(operation.bytes->begin(), operation.bytes->end(),
            bytes->begin() + static_cast<ptrdiff_t>(operation.offset));
}

void ApplyChange(const NameOperation::Change& change, std::map<std::string, uint64_t>* names) {
  if (change.node == 0) {
    names->erase(change.name);
  } else {
    (*names)[change.name] = change.node;
  }
}

}  // namespace

struct FaultFileSystem::Node {
  uint64_t id = 0;
  bool directory = false;
  // Files.
  using Bytes = std::shared_ptr<const std::string>;
  Bytes bytes = std::make_shared<std::string>();  // As a process reads them.
  Bytes durable = bytes;
  std::vector<DataOperation> unsynced;
  bool sync_failed = false;  // Some of `bytes` will never be durable.
  // Directories.
  std::map<std::string, uint64_t> names;
  std::map<std::string, uint64_t> durable_names;
};

class FaultFileSystem::Handle final : public File {
 public:
  Handle(FaultFileSystem& files, NodePointer node, std::string path)
      : files_(files), node_(std::move(node)), path_(std::move(path)) {}
  Status WriteAt(uint64_t offset, std::span<const std::string_view> parts) override {
    return files_.WriteNode(*node_, path_, offset, parts);
  }
  Result<size_t> ReadAt(uint64_t offset, char* out, size_t bytes) const override {
    return files_.ReadNode(*node_, path_, offset, out, bytes);
  }
  Status SyncData() override { return files_.SyncNode(*node_, path_); }
  Status Allocate(uint64_t bytes) override { return files_.ResizeNode(*node_, path_, bytes, true); }
  Status Truncate(uint64_t bytes) override {
    return files_.ResizeNode(*node_, path_, bytes, false);
  }
  Result<uint64_t> Size() const override { return files_.NodeSize(*node_); }

 private:
  FaultFileSystem& files_;
  const NodePointer node_;
  const std::string path_;
};

FaultFileSystem::FaultFileSystem() {
  MutexLock lock(mutex_);
  TNT_CHECK(NewNodeLocked(true)->id == kRootNode);
}

FaultFileSystem::FaultFileSystem(const DiskImage& image, const PowerLoss& loss) {
  MutexLock lock(mutex_);
  for (auto& [id, survivor] : Survivors(image, loss)) {
    auto node = std::make_shared<Node>();
    node->id = id;
    node->directory = survivor.directory;
    if (survivor.bytes) node->bytes = node->durable = survivor.bytes;
    node->names = survivor.names;
    node->durable_names = survivor.names;
    nodes_[id] = std::move(node);
    next_node_ = std::max(next_node_, id + 1);
  }
  DropUnreachableLocked();
}

FaultFileSystem::~FaultFileSystem() = default;

// Counts an operation, before it has any effect.
Status FaultFileSystem::BeginLocked(std::string_view what, const std::string& path) {
  if (stopped_) return IoError("power is off: " + path);
  ++operations_;
  if (operations_ == fail_at_) {
    return IoError("injected failure: " + std::string(what) + " " + path);
  }
  return Status::Ok();
}

// Called when the operation is visible but not durable, and not reported yet: a power cut may fall
// right here.
Status FaultFileSystem::ObserveLocked(const std::string& path) {
  if (observer_)
    observer_(operations_, [this]() TNT_NO_THREAD_SAFETY_ANALYSIS { return CaptureLocked(); });
  if (operations_ != stop_at_) return Status::Ok();
  stopped_ = true;
  return IoError("power is off: " + path);
}

FaultFileSystem::NodePointer FaultFileSystem::NewNodeLocked(bool directory) {
  auto node = std::make_shared<Node>();
  node->id = next_node_++;
  node->directory = directory;
  nodes_[node->id] = node;
  return node;
}

FaultFileSystem::NodePointer FaultFileSystem::FindLocked(const std::string& path) const {
  NodePointer node = nodes_.at(kRootNode);
  for (const std::string& part : SplitPath(path)) {
    if (!node->directory) return nullptr;
    const auto found = node->names.find(part);
    if (found == node->names.end()) return nullptr;
    node = nodes_.at(found->second);
  }
  return node;
}

Result<FaultFileSystem::Parent> FaultFileSystem::FindParentLocked(const std::string& path) const {
  std::vector<std::string> parts = SplitPath(path);
  if (parts.empty()) return InvalidArgument("no name in " + path);
  Parent parent{nodes_.at(kRootNode), parts.back()};
  parts.pop_back();
  for (const std::string& part : parts) {
    const auto found = parent.directory->names.find(part);
    if (found == parent.directory->names.end()) return NotFound("no folder for " + path);
    parent.directory = nodes_.at(found->second);
    if (!parent.directory->directory) return NotFound("no folder for " + path);
  }
  return parent;
}

Status FaultFileSystem::ChangeNamesLocked(std::vector<NameOperation::Change> changes,
                                          const std::string& path) {
  for (const NameOperation::Change& change : changes) {
    ApplyChange(change, &nodes_.at(change.directory)->names);
  }
  unsynced_names_.push_back({operations_, std::move(changes)});
  return ObserveLocked(path);
}

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path, OpenMode mode) {
  MutexLock lock(mutex_);
  if (stopped_) return IoError("power is off: " + path);
  NodePointer node = FindLocked(path);
  if (mode == OpenMode::kCreate) {
    if (node) return AlreadyExists("open " + path);
    TNT_ASSIGN_OR_RETURN(const Parent parent, FindParentLocked(path));
    TNT_RETURN_IF_ERROR(BeginLocked("create", path));
    node = NewNodeLocked(false);
    TNT_RETURN_IF_ERROR(ChangeNamesLocked({{parent.directory->id, parent.name, node->id}}, path));
  }
  if (!node) return NotFound("open " + path);
  if (node->directory) return IoError("open " + path + ": is a folder");
  return std::unique_ptr<File>(new Handle(*this, std::move(node), path));
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  const NodePointer node = FindLocked(from);
  if (!node) return NotFound("rename " + from);
  TNT_ASSIGN_OR_RETURN(const Parent source, FindParentLocked(from));
  TNT_ASSIGN_OR_RETURN(const Parent target, FindParentLocked(to));
  TNT_RETURN_IF_ERROR(BeginLocked("rename", from));
  return ChangeNamesLocked(
      {{source.directory->id, source.name, 0}, {target.directory->id, target.name, node->id}},
      from);
}

Status FaultFileSystem::Link(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  const NodePointer node = FindLocked(from);
  if (!node || node->directory) return NotFound("link " + from);
  if (FindLocked(to)) return AlreadyExists("link " + to);
  TNT_ASSIGN_OR_RETURN(const Parent target, FindParentLocked(to));
  TNT_RETURN_IF_ERROR(BeginLocked("link", to));
  return ChangeNamesLocked({{target.directory->id, target.name, node->id}}, to);
}

Status FaultFileSystem::Remove(const std::string& path) {
  MutexLock lock(mutex_);
  return RemoveLocked(path, false);
}

Status FaultFileSystem::RemoveDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  return RemoveLocked(path, true);
}

Status FaultFileSystem::RemoveLocked(const std::string& path, bool directory) {
  const NodePointer node = FindLocked(path);
  if (!node || node->directory != directory) return NotFound("remove " + path);
  if (directory && !node->names.empty()) return IoError("remove " + path + ": not empty");
  TNT_ASSIGN_OR_RETURN(const Parent parent, FindParentLocked(path));
  TNT_RETURN_IF_ERROR(BeginLocked("remove", path));
  return ChangeNamesLocked({{parent.directory->id, parent.name, 0}}, path);
}

Status FaultFileSystem::MakeDirectories(const std::string& path) {
  MutexLock lock(mutex_);
  if (stopped_) return IoError("power is off: " + path);
  std::string prefix;
  for (const std::string& part : SplitPath(path)) {
    prefix += "/" + part;
    if (const NodePointer node = FindLocked(prefix)) {
      if (!node->directory) return IoError("create folder " + prefix + ": is a file");
      continue;
    }
    TNT_ASSIGN_OR_RETURN(const Parent parent, FindParentLocked(prefix));
    TNT_RETURN_IF_ERROR(BeginLocked("create folder", prefix));
    const NodePointer made = NewNodeLocked(true);
    TNT_RETURN_IF_ERROR(ChangeNamesLocked({{parent.directory->id, parent.name, made->id}}, prefix));
  }
  return Status::Ok();
}

Status FaultFileSystem::SyncDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  const NodePointer directory = FindLocked(path);
  if (!directory || !directory->directory) return NotFound("sync folder " + path);
  TNT_RETURN_IF_ERROR(BeginLocked("sync folder", path));
  TNT_RETURN_IF_ERROR(ObserveLocked(path));
  bool dropped = false;
  std::erase_if(unsynced_names_, [&](const NameOperation& operation) TNT_NO_THREAD_SAFETY_ANALYSIS {
    const bool touches =
        std::any_of(operation.changes.begin(), operation.changes.end(),
                    [&](const auto& change) { return change.directory == directory->id; });
    if (!touches) return false;
    for (const NameOperation::Change& change : operation.changes) {
      ApplyChange(change, &nodes_.at(change.directory)->durable_names);
      dropped |= change.node == 0;
    }
    return true;
  });
  if (dropped) DropUnreachableLocked();
  return Status::Ok();
}

Result<std::vector<std::string>> FaultFileSystem::List(const std::string& path) {
  MutexLock lock(mutex_);
  if (stopped_) return IoError("power is off: " + path);
  const NodePointer node = FindLocked(path);
  if (!node || !node->directory) return NotFound("list folder " + path);
  std::vector<std::string> names;
  for (const auto& [name, id] : node->names) names.push_back(name);
  return names;
}

Result<bool> FaultFileSystem::Exists(const std::string& path) {
  MutexLock lock(mutex_);
  if (stopped_) return IoError("power is off: " + path);
  return FindLocked(path) != nullptr;
}

Result<bool> FaultFileSystem::IsDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  const NodePointer node = FindLocked(path);
  if (!node) return NotFound("stat " + path);
  return node->directory;
}

Status FaultFileSystem::WriteNode(Node& node, const std::string& path, uint64_t offset,
                                  std::span<const std::string_view> parts) {
  MutexLock lock(mutex_);
  auto bytes = std::make_shared<std::string>();
  for (const std::string_view part : parts) bytes->append(part);
  TNT_RETURN_IF_ERROR(BeginLocked("write", path));
  TNT_RETURN_IF_ERROR(CheckSpaceLocked(node, offset + bytes->size(), path));
  node.unsynced.push_back({operations_, false, offset, std::move(bytes)});
  ApplyData(node.unsynced.back(), &node.bytes);
  return ObserveLocked(path);
}

Status FaultFileSystem::ResizeNode(Node& node, const std::string& path, uint64_t bytes,
                                   bool only_grow) {
  MutexLock lock(mutex_);
  TNT_RETURN_IF_ERROR(BeginLocked(only_grow ? "allocate" : "truncate", path));
  TNT_RETURN_IF_ERROR(CheckSpaceLocked(node, bytes, path));
  if (!only_grow || bytes > node.bytes->size()) {
    node.unsynced.push_back({operations_, true, bytes, nullptr});
    ApplyData(node.unsynced.back(), &node.bytes);
  }
  return ObserveLocked(path);
}

Status FaultFileSystem::SyncNode(Node& node, const std::string& path) {
  MutexLock lock(mutex_);
  Status begun = BeginLocked("sync", path);
  if (!begun.ok()) {
    // Rule 4: the pages are marked clean although they were not written.
    if (!stopped_) {
      node.unsynced.clear();
      node.sync_failed = true;
    }
    return begun;
  }
  TNT_RETURN_IF_ERROR(ObserveLocked(path));
  if (ignore_syncs_) return Status::Ok();
  if (node.sync_failed) {
    for (const DataOperation& operation : node.unsynced) ApplyData(operation, &node.durable);
  } else {
    node.durable = node.bytes;
  }
  node.unsynced.clear();
  return Status::Ok();
}

Result<size_t> FaultFileSystem::ReadNode(const Node& node, const std::string& path, uint64_t offset,
                                         char* out, size_t bytes) const {
  MutexLock lock(mutex_);
  if (stopped_) return IoError("power is off: " + path);
  if (offset >= node.bytes->size()) return size_t{0};
  return node.bytes->copy(out, bytes, offset);
}

Result<uint64_t> FaultFileSystem::NodeSize(const Node& node) const {
  MutexLock lock(mutex_);
  return static_cast<uint64_t>(node.bytes->size());
}

// What is linked somewhere counts; a file that only shrinks or stays needs nothing.
Status FaultFileSystem::CheckSpaceLocked(const Node& node, uint64_t bytes,
                                         const std::string& path) const {
  if (capacity_bytes_ == UINT64_MAX || bytes <= node.bytes->size()) return Status::Ok();
  uint64_t used = 0;
  std::set<uint64_t> linked;
  for (const auto& [id, other] : nodes_) {
    for (const auto& [name, child] : other->names) linked.insert(child);
  }
  for (const uint64_t id : linked) used += nodes_.at(id)->bytes->size();
  if (used - node.bytes->size() + bytes <= capacity_bytes_) return Status::Ok();
  return NoSpace("no space for " + path);
}

void FaultFileSystem::DropUnreachableLocked() {
  std::set<uint64_t> reachable = {kRootNode};
  std::vector<uint64_t> queue = {kRootNode};
  const auto reach = [&](uint64_t id) {
    if (id != 0 && reachable.insert(id).second) queue.push_back(id);
  };
  for (const NameOperation& operation : unsynced_names_) {
    for (const NameOperation::Change& change : operation.changes) {
      reach(change.directory);
      reach(change.node);
    }
  }
  while (!queue.empty()) {
    const Node& node = *nodes_.at(queue.back());
    queue.pop_back();
    for (const auto& [name, id] : node.names) reach(id);
    for (const auto& [name, id] : node.durable_names) reach(id);
  }
  std::erase_if(nodes_, [&](const auto& item) { return !reachable.contains(item.first); });
}

DiskImage FaultFileSystem::CaptureLocked() const {
  DiskImage image;
  image.operations = operations_;
  image.unsynced_names = unsynced_names_;
  for (const auto& [id, node] : nodes_) {
    image.nodes[id] = {node->directory, node->durable, node->unsynced, node->durable_names};
  }
  return image;
}

DiskImage FaultFileSystem::Capture() const {
  MutexLock lock(mutex_);
  return CaptureLocked();
}

uint64_t FaultFileSystem::operations() const {
  MutexLock lock(mutex_);
  return operations_;
}

void FaultFileSystem::StopAt(uint64_t number) {
  MutexLock lock(mutex_);
  stop_at_ = number;
}

bool FaultFileSystem::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

void FaultFileSystem::SetObserver(Observer observer) {
  MutexLock lock(mutex_);
  observer_ = std::move(observer);
}

void FaultFileSystem::FailAt(uint64_t number) {
  MutexLock lock(mutex_);
  fail_at_ = number;
}

void FaultFileSystem::IgnoreSyncs() {
  MutexLock lock(mutex_);
  ignore_syncs_ = true;
}

void FaultFileSystem::SetCapacity(uint64_t bytes) {
  MutexLock lock(mutex_);
  capacity_bytes_ = bytes;
}

}  // namespace tenantry::crash
