#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/dump/live_spaces.h"
#include "engine/dump/reader.h"
#include "engine/dump/writer.h"
#include "engine/log/segment_verify.h"
#include "server/admin/admin_socket.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/dump.h"
#include "tools/tenantry/dump_files.h"
#include "tools/tenantry/progress.h"

namespace tenantry::tools {
namespace {

using server::AdminReply;
using server::AdminRequest;

constexpr size_t kShownMax = 10;
constexpr std::string_view kSegmentSuffix = ".seg";

// What is wrong, on stdout: the result of the command.
class Findings {
 public:
  void Add(const std::string& file, const std::string& what) {
    if (++count_ <= kShownMax) std::printf("%s: %s\n", file.c_str(), what.c_str());
  }
  size_t count() const { return count_; }
  int Exit() const {
    if (count_ == 0) return server::kExitOk;
    std::fprintf(stderr, "tenantry: %zu findings%s\n", count_,
                 count_ > kShownMax ? ", the first ten are shown" : "");
    return server::kExitCorrupt;
  }

 private:
  size_t count_ = 0;
};

// Reads the whole dump, past damage; `visit` sees the good blocks.
template <class Visit>
Status ReadTolerant(dump::DumpReader* reader, uint64_t total_bytes, Progress* progress,
                    const Visit& visit) {
  TNT_RETURN_IF_ERROR(reader->Open());
  dump::Block block;
  for (;;) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->NextBlock(&block));
    if (!more) return Status::Ok();
    TNT_RETURN_IF_ERROR(visit(block));
    progress->Report({"verify", "bytes", reader->offset(), total_bytes});
  }
}

uint64_t SizeOf(int fd) {
  struct stat about {};
  return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? static_cast<uint64_t>(about.st_size)
                                                          : 0;
}

Status VerifyDump(const std::string& path, Progress* progress, Findings* findings) {
  TNT_ASSIGN_OR_RETURN(const OpenFd input, OpenInput(path, false));
  FdSource source(input.get());
  dump::DumpReader reader(source, true);
  uint64_t rows = 0, blocks = 0;
  TNT_RETURN_IF_ERROR(ReadTolerant(&reader, SizeOf(input.get()), progress, [&](const auto& block) {
    rows += block.head.rows;
    ++blocks;
    return Status::Ok();
  }));
  for (const dump::Damage& damage : reader.damages()) {
    findings->Add(path, damage.what + " (bytes " + std::to_string(damage.offset) + " to " +
                            std::to_string(damage.end) + ")");
  }
  if (!reader.damages().empty()) return Status::Ok();
  const dump::Header& header = reader.header();
  std::printf(
      "%s: whole: %s%s%s at position %s, %llu rows in %llu blocks%s\n", path.c_str(),
      header.tenant.empty() ? "every tenant" : "tenant ", header.tenant.c_str(),
      header.incremental() ? (", changes since " + FormatPosition(header.since)).c_str() : "",
      FormatPosition(header.position).c_str(), static_cast<unsigned long long>(rows),
      static_cast<unsigned long long>(blocks),
      header.salvaged ? "; salvaged, rows are missing" : "");
  return Status::Ok();
}

Result<log::SegmentVerdict> VerifySegmentFile(const std::string& path, bool must_be_sealed) {
  PosixFileSystem files;
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path, OpenMode::kRead));
  return log::VerifySegment(*file, must_be_sealed);
}

Status VerifyLoneSegment(const std::string& path, Findings* findings) {
  TNT_ASSIGN_OR_RETURN(const log::SegmentVerdict verdict, VerifySegmentFile(path, true));
  for (const log::SegmentFinding& finding : verdict.findings) findings->Add(path, finding.what);
  if (verdict.findings.empty()) {
    std::printf("%s: whole: entries %llu to %llu\n", path.c_str(),
                static_cast<unsigned long long>(verdict.header.first_index()),
                static_cast<unsigned long long>(verdict.tail.last.index));
  }
  return Status::Ok();
}

// The segments of a folder that no server uses, one after the other.
Status VerifyLog(const std::string& folder, Progress* progress, Findings* findings) {
  PosixFileSystem files;
  TNT_ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(folder));
  std::erase_if(names, [](const std::string& name) {
    uint64_t first = 0;
    return !log::ParseSegmentFileName(name, &first);
  });
  std::optional<log::SegmentTail> before;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string path = folder + "/" + names[i];
    // Only the newest may still be open, and only after a crash.
    TNT_ASSIGN_OR_RETURN(const log::SegmentVerdict verdict,
                         VerifySegmentFile(path, i + 1 < names.size()));
    for (const log::SegmentFinding& finding : verdict.findings) findings->Add(path, finding.what);
    const bool follows = !before || (verdict.header.previous == before->last &&
                                     verdict.header.previous_chain == before->chain);
    if (verdict.has_header && verdict.findings.empty() && !follows) {
      findings->Add(path, "it does not continue the segment before it, which ends at entry " +
                              std::to_string(before->last.index));
    }
    before = verdict.tail;
    progress->Report({"log", "segments", i + 1, names.size()});
  }
  return Status::Ok();
}

