#include "replication/rescue_file.h"

#include <algorithm>
#include <memory>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/log/segment_log.h"

namespace tenantry::replication {
namespace {

constexpr std::string_view kMagic = "TNTRSC01";
constexpr size_t kHeadBytes = 112;
constexpr uint64_t kFileBytesMax = 4ull << 30;
constexpr size_t kPieceBytes = 4u << 20;

void AppendPlace(std::string* out, const Place& place) {
  AppendLittle(out, place.position.epoch);
  AppendLittle(out, place.position.index);
  AppendLittle(out, place.chain.low);
  AppendLittle(out, place.chain.high);
}

std::string EncodeHead(const RescueHead& head) {
  std::string bytes(kMagic);
  AppendLittle(&bytes, head.cluster_id);
  AppendPlace(&bytes, head.before);
  AppendPlace(&bytes, head.end);
  AppendLittle(&bytes, head.entries);
  AppendLittle(&bytes, head.written_unix_ms);
  AppendLittle(&bytes, uint64_t{0});  // Reserved.
  AppendLittle(&bytes, Hash64(bytes));
  TNT_CHECK(bytes.size() == kHeadBytes);
  return bytes;
}

uint64_t TakeWord(std::string_view* in) {
  const uint64_t word = LoadLittle<uint64_t>(in->data());
  in->remove_prefix(sizeof word);
  return word;
}

Place TakePlace(std::string_view* in) {
  Place place;
  place.position.epoch = TakeWord(in);
  place.position.index = TakeWord(in);
  place.chain.low = TakeWord(in);
  place.chain.high = TakeWord(in);
  return place;
}

Result<RescueHead> DecodeHead(const std::string& path, std::string_view bytes) {
  const bool ours = bytes.size() >= kHeadBytes && bytes.starts_with(kMagic) &&
                    LoadLittle<uint64_t>(bytes.data() + kHeadBytes - 8) ==
                        Hash64(bytes.substr(0, kHeadBytes - 8));
  if (!ours) return Corruption(path + " is no rescue file, or its head is damaged");
  bytes.remove_prefix(kMagic.size());
  RescueHead head;
  head.cluster_id = TakeWord(&bytes);
  head.before = TakePlace(&bytes);
  head.end = TakePlace(&bytes);
  head.entries = TakeWord(&bytes);
  head.written_unix_ms = static_cast<int64_t>(TakeWord(&bytes));
  return head;
}

std::string RescueFolder(const std::string& data_directory) {
  return data_directory + "/rescue";
}

// Appends to a file, in large pieces.
class Writer {
 public:
  explicit Writer(File& file) : file_(file) {}
  Status Add(std::string_view bytes) {
    piece_.append(bytes);
    return piece_.size() < kPieceBytes ? Status::Ok() : Flush();
  }
  Status Flush() {
    const std::string_view part = piece_;
    TNT_RETURN_IF_ERROR(file_.WriteAt(offset_, std::span(&part, 1)));
    offset_ += piece_.size();
    piece_.clear();
    return Status::Ok();
  }

 private:
  File& file_;
  uint64_t offset_ = 0;
  std::string piece_;
};

// Head, then the entries, under a name that nobody reads.
Status WriteEntries(Engine& engine, const std::string& path, uint64_t last, RescueHead* head) {
  FileSystem& files = engine.files();
  TNT_ASSIGN_OR_RETURN(const bool left_over, files.Exists(path));
  if (left_over) TNT_RETURN_IF_ERROR(files.Remove(path));
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path, OpenMode::kCreate));
  Writer writer(*file);
  TNT_RETURN_IF_ERROR(writer.Add(std::string(kHeadBytes, '\0')));
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader,
                       engine.log().ReadFrom(head->before.position.index + 1));
  log::EntryView entry;
  while (head->before.position.index + head->entries < last) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
    if (!more) return Corruption("the log ended early while its replaced entries were kept");
    TNT_RETURN_IF_ERROR(writer.Add(entry.encoded));
    head->end = {{entry.header.epoch, entry.header.index}, entry.chain};
    ++head->entries;
  }
  TNT_RETURN_IF_ERROR(writer.Flush());
  const std::string bytes = EncodeHead(*head);
  const std::string_view part = bytes;
  TNT_RETURN_IF_ERROR(file->WriteAt(0, std::span(&part, 1)));
  return file->SyncData();
}

}  // namespace

Result<std::string> WriteRescueFile(Engine& engine, uint64_t common_index, uint64_t last) {
  if (last <= common_index) return std::string();
  FileSystem& files = engine.files();
  RescueHead head;
  head.cluster_id = engine.cluster_id();
  head.written_unix_ms = engine.clock().NowUnixMs();
  const uint64_t before = std::max(common_index, engine.log().first_index() - 1);
  head.before.position = {engine.node().epochs().EpochOf(before), before};
  TNT_ASSIGN_OR_RETURN(head.before.chain, engine.log().ChainAt(before));
  const std::string folder = RescueFolder(engine.directory());
  TNT_RETURN_IF_ERROR(MakeDurableDirectories(files, folder));
  const std::string unfinished = folder + "/unfinished.new";
  TNT_RETURN_IF_ERROR(WriteEntries(engine, unfinished, last, &head));
  const std::string path = folder + "/" + FormatPosition(head.end.position) + "-from-" +
                           std::to_string(before + 1) + ".entries";
  TNT_RETURN_IF_ERROR(files.Rename(unfinished, path));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(folder));
  return path;
}

Result<std::vector<std::string>> ListRescueFiles(FileSystem& files,
                                                 const std::string& data_directory) {
  const std::string folder = RescueFolder(data_directory);
  std::vector<std::string> paths;
  TNT_ASSIGN_OR_RETURN(const bool any, files.Exists(folder));
  if (!any) return paths;
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  for (const std::string& name : names) {
    if (name.ends_with(".entries")) paths.push_back(folder + "/" + name);
  }
  return paths;
}

Result<RescueHead> ReadRescueHead(FileSystem& files, const std::string& path) {
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path, OpenMode::kRead));
  std::string bytes(kHeadBytes, '\0');
  TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, bytes.data(), bytes.size()));
  return DecodeHead(path, std::string_view(bytes).substr(0, got));
}

Status ReadRescueFile(FileSystem& files, const std::string& path, RescueHead* head,
                      const std::function<Status(const log::EntryView&)>& visit) {
  TNT_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(files, path, kFileBytesMax));
  TNT_ASSIGN_OR_RETURN(*head, DecodeHead(path, bytes));
  std::vector<log::EntryView> entries;
  std::string_view rest = std::string_view(bytes).substr(kHeadBytes);
  Hash128 chain = head->before.chain;
  for (log::EntryView entry; !rest.empty();) {
    const log::EntryFault fault = log::TakeEntry(&rest, &chain, &entry);
    if (fault != log::EntryFault::kNone) {
      return Corruption(path + ": entry " +
                        std::to_string(head->before.position.index + entries.size() + 1) +
                        " is damaged: " + std::string(log::EntryFaultName(fault)));
    }
    entries.push_back(entry);
  }
  if (entries.size() != head->entries || chain != head->end.chain) {
    return Corruption(path + " does not hold all its entries");
  }
  for (const log::EntryView& entry : entries) TNT_RETURN_IF_ERROR(visit(entry));
  return Status::Ok();
}

}  // namespace tenantry::replication
