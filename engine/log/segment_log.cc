#include "engine/log/segment_log.h"

#include <algorithm>
#include <utility>

#include "engine/log/segment_scan.h"

namespace tenantry::log {
namespace {

// A larger buffer than this is given back after its group.
constexpr size_t kKeptBufferBytes = 4u << 20;
// Zeros that an append brings along where it finds none: 256 pages, so that few appends do.
constexpr uint64_t kZerosAheadBytes = 1u << 20;

Status WriteFooter(File& file, const SegmentTail& tail, uint64_t segment_id) {
  const std::string footer = EncodeSegmentFooter(tail, segment_id);
  const std::string_view part = footer;
  TNT_RETURN_IF_ERROR(file.WriteAt(tail.end_offset, std::span(&part, 1)));
  TNT_RETURN_IF_ERROR(file.SyncData());
  // Gives the unused room back. Not synced: with or without it, the footer ends the segment.
  return file.Truncate(tail.end_offset + kSegmentFooterBytes);
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

SegmentLog::SegmentLog(FileSystem& files, std::string directory, const LogOptions& options)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      reserve_(files, directory_) {}

Result<std::unique_ptr<SegmentLog>> SegmentLog::Open(FileSystem& files,
                                                     const std::string& directory,
                                                     const LogOptions& options,
                                                     RecoveryReport* report) {
  TNT_CHECK(options.clock != nullptr);
  TNT_CHECK(options.random != nullptr);
  if (options.segment_bytes < kSegmentBytesMin || options.segment_bytes % kPageBytes != 0) {
    return InvalidArgument("log: segment size must be a multiple of 4096, at least " +
                           std::to_string(kSegmentBytesMin));
  }
  RecoveryReport unused;
  if (report == nullptr) report = &unused;
  *report = {};
  TNT_RETURN_IF_ERROR(files.MakeDirectories(directory));
  TNT_RETURN_IF_ERROR(files.SyncDirectory(ParentOf(directory)));
  const RecoveryInput input{.directory = directory,
                            .cluster_id = options.cluster_id,
                            .ignore_watermark = options.faults.ignore_watermark};
  TNT_ASSIGN_OR_RETURN(RecoveryPlan plan, PlanRecovery(files, input, report));
  if (report->segments == 0) {
    const LogStart genesis{.previous = {}, .previous_chain = GenesisChain(options.cluster_id)};
    const LogStart start = options.start.value_or(genesis);
    report->created = true;
    plan.previous = start.previous;
    plan.previous_chain = start.previous_chain;
  }
  std::unique_ptr<SegmentLog> log(new SegmentLog(files, directory, options));
  TNT_RETURN_IF_ERROR(log->StartFirst(std::move(plan)));
  report->first_index = log->first_index();
  report->end = log->end();
  return log;
}

// Carries out a recovery plan: first the new segment with the newest group is durable, then footers
// may overwrite that group's old place.
Status SegmentLog::StartFirst(RecoveryPlan plan) {
  const uint64_t least_bytes =
      kSegmentHeaderBytes + RoundUpToPage(plan.group.size()) + kSegmentFooterBytes;
  Status space = FillReserve(std::max(options_.segment_bytes, least_bytes));
  // On a full disk a small segment still lets the node start and take deletes.
  if (space.code() == StatusCode::kNoSpace) {
    space = reserve_.Fill(std::max(kSegmentBytesMin, least_bytes));
  }
  TNT_RETURN_IF_ERROR(space);
  for (const KeptSegment& kept : plan.kept) {
    index_.Add({kept.header.first_index(), kept.header.segment_id, kept.path});
  }
  SegmentTail after;
  after.last = plan.previous;
  after.chain = plan.previous_chain;
  TNT_RETURN_IF_ERROR(StartSegment(after, std::move(plan.group)));
  for (const KeptSegment& kept : plan.kept) {
    if (!kept.needs_footer) continue;
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                         files_.Open(kept.path, OpenMode::kReadWrite));
    TNT_RETURN_IF_ERROR(WriteFooter(*file, kept.tail, kept.header.segment_id));
  }
  index_.Publish(tail_.last, tail_.chain);
  return Status::Ok();
}

// Turns the reserve into the active segment, with `group` (room for a header, then entries) already
// in it.
Status SegmentLog::StartSegment(const SegmentTail& after, std::string group) {
  SegmentHeader header;
  header.segment_id = options_.random->Next64();
  header.cluster_id = options_.cluster_id;
  header.previous = after.last;
  header.previous_chain = after.chain;
  header.created_unix_ms = options_.clock->NowUnixMs();
  SegmentTail tail = EmptyTail(header);
  if (!group.empty()) {
    // Verified by the scan; counted here from its bytes once more.
    std::string_view rest = std::string_view(group).substr(kGroupHeaderBytes);
    for (EntryView entry; !rest.empty();) {
      if (TakeEntry(&rest, &tail.chain, &entry) != EntryFault::kNone) {
        return Internal("log: newest group changed while it was moved");
      }
      tail.AddEntry(entry.header, entry.chain);
    }
    CloseGroup(&group, header.segment_id, EmptyTail(header), &tail);
  }
  TNT_ASSIGN_OR_RETURN(active_, reserve_.Activate(&header, group, &zeroed_end_));
  active_header_ = header;
  no_room_at_rest_ = false;
  tail_ = tail;
  index_.Add({header.first_index(), header.segment_id,
              directory_ + "/" + SegmentFileName(header.first_index())});
  return Status::Ok();
}

// Completes the group between two tails, and moves `tail` behind it.
void SegmentLog::CloseGroup(std::string* group, uint64_t segment_id, const SegmentTail& before,
                            SegmentTail* tail) const {
  GroupHeader header;
  header.entry_count = static_cast<uint32_t>(tail->entry_count - before.entry_count);
  header.first_index = before.last.index + 1;
  header.watermark = before.last.index;  // A group is written only after the one before was synced.
  header.segment_id = segment_id;
  header.previous_chain = before.chain;
  FinishGroup(group, &header, !options_.faults.omit_padding);
  tail->AddGroup(std::string_view(*group).substr(0, kGroupHeaderBytes), header.total_bytes);
}

Status SegmentLog::AppendGroup(std::span<const Entry> entries) {
  if (!failure_.ok()) return failure_;
  if (entries.empty()) return Status::Ok();
  uint64_t group_bytes = kGroupHeaderBytes;
  TNT_RETURN_IF_ERROR(CheckGroup(entries, &group_bytes));
  TNT_RETURN_IF_ERROR(MakeRoom(RoundUpToPage(group_bytes)));
  return WriteGroup(entries, group_bytes);
}

// Adds the entries' bytes to `*group_bytes`.
Status SegmentLog::CheckGroup(std::span<const Entry> entries, uint64_t* group_bytes) const {
  Position previous = tail_.last;
  for (const Entry& entry : entries) {
    const EntryHeader& header = entry.header;
    if (header.index != previous.index + 1 || header.epoch < previous.epoch) {
      return InvalidArgument("log: entry " + std::to_string(header.epoch) + "." +
                             std::to_string(header.index) + " does not follow " +
                             std::to_string(previous.epoch) + "." + std::to_string(previous.index));
    }
    TNT_RETURN_IF_ERROR(CheckEntry(entry));
    *group_bytes += EncodedEntryBytes(entry);
    previous = {header.epoch, header.index};
  }
  if (RoundUpToPage(*group_bytes) <= kGroupBytesMax) return Status::Ok();
  return InvalidArgument("log: group is larger than " + std::to_string(kGroupBytesMax) + " bytes");
}

// Starts the next segment when the group does not fit into this one.
Status SegmentLog::MakeRoom(uint64_t group_bytes) {
  if (tail_.end_offset + group_bytes + kSegmentFooterBytes <= active_header_.room_bytes) {
    return Status::Ok();
  }
  const uint64_t least_bytes = kSegmentHeaderBytes + group_bytes + kSegmentFooterBytes;
  TNT_RETURN_IF_ERROR(FillReserve(std::max(options_.segment_bytes, least_bytes)));
  TNT_RETURN_IF_ERROR(Seal());
  const Status started = StartSegment(SegmentTail(tail_), {});
  return started.ok() ? started : Fail(started);
}

Status SegmentLog::WriteGroup(std::span<const Entry> entries, uint64_t group_bytes) {
  buffer_.clear();
  buffer_.reserve(RoundUpToPage(group_bytes));
  buffer_.resize(kGroupHeaderBytes);
  SegmentTail next = tail_;
  for (const Entry& entry : entries) {
    AppendEntry(&buffer_, entry, &next.chain);
    next.AddEntry(entry.header, next.chain);
  }
  CloseGroup(&buffer_, active_header_.segment_id, tail_, &next);
  Status written = active_->WriteAt(tail_.end_offset, {{buffer_, ZerosAhead(next.end_offset)}});
  if (written.ok() && !options_.faults.skip_sync) written = active_->SyncData();
  if (!written.ok()) return Fail(written);
  tail_ = next;
  index_.Publish(tail_.last, tail_.chain);
  if (buffer_.capacity() > kKeptBufferBytes) std::string().swap(buffer_);
  return Status::Ok();
}

// What the append that ends at `end` writes behind itself, where the blocks were not written before.
std::string_view SegmentLog::ZerosAhead(uint64_t end) {
  static const std::string zeros(kZerosAheadBytes, '\0');
  if (end <= zeroed_end_) return {};
  zeroed_end_ = std::min(active_header_.room_bytes, end + kZerosAheadBytes);
  return std::string_view(zeros).substr(0, zeroed_end_ - end);
}

Status SegmentLog::EnsureSpace() {
  if (!failure_.ok()) return failure_;
  const uint64_t room = active_header_.room_bytes;
  const uint64_t half = room / 2, quarter = room / 4;
  const uint64_t left = room - tail_.end_offset;
  if (left > half && growth_possible()) {
    reserve_.WantZeros(0);  // PrepareAtRest may have wanted more.
    return Status::Ok();
  }
  TNT_RETURN_IF_ERROR(FillReserve(options_.segment_bytes));
  // Its zeros are due by the last quarter: as fast as appends come, and no faster.
  const double due =
      static_cast<double>(half - std::min(half, left)) / static_cast<double>(half - quarter);
  reserve_.WantZeros(
      static_cast<uint64_t>(std::min(due, 1.0) * static_cast<double>(options_.segment_bytes)));
  return Status::Ok();
}

Status SegmentLog::PrepareAtRest() {
  if (!failure_.ok()) return failure_;
  if (no_room_at_rest_ || tail_.end_offset <= active_header_.room_bytes / 8) return Status::Ok();
  const Status filled = reserve_.Fill(options_.segment_bytes);
  no_room_at_rest_ = filled.code() == StatusCode::kNoSpace;
  if (no_room_at_rest_) return filled;
  if (!filled.ok()) return Fail(filled);
  reserve_.WantZeros(options_.segment_bytes);
  return Status::Ok();
}

Status SegmentLog::FillReserve(uint64_t bytes) {
  Status status = reserve_.Fill(bytes);
  growth_possible_.store(status.ok(), std::memory_order_relaxed);
  if (status.ok() || status.code() == StatusCode::kNoSpace) return status;
  return Fail(status);
}

Result<std::unique_ptr<Reader>> SegmentLog::ReadFrom(uint64_t index) const {
  if (index > end().index + 1) {
    return InvalidArgument("log: entry " + std::to_string(index) + " is behind the end");
  }
  if (index < first_index()) {
    return NotFound("log entry " + std::to_string(index) + " was trimmed");
  }
  return std::make_unique<Reader>(files_, index_, index);
}

Result<Hash128> SegmentLog::ChainAt(uint64_t index) const {
  if (index == 0) return GenesisChain(options_.cluster_id);
  if (index > end().index) return NotFound("log entry " + std::to_string(index) + " is to come");
  if (index + 1 == first_index()) {
    // What stands before the first entry is in the header of its segment.
    const std::optional<SegmentIndex::Place> place = index_.Find(index + 1);
    if (!place.has_value()) return NotFound("log entry " + std::to_string(index) + " was trimmed");
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                         files_.Open(place->segment.path, OpenMode::kRead));
    TNT_ASSIGN_OR_RETURN(const SegmentHeader header, ReadSegmentHeader(*file, place->segment.path));
    if (header.previous.index == index) return header.previous_chain;
  }
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, ReadFrom(index));
  EntryView entry;
  TNT_ASSIGN_OR_RETURN(const bool found, reader->Next(&entry));
  if (!found) return NotFound("log entry " + std::to_string(index) + " is to come");
  return entry.chain;
}

