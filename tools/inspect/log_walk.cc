#include "tools/inspect/log_walk.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/commands.h"
#include "engine/log/segment_scan.h"

namespace tenantry::inspect {
namespace {

// Visits a segment's entries from `first` on. `go_on` becomes false when the visitor ended it.
Status Walk(FileSystem& files, const std::string& path, uint64_t first, const VisitEntry& visit,
            bool* go_on) {
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, files.Open(path, OpenMode::kRead));
  TNT_ASSIGN_OR_RETURN(const log::SegmentHeader header, log::ReadSegmentHeader(*file, path));
  Hash128 chain = header.previous_chain;
  for (uint64_t offset = log::kSegmentHeaderBytes; *go_on;) {
    std::string bytes(log::kGroupHeaderBytes, '\0');
    TNT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(offset, bytes.data(), bytes.size()));
    log::GroupHeader group;
    // A footer, the room that is still free, or a group that is being written.
    if (got < bytes.size() || !log::LoadGroupHeader(bytes.data(), header.segment_id, &group)) {
      return Status::Ok();
    }
    const bool wanted = group.first_index + group.entry_count > first;
    bytes.assign(group.entry_bytes, '\0');
    TNT_ASSIGN_OR_RETURN(const size_t entry_bytes,
                         file->ReadAt(offset + log::kGroupHeaderBytes, bytes.data(), bytes.size()));
    std::string_view rest = std::string_view(bytes).substr(0, entry_bytes);
    for (uint32_t i = 0; i < group.entry_count && *go_on; ++i) {
      log::EntryView entry;
      const log::EntryFault fault = log::TakeEntry(&rest, &chain, &entry);
      if (fault != log::EntryFault::kNone) {
        return Corruption(fmt::format("{}: the entry {} of the group at byte {} is damaged ({})",
                                      path, group.first_index + i, offset,
                                      log::EntryFaultName(fault)));
      }
      if (wanted && entry.header.index >= first) {
        *go_on = visit(entry, {path, offset, group.entry_count});
      }
    }
    offset += group.total_bytes;
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<std::string>> SegmentPaths(FileSystem& files, const std::string& data) {
  const std::string folder = data + "/log";
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(folder));
  if (!exists) return NotFound(data + " has no log; --data names a folder that `serve` made");
  TNT_ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(folder));
  std::erase_if(names, [](const std::string& name) {
    uint64_t first = 0;
    return !log::ParseSegmentFileName(name, &first);
  });
  std::sort(names.begin(), names.end());
  for (std::string& name : names) name.insert(0, folder + "/");
  return names;
}

Status WalkLog(FileSystem& files, const std::string& data, uint64_t first,
               const VisitEntry& visit) {
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> paths, SegmentPaths(files, data));
  bool go_on = true;
  for (size_t i = 0; i < paths.size() && go_on; ++i) {
    uint64_t next_first = UINT64_MAX;
    if (i + 1 < paths.size()) {
      log::ParseSegmentFileName(paths[i + 1].substr(paths[i + 1].rfind('/') + 1), &next_first);
    }
    if (next_first <= first) continue;
    TNT_RETURN_IF_ERROR(Walk(files, paths[i], first, visit, &go_on));
  }
  return Status::Ok();
}

Status WalkSegment(FileSystem& files, const std::string& path, const VisitEntry& visit) {
  bool go_on = true;
  return Walk(files, path, 0, visit, &go_on);
}

