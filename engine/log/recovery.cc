#include "engine/log/recovery.h"

#include <optional>

#include "engine/log/segment_scan.h"

namespace tenantry::log {
namespace {

Status Damage(const std::string& path, const BadRecord& bad, std::string_view proof) {
  std::string message = path + ": damaged at offset " + std::to_string(bad.offset) + ", entry " +
                        std::to_string(bad.index);
  if (bad.space.has_value()) message += " of space " + std::to_string(*bad.space);
  message.append(": ").append(bad.what).append("; ").append(proof);
  return Corruption(std::move(message));
}

struct OpenSegment {
  std::string path;
  std::unique_ptr<File> file;
  SegmentHeader header;
};

class Planner {
 public:
  Planner(FileSystem& files, const RecoveryInput& input, RecoveryReport* report)
      : files_(files), input_(input), report_(report) {}

  Result<RecoveryPlan> Run() {
    TNT_ASSIGN_OR_RETURN(const std::vector<uint64_t> names, ListSegments());
    report_->segments = names.size();
    if (names.empty()) return std::move(plan_);
    TNT_ASSIGN_OR_RETURN(OpenSegment current, Open(names[0]));
    for (size_t i = 1; i < names.size(); ++i) {
      TNT_ASSIGN_OR_RETURN(OpenSegment next, Open(names[i]));
      TNT_RETURN_IF_ERROR(KeepFollowed(current, next));
      current = std::move(next);
    }
    TNT_RETURN_IF_ERROR(KeepNewest(current));
    return std::move(plan_);
  }

 private:
  Result<std::vector<uint64_t>> ListSegments() {
    TNT_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(input_.directory));
    std::vector<uint64_t> first_indexes;
    for (const std::string& name : names) {
      uint64_t first_index = 0;
      if (ParseSegmentFileName(name, &first_index)) first_indexes.push_back(first_index);
    }
    return first_indexes;
  }

  Result<OpenSegment> Open(uint64_t first_index) {
    OpenSegment segment;
    segment.path = input_.directory + "/" + SegmentFileName(first_index);
    TNT_ASSIGN_OR_RETURN(segment.file, files_.Open(segment.path, OpenMode::kRead));
    TNT_ASSIGN_OR_RETURN(segment.header, ReadSegmentHeader(*segment.file, segment.path));
    if (segment.header.cluster_id != input_.cluster_id) {
      return InvalidArgument(segment.path + ": belongs to cluster " +
                             std::to_string(segment.header.cluster_id) + ", not " +
                             std::to_string(input_.cluster_id));
    }
    if (segment.header.first_index() != first_index) {
      return Corruption(segment.path + ": starts at entry " +
                        std::to_string(segment.header.first_index()) + ", unlike its name");
    }
    return segment;
  }

  // Rule 1.
  Status KeepFollowed(const OpenSegment& segment, const OpenSegment& next) {
    KeptSegment kept{.path = segment.path, .header = segment.header, .tail = {}};
    TNT_ASSIGN_OR_RETURN(const std::optional<SegmentTail> footer,
                         ReadFooter(*segment.file, segment.header));
    if (footer.has_value()) {
      kept.tail = *footer;
    } else {
      const uint64_t stop_index = next.header.previous.index;
      TNT_ASSIGN_OR_RETURN(const ScanResult scan,
                           ScanSegment(*segment.file, segment.header, stop_index));
      if (scan.bad.has_value()) {
        return Damage(segment.path, *scan.bad, "segment " + next.path + " follows");
      }
      kept.tail = scan.tail;
      kept.needs_footer = true;
    }
    if (kept.tail.last.index != next.header.previous.index) {
      return Corruption("log: entries " + std::to_string(kept.tail.last.index + 1) + " to " +
                        std::to_string(next.header.previous.index) + " are missing between " +
                        segment.path + " and " + next.path);
    }
    if (kept.tail.last != next.header.previous || kept.tail.chain != next.header.previous_chain) {
      return Corruption(next.path + ": does not continue the chain of " + segment.path);
    }
    plan_.kept.push_back(std::move(kept));
    return Status::Ok();
  }