int VerifyFolder(const std::string& data, Progress* progress) {
  AdminRequest request;
  request.command = "verify";
  request.report = progress->Reporter();
  // A server reads its log as it goes; what it holds open is not for us to look at.
  const Result<AdminReply> asked = server::AskServer(data, request);
  if (asked.ok()) return Show(*asked);
  if (const Status found = CheckIsDataFolder(data); !found.ok()) return ShowFailure(found);
  Findings findings;
  if (const Status log = VerifyLog(data + "/log", progress, &findings); !log.ok()) {
    return ShowFailure(log);
  }
  // With a damaged log the folder does not open, and nothing in it should be changed.
  if (findings.count() > 0) return findings.Exit();
  return Show(RunOnFolder(data, request));
}

int RunVerify(const Invocation& invocation) {
  Progress progress(invocation.Has("quiet"));
  const std::vector<std::string>& paths = invocation.All("FILE");
  if (paths.empty()) return VerifyFolder(invocation.Get("data"), &progress);
  Findings findings;
  for (const std::string& path : paths) {
    const Status verified = path.ends_with(kSegmentSuffix) ? VerifyLoneSegment(path, &findings)
                                                           : VerifyDump(path, &progress, &findings);
    if (!verified.ok()) return ShowFailure(verified);
  }
  return findings.Exit();
}

Status CopyBlock(const dump::Block& block, dump::DumpWriter* writer) {
  TNT_RETURN_IF_ERROR(
      dump::VisitRows(block, [&](bool put, std::string_view key, std::string_view value) {
        return put ? writer->Put(key, value) : writer->Delete(key);
      }));
  return Status::Ok();
}

struct Salvaged {
  uint64_t rows = 0;
  std::vector<dump::Damage> damages;
  std::map<SpaceId, dump::LiveSpaces::Orphan> orphans;
};

Result<Salvaged> Salvage(const Invocation& invocation, Progress* progress) {
  TNT_ASSIGN_OR_RETURN(const OpenFd input, OpenInput(invocation.Get("FILE"), false));
  TNT_ASSIGN_OR_RETURN(OutputFile out,
                       OutputFile::Open(invocation.Get("output"), invocation.Has("force")));
  FdSource source(input.get());
  FdSink sink(out.fd());
  dump::DumpReader reader(source, true);
  dump::DumpWriter writer(sink);
  bool begun = false;
  std::optional<SpaceId> space;
  dump::LiveSpaces spaces;
  const auto keep = [&](const dump::Block& block) -> Status {
    if (!begun) {
      dump::Header header = reader.header();
      header.salvaged = true;
      if (!reader.has_header()) header.fingerprint = dump::SchemaFingerprint();
      TNT_RETURN_IF_ERROR(writer.Begin(header));
      begun = true;
    }
    if (space != block.head.space) {
      TNT_RETURN_IF_ERROR(writer.BeginSpace(block.head.space, block.head.tenant, block.head.kind));
      space = block.head.space;
    }
    TNT_RETURN_IF_ERROR(spaces.Look(0, block));
    return CopyBlock(block, &writer);
  };
  const Status read = ReadTolerant(&reader, SizeOf(input.get()), progress, keep);
  TNT_RETURN_IF_ERROR(read);
  if (!begun) return Corruption(invocation.Get("FILE") + " has no block that is whole");
  TNT_RETURN_IF_ERROR(writer.Finish());
  TNT_RETURN_IF_ERROR(out.Commit());
  Salvaged done{writer.rows(), reader.damages(), {}};
  // The records of tenants that did not change are in the dump before.
  if (!reader.header().incremental()) done.orphans = spaces.Orphans();
  return done;
}

int RunSalvage(const Invocation& invocation) {
  Progress progress(invocation.Has("quiet"));
  const Result<Salvaged> salvaged = Salvage(invocation, &progress);
  if (!salvaged.ok()) return ShowFailure(salvaged.status());
  for (const dump::Damage& damage : salvaged->damages) {
    std::fprintf(stderr, "tenantry: %s: %s\n", damage.rows_lost ? "lost" : "damaged",
                 damage.what.c_str());
  }
  for (const auto& [space, orphan] : salvaged->orphans) {
    std::fprintf(stderr,
                 "tenantry: lost: %s: its record in the directory; a restore leaves its rows out\n",
                 dump::DescribeOrphan(space, orphan).c_str());
  }
  std::printf("%llu rows in whole blocks, %zu places damaged\n",
              static_cast<unsigned long long>(salvaged->rows), salvaged->damages.size());
  return server::kExitOk;
}

}  // namespace

Command VerifyCommand() {
  return {
      "admin verify",
      "Prove a dump, a log segment or a data folder; says where damage is, and whose",
      {DataOption(),
       {"quiet", "Show no progress", OptionKind::kFlag},
       {"FILE", "Dumps and log segments; the folder of --data when left out",
        OptionKind::kOptionalOperands, "FILE"}},
      "tenantry admin verify backup.tnt",
      {server::kExitLocked, server::kExitNotFound, server::kExitCorrupt, server::kExitUnreachable},
      RunVerify};
}

Command SalvageCommand() {
  return {"admin salvage",
          "Save the whole blocks of a damaged dump; restore takes the result with --partial",
          {{"output", "Where to write; - is stdout", OptionKind::kRequired, "FILE", "", 'o'},
           {"force", "Write over an existing file", OptionKind::kFlag},
           {"quiet", "Show no progress", OptionKind::kFlag},
           {"FILE", "The damaged dump; - is stdin", OptionKind::kOperand, "FILE"}},
          "tenantry admin salvage backup.tnt -o saved.tnt",
          {server::kExitNotFound, server::kExitCorrupt},
          RunSalvage};
}

}  // namespace tenantry::tools