uint64_t SegmentLog::FirstIndexWithin(uint64_t bytes) const {
  return index_.FirstIndexOfNewest(bytes / options_.segment_bytes);
}

Status SegmentLog::TrimBefore(uint64_t index) {
  MutexLock lock(trim_mutex_);
  while (const std::optional<SegmentRef> oldest = index_.TakeOldestBelow(index)) {
    TNT_RETURN_IF_ERROR(files_.Remove(oldest->path));
    TNT_RETURN_IF_ERROR(files_.SyncDirectory(directory_));
  }
  return Status::Ok();
}

Status SegmentLog::Close() {
  if (!failure_.ok()) return failure_;
  TNT_RETURN_IF_ERROR(Seal());
  failure_ = Unavailable("log: closed");
  return Status::Ok();
}

// An empty segment stays as it is: its successor starts at the same entry and takes its place.
Status SegmentLog::Seal() {
  if (tail_.entry_count == 0) return Status::Ok();
  const Status status = WriteFooter(*active_, tail_, active_header_.segment_id);
  return status.ok() ? status : Fail(status);
}

// From here on nothing is accepted. A full disk below preallocated blocks is as final as an I/O
// error.
Status SegmentLog::Fail(Status status) {
  if (status.code() != StatusCode::kIoError) status = IoError("log: " + status.ToString());
  failure_ = status;
  return status;
}

}  // namespace tenantry::log
