#include "engine/log/segment_verify.h"

#include <algorithm>

#include "engine/log/segment_scan.h"

namespace tenantry::log {
namespace {

constexpr uint64_t kChunkBytes = 1u << 20;

// The first byte of [from, until) that is not zero, or `until`.
Result<uint64_t> FirstNonzero(const File& file, uint64_t from, uint64_t until) {
  std::string chunk;
  while (from < until) {
    chunk.resize(std::min(kChunkBytes, until - from));
    TNT_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(from, chunk.data(), chunk.size()));
    if (got == 0) break;
    const size_t at = std::string_view(chunk).substr(0, got).find_first_not_of('\0');
    if (at != std::string_view::npos) return from + at;
    from += got;
  }
  return until;
}

std::string Describe(const BadRecord& bad) {
  std::string text =
      "damaged at offset " + std::to_string(bad.offset) + ", entry " + std::to_string(bad.index);
  if (bad.space) text += " of space " + std::to_string(*bad.space);
  return text + ": bad " + std::string(bad.what);
}

class Verifier {
 public:
  Verifier(const File& file, bool must_be_sealed) : file_(file), must_be_sealed_(must_be_sealed) {}

  Result<SegmentVerdict> Run() {
    TNT_ASSIGN_OR_RETURN(file_bytes_, file_.Size());
    const Result<SegmentHeader> header = ReadSegmentHeader(file_, "the segment");
    if (!header.ok()) {
      if (header.status().code() == StatusCode::kIoError) return header.status();
      Find(0, std::string(header.status().message()));
      return verdict_;
    }
    verdict_.has_header = true;
    verdict_.header = *header;
    TNT_ASSIGN_OR_RETURN(const ScanResult scan, ScanSegment(file_, *header, UINT64_MAX));
    verdict_.tail = scan.tail;
    verdict_.sealed = scan.sealed;
    TNT_RETURN_IF_ERROR(CheckPadding(scan.tail.end_offset));
    if (scan.sealed) {
      TNT_RETURN_IF_ERROR(CheckZeros(scan.tail.end_offset + kSegmentFooterBytes, file_bytes_,
                                     "bytes behind the footer"));
    } else {
      TNT_RETURN_IF_ERROR(CheckTail(scan));
    }
    return verdict_;
  }

 private:
  void Find(uint64_t offset, std::string what) {
    verdict_.findings.push_back({offset, std::move(what)});
  }

  Status CheckZeros(uint64_t from, uint64_t until, std::string_view what) {
    TNT_ASSIGN_OR_RETURN(const uint64_t at, FirstNonzero(file_, from, until));
    if (at < until) Find(at, std::string(what) + " at offset " + std::to_string(at));
    return Status::Ok();
  }

  Status CheckPadding(uint64_t end) {
    std::string bytes(kGroupHeaderBytes, '\0');
    for (uint64_t offset = kSegmentHeaderBytes; offset < end;) {
      TNT_ASSIGN_OR_RETURN(const size_t got, file_.ReadAt(offset, bytes.data(), bytes.size()));
      GroupHeader group;
      if (got < bytes.size() ||
          !LoadGroupHeader(bytes.data(), verdict_.header.segment_id, &group)) {
        break;  // It was whole a moment ago: the scan says what became of it.
      }
      TNT_RETURN_IF_ERROR(CheckZeros(offset + kGroupHeaderBytes + group.entry_bytes,
                                     offset + group.total_bytes, "the padding is not zero"));
      offset += group.total_bytes;
    }
    return Status::Ok();
  }

  // What stands behind the last whole group of a segment without a footer.
  Status CheckTail(const ScanResult& scan) {
    const uint64_t end = scan.tail.end_offset;
    const uint64_t index = scan.tail.last.index + 1;
    TNT_ASSIGN_OR_RETURN(const TailProbe probe,
                         ProbeTail(file_, end, verdict_.header.segment_id, index));
    const bool cut = file_bytes_ < verdict_.header.room_bytes;
    if (scan.bad && (probe.witness_offset || cut || (must_be_sealed_ && probe.nonzero_end > end))) {
      Find(scan.bad->offset, Describe(*scan.bad));
    } else if (cut || must_be_sealed_) {
      Find(end, "it ends at offset " + std::to_string(end) + " without a footer");
    } else if (probe.nonzero_end > end) {
      verdict_.torn_bytes = probe.nonzero_end - end;
    }
    return Status::Ok();
  }

  const File& file_;
  const bool must_be_sealed_;
  uint64_t file_bytes_ = 0;
  SegmentVerdict verdict_;
};

}  // namespace

Result<SegmentVerdict> VerifySegment(const File& file, bool must_be_sealed) {
  return Verifier(file, must_be_sealed).Run();
}

}  // namespace tenantry::log