  // Rules 2 to 4.
  Status KeepNewest(const OpenSegment& segment) {
    TNT_ASSIGN_OR_RETURN(const std::optional<SegmentTail> footer,
                         ReadFooter(*segment.file, segment.header));
    if (footer.has_value()) return KeepSealed(segment, *footer, false);
    TNT_ASSIGN_OR_RETURN(const uint64_t file_bytes, segment.file->Size());
    TNT_ASSIGN_OR_RETURN(const ScanResult scan,
                         ScanSegment(*segment.file, segment.header, UINT64_MAX));
    if (scan.sealed) return KeepSealed(segment, scan.tail, true);
    if (file_bytes < segment.header.room_bytes && !input_.ignore_watermark) {
      const BadRecord end{
          .offset = file_bytes, .index = scan.tail.last.index + 1, .what = "end of file"};
      return Damage(segment.path, end, "the file was created longer and has no footer");
    }
    if (scan.bad.has_value()) TNT_RETURN_IF_ERROR(CutTail(segment, *scan.bad));
    plan_.previous = scan.before_last.last;
    plan_.previous_chain = scan.before_last.chain;
    if (scan.tail.entry_count > 0) TNT_RETURN_IF_ERROR(LoadNewestGroup(segment, scan));
    // With at most one group, the new segment starts at the same entry and replaces this one.
    if (scan.before_last.entry_count > 0) {
      plan_.kept.push_back({segment.path, segment.header, scan.before_last, true});
    }
    return Status::Ok();
  }

  Status KeepSealed(const OpenSegment& segment, const SegmentTail& tail, bool needs_footer) {
    plan_.previous = tail.last;
    plan_.previous_chain = tail.chain;
    plan_.kept.push_back({segment.path, segment.header, tail, needs_footer});
    return Status::Ok();
  }

  // Rule 2: decides between damage and a torn tail.
  Status CutTail(const OpenSegment& segment, const BadRecord& bad) {
    TNT_ASSIGN_OR_RETURN(const TailProbe probe, ProbeTail(*segment.file, bad.group_offset,
                                                          segment.header.segment_id, bad.index));
    if (probe.witness_offset.has_value() && !input_.ignore_watermark) {
      return Damage(segment.path, bad,
                    "offset " + std::to_string(*probe.witness_offset) + " proves it was durable");
    }
    if (probe.nonzero_end <= bad.group_offset) return Status::Ok();
    report_->cut_bytes = probe.nonzero_end - bad.group_offset;
    report_->cut_entries = bad.group_entries;
    report_->cut_offset = bad.group_offset;
    report_->cut_file = segment.path;
    return Status::Ok();
  }

  Status LoadNewestGroup(const OpenSegment& segment, const ScanResult& scan) {
    const uint64_t offset = scan.before_last.end_offset;
    char bytes[kGroupHeaderBytes];
    GroupHeader group;
    TNT_ASSIGN_OR_RETURN(const size_t got, segment.file->ReadAt(offset, bytes, sizeof bytes));
    if (got < sizeof bytes || !LoadGroupHeader(bytes, segment.header.segment_id, &group)) {
      return IoError(segment.path + ": reads differently the second time");
    }
    plan_.group.resize(kGroupHeaderBytes + group.entry_bytes);
    TNT_ASSIGN_OR_RETURN(const size_t body,
                         segment.file->ReadAt(offset, plan_.group.data(), plan_.group.size()));
    if (body < plan_.group.size()) {
      return IoError(segment.path + ": reads differently the second time");
    }
    report_->rewritten_entries = group.entry_count;
    return Status::Ok();
  }

  FileSystem& files_;
  const RecoveryInput& input_;
  RecoveryReport* const report_;
  RecoveryPlan plan_;
};

}  // namespace

Result<RecoveryPlan> PlanRecovery(FileSystem& files, const RecoveryInput& input,
                                  RecoveryReport* report) {
  return Planner(files, input, report).Run();
}

}  // namespace tenantry::log