std::string CommandName(uint16_t command) {
  struct Name {
    CommandKind kind;
    const char* name;
  };
  static constexpr Name kNames[] = {
      {CommandKind::kBootstrap, "bootstrap"},
      {CommandKind::kReclaim, "reclaim"},
      {CommandKind::kTenantCreate, "tenant create"},
      {CommandKind::kTenantDelete, "tenant delete"},
      {CommandKind::kKeyCreate, "key create"},
      {CommandKind::kKeyRevoke, "key revoke"},
      {CommandKind::kAnswerReplay, "answer replay"},
      {CommandKind::kJobClaim, "job claim"},
      {CommandKind::kJobFinish, "job finish"},
      {CommandKind::kJobRunNow, "job run now"},
      {CommandKind::kJobDiscard, "job discard"},
      {CommandKind::kWebhookCreate, "webhook create"},
      {CommandKind::kWebhookUpdate, "webhook update"},
      {CommandKind::kWebhookDelete, "webhook delete"},
      {CommandKind::kWebhookReplay, "webhook replay"},
      {CommandKind::kFollowerJoin, "follower join"},
      {CommandKind::kFollowerForget, "follower forget"},
      {CommandKind::kGymSignup, "gym signup"},
      {CommandKind::kGymSignupMember, "gym signup member"},
      {CommandKind::kGymLogin, "gym login"},
      {CommandKind::kGymRefresh, "gym refresh"},
      {CommandKind::kGymLogout, "gym logout"},
      {CommandKind::kGymPasswordChange, "gym password change"},
      {CommandKind::kGymAccountDelete, "gym account delete"},
      {CommandKind::kGymLocationCreate, "gym location create"},
      {CommandKind::kGymLocationUpdate, "gym location update"},
      {CommandKind::kGymLocationClose, "gym location close"},
      {CommandKind::kGymSessionTypeCreate, "gym session type create"},
      {CommandKind::kGymSessionTypeUpdate, "gym session type update"},
      {CommandKind::kGymSessionTypeRetire, "gym session type retire"},
      {CommandKind::kGymSessionCreate, "gym session create"},
      {CommandKind::kGymSessionUpdate, "gym session update"},
      {CommandKind::kGymSessionCancel, "gym session cancel"},
      {CommandKind::kGymCheckIn, "gym check-in"},
      {CommandKind::kGymSessionComplete, "gym session complete"},
      {CommandKind::kGymWaitlistJoin, "gym waitlist join"},
      {CommandKind::kGymWaitlistLeave, "gym waitlist leave"},
      {CommandKind::kGymBookingCreate, "gym booking create"},
      {CommandKind::kGymBookingCancel, "gym booking cancel"},
      {CommandKind::kGymNoShow, "gym no-show"},
      {CommandKind::kGymMemberAdd, "gym member add"},
      {CommandKind::kGymMemberUpdate, "gym member update"},
      {CommandKind::kGymProfileUpdate, "gym profile update"},
      {CommandKind::kGymProfileComplete, "gym profile complete"},
      {CommandKind::kGymFavoriteAdd, "gym favorite add"},
      {CommandKind::kGymFavoriteRemove, "gym favorite remove"},
      {CommandKind::kGymInvite, "gym invite"},
      {CommandKind::kGymInvitationAccept, "gym invitation accept"},
      {CommandKind::kGymInvitationDecline, "gym invitation decline"},
      {CommandKind::kGymInvitationCancel, "gym invitation cancel"},
      {CommandKind::kGymPlanCreate, "gym plan create"},
      {CommandKind::kGymPlanUpdate, "gym plan update"},
      {CommandKind::kGymSubscribe, "gym subscribe"},
      {CommandKind::kGymSubscriptionCancel, "gym subscription cancel"},
      {CommandKind::kGymDemo, "gym demo"},
      {CommandKind::kPopupCreate, "popup create"},
      {CommandKind::kPopupUpdate, "popup update"},
      {CommandKind::kPopupDelete, "popup delete"},
      {CommandKind::kPlanSet, "plan set"},
      {CommandKind::kTrackingTick, "tracking tick"},
      {CommandKind::kRollUp, "roll-up"},
      {CommandKind::kTrackingBatch, "tracking batch"},
      {CommandKind::kEventExpiry, "event expiry"},
      {CommandKind::kSeal, "sketch sealing"},
      {CommandKind::kDiscountCodeCreate, "discount code create"},
      {CommandKind::kSubscribe, "subscribe"},
      {CommandKind::kUnsubscribe, "unsubscribe"},
      {CommandKind::kSubscriberErase, "subscriber erase"},
      {CommandKind::kErasureStep, "erasure step"},
      {CommandKind::kAbGroupCreate, "ab group create"},
      {CommandKind::kAbGroupUpdate, "ab group update"},
      {CommandKind::kAbGroupWinner, "ab group winner"},
      {CommandKind::kAbAssign, "ab assign"},
      {CommandKind::kCartAbandoned, "cart abandoned"},
      {CommandKind::kCartRecovered, "cart recovered"},
      {CommandKind::kPopupDemo, "popup demo"},
      {CommandKind::kImport, "import"},
      {CommandKind::kImportUndo, "import undo"},
  };
  const auto* const found = std::find_if(
      std::begin(kNames), std::end(kNames),
      [command](const Name& name) { return static_cast<uint16_t>(name.kind) == command; });
  return found == std::end(kNames) ? fmt::format("command {}", command) : found->name;
}

}  // namespace tenantry::inspect
