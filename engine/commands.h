#pragma once
// Command numbers: what the audit trail calls each kind of log entry. On disk: never reused, never renumbered.

#include <cstdint>
#include <string_view>

namespace tenantry {

enum class CommandKind : uint16_t {
  kBootstrap = 1,  // Cluster secrets and other first rows of the directory.
  kReclaim = 2,    // Bytes of deleted spaces and tombstoned events.
  kTenantCreate = 10,
  kTenantDelete = 11,
  kKeyCreate = 12,
  kKeyRevoke = 13,
  kAnswerReplay = 20,  // Fresh tokens for a repeated request.
  kJobClaim = 21,
  kJobFinish = 22,
  kJobRunNow = 23,
  kJobDiscard = 24,
  kWebhookCreate = 30,
  kWebhookUpdate = 31,
  kWebhookDelete = 32,
  kWebhookReplay = 33,
  // Replication.
  kFollowerJoin = 40,
  kFollowerForget = 41,
  // Operators.
  kTenantSuspend = 360,
  kTenantResume = 361,
  kRestoreLoad = 362,    // Rows of a dump, in a space that nobody sees yet.
  kRestoreSwitch = 363,  // The tenant moves to it.
  kRestoreUndo = 364,
  // Gym.
  kGymSignup = 100,
  kGymSignupMember = 101,
  kGymLogin = 102,
  kGymRefresh = 103,
  kGymLogout = 104,
  kGymPasswordChange = 105,
  kGymAccountDelete = 106,
  kGymLocationCreate = 110,
  kGymLocationUpdate = 111,
  kGymLocationClose = 112,
  kGymSessionTypeCreate = 115,
  kGymSessionTypeUpdate = 116,
  kGymSessionTypeRetire = 117,
  kGymSessionCreate = 120,
  kGymSessionUpdate = 121,
  kGymSessionCancel = 122,
  kGymCheckIn = 123,
  kGymSessionComplete = 124,
  kGymWaitlistJoin = 125,
  kGymWaitlistLeave = 126,
  kGymBookingCreate = 130,
  kGymBookingCancel = 131,
  kGymNoShow = 132,
  kGymMemberAdd = 140,
  kGymMemberUpdate = 141,
  kGymProfileUpdate = 142,
  kGymProfileComplete = 143,
  kGymFavoriteAdd = 144,
  kGymFavoriteRemove = 145,
  kGymInvite = 150,
  kGymInvitationAccept = 151,
  kGymInvitationDecline = 152,
  kGymInvitationCancel = 153,
  kGymPlanCreate = 160,
  kGymPlanUpdate = 161,
  kGymSubscribe = 162,
  kGymSubscriptionCancel = 163,
  kGymDemo = 199,
  // Popups.
  kPopupCreate = 200,
  kPopupUpdate = 201,
  kPopupDelete = 202,
  kPlanSet = 203,
  kTrackingTick = 210,
  kRollUp = 211,
  kTrackingBatch = 212,
  kEventExpiry = 213,
  kSeal = 214,  // Visitor sketches of hours that are over, a row each.
  kDiscountCodeCreate = 220,
  kSubscribe = 230,
  kUnsubscribe = 231,
  kSubscriberErase = 232,
  kErasureStep = 233,
  kAbGroupCreate = 240,
  kAbGroupUpdate = 241,
  kAbGroupWinner = 242,
  kAbAssign = 243,
  kCartAbandoned = 250,
  kCartRecovered = 251,
  kPopupDemo = 299,
  // Replication, once more.
  kRescueReplay = 340,
  kFormatFinalize = 341,
  // Moving in.
  kImport = 380,
  kImportUndo = 381,
};

}  // namespace tenantry
