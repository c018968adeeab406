#include "server/admin/verify_command.h"

#include "engine/dump/state_check.h"
#include "engine/gym/recount.h"
#include "engine/log/reader.h"
#include "engine/log/segment_log.h"
#include "engine/popups/recount.h"
#include "engine/tenant/directory.h"

namespace tenantry::server {
namespace {

constexpr size_t kShownMax = 10;
constexpr uint64_t kReportEntries = 4096;

class Findings {
 public:
  void Add(std::string what) {
    if (++count_ <= kShownMax) text_ += what + "\n";
  }
  uint64_t count() const { return count_; }
  const std::string& text() const { return text_; }

 private:
  uint64_t count_ = 0;
  std::string text_;
};

// Every entry that is durable now, each proven by its hash and the chain.
Status VerifyLog(const Engine& engine, uint64_t last, const AdminRequest& request,
                 Findings* findings) {
  const uint64_t first = engine.log().first_index();
  const Result<std::unique_ptr<log::Reader>> reader = engine.log().ReadFrom(first);
  TNT_RETURN_IF_ERROR(reader.status());
  log::EntryView entry;
  while ((*reader)->next_index() <= last) {
    const Result<bool> more = (*reader)->Next(&entry);
    if (!more.ok() && more.status().code() == StatusCode::kCorruption) {
      findings->Add(std::string(more.status().message()));
      return Status::Ok();
    }
    // Segments that nobody needs any more may go while we read.
    if (!more.ok() && more.status().code() == StatusCode::kNotFound) return Status::Ok();
    TNT_RETURN_IF_ERROR(more.status());
    if (!*more) break;
    const uint64_t done = entry.header.index - first + 1;
    if (done % kReportEntries == 0 && request.report &&
        !request.report({"log", "entries", done, last - first + 1})) {
      return Unavailable("the check was stopped");
    }
  }
  return Status::Ok();
}

Status Recount(const ReadView& view, const dump::CheckedSpace& space, Findings* findings) {
  const Result<TenantRef> ref =
      tenant::Directory::FindBySpace(view, space.space, ReadTier::kBlocking);
  if (ref.status().code() == StatusCode::kNotFound) return Status::Ok();  // Named already.
  TNT_RETURN_IF_ERROR(ref.status());
  const auto differs = [&](std::string what) {
    findings->Add("space " + std::to_string(space.space.value()) + ", tenant " + space.tenant +
                  ": " + what);
  };
  const SpaceReader rows = view.Space(*ref, ReadTier::kBlocking);
  const Status counted = space.gym ? gym::Recount(rows, differs) : popups::Recount(rows, differs);
  if (counted.code() != StatusCode::kCorruption) return counted;
  differs(std::string(counted.message()));
  return Status::Ok();
}

Status Verify(Engine& engine, const ReadView& view, const AdminRequest& request,
              Findings* findings) {
  TNT_RETURN_IF_ERROR(VerifyLog(engine, view.applied_index(), request, findings));
  const uint64_t total = engine.Stats().rows_estimate;
  dump::StateCheck check;
  check.found = [findings](std::string what) { findings->Add(std::move(what)); };
  check.report = [&](uint64_t done) {
    return !request.report || request.report({"rows", "rows", done, total});
  };
  std::vector<dump::CheckedSpace> spaces;
  TNT_RETURN_IF_ERROR(dump::CheckState(view, check, &spaces));
  for (size_t i = 1; i < spaces.size(); ++i) {
    TNT_RETURN_IF_ERROR(Recount(view, spaces[i], findings));
    if (request.report && !request.report({"counts", "tenants", i, spaces.size() - 1})) {
      return Unavailable("the check was stopped");
    }
  }
  return Status::Ok();
}

}  // namespace

AdminReply RunVerify(Engine& engine, const AdminRequest& request) {
  const ReadView view = engine.View();
  Findings findings;
  const Status verified = Verify(engine, view, request, &findings);
  if (!verified.ok()) {
    return {ExitCodeOf(verified), findings.text(), std::string(verified.message())};
  }
  if (findings.count() == 0) {
    return {kExitOk, "sound at position " + FormatPosition(engine.PositionOf(view)) + "\n", ""};
  }
  return {kExitCorrupt, findings.text(),
          std::to_string(findings.count()) + " findings" +
              (findings.count() > kShownMax ? ", the first ten are shown" : "")};
}

}  // namespace tenantry::server
