@0xf72f22a9ed594674;
# Records of a gym's space. Fields stand in the order answers show them; internal ones follow.
#
# A text without a value is a null pointer. Collections 20 to 49 belong to this file.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";

enum GymRole {
  owner @0 $A.json("OWNER");
  admin @1 $A.json("ADMIN");
  trainer @2 $A.json("TRAINER");
  staff @3 $A.json("STAFF");
  member @4 $A.json("MEMBER");
}

struct GymMember $A.record((collection = "gymMembers", number = 20, key = ["id"], indexes = [
    (number = 1, fields = ["emailKey"], unique = true),
    (number = 2, fields = ["role", "createdAt"], when = "listed"),
    (number = 3, fields = ["createdAt"], when = "listed"),
    (number = 4, fields = ["trainerCode"], unique = true),
    (number = 5, fields = ["createdAt"], when = "ownerRights"),
    (number = 20, words = ["name", "email"], when = "listed")])) {
  id @0 :Text;
  tenantId @1 :Text;
  email @2 :Text;
  name @3 :Text;
  googleId @4 :Text;
  avatarUrl @5 :Text;
  role @6 :GymRole = member;
  createdAt @7 :Int64 $A.timestamp;
  updatedAt @8 :Int64 $A.timestamp;
  phoneNumber @9 :Text;
  dateOfBirth @10 :Text;
  gender @11 :Text;
  profilePhoto @12 :Text;
  trainerCode @13 :Text;
  trainerType @14 :Text;
  ownerProfile @15 :Text $A.jsonText("object");
  trainerProfile @16 :Text $A.jsonText("object");
  clientProfile @17 :Text $A.jsonText("object");
  staffProfile @18 :Text $A.jsonText("object");
  profileCompleted @19 :Bool;
  onboardingStep @20 :Int32 = A.nullInt32 $A.nullable;

  emailKey @21 :Text $A.internal;        # Lower case; what "the same e-mail" means.
  passwordHash @22 :Text $A.internal;    # Null: no password, sign-in by password is refused.
  # Access tokens of another epoch are dead. Raised when what they say of the member changes.
  tokenEpoch @23 :Int64 $A.internal;
  ownerRights @24 :Bool $A.internal;     # Created the gym; outlives any role label.
  # False once the account is deleted. The record stays, blank, because bookings name it.
  listed @25 :Bool = true $A.internal;
}

struct GymTypeCount {
  typeId @0 :Text;
  count @1 :Int32;
}

struct GymMonthCount {
  month @0 :Int32;                       # Since year 0.
  count @1 :Int32;
}

# Numbers of one member, kept with every change of a booking so that no answer loads a history.
struct GymMemberStats $A.record((collection = "gymMemberStats", number = 30, key = ["memberId"],
    indexes = [(number = 1, fields = ["lastAttendedAt"], when = "attends")])) {
  memberId @0 :Text;
  # Booking records by status; the rest are confirmed.
  bookings @1 :Int32;
  attended @2 :Int32;
  cancelled @3 :Int32;
  noShows @4 :Int32;
  # Days in a row with an attendance, up to the last one. A day is that of the place.
  run @5 :Int32;
  longestRun @6 :Int32;
  lastDay @7 :Int32;                     # Days since 1970-01-01.
  lastZone @8 :Text;
  lastAttendedAt @9 :Int64 = A.nullInt $A.nullable $A.timestamp;
  attends @10 :Bool $A.internal;         # Attended at least once.
  types @11 :List(GymTypeCount);         # Bookings that were not cancelled.
  months @12 :List(GymMonthCount);       # Attendances; the newest twelve months that have any.
}

struct GymFavorite $A.record((collection = "gymFavorites", number = 31,
    key = ["memberId", "sessionTypeId"], indexes = [
    (number = 1, fields = ["memberId", "createdAt"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  memberId @2 :Text;
  sessionTypeId @3 :Text;
  createdAt @4 :Int64 $A.timestamp;
}

enum GymInvitationStatus {
  pending @0 $A.json("PENDING");
  accepted @1 $A.json("ACCEPTED");
  declined @2 $A.json("DECLINED");
  expired @3 $A.json("EXPIRED");
  cancelled @4 $A.json("CANCELLED");
}

# A pending one reads as expired from expiresAt on. Its id and its code are both in the directory's
# references, because whoever answers an invitation names no gym.
struct GymInvitation $A.record((collection = "gymInvitations", number = 32, key = ["id"],
    indexes = [
    (number = 1, fields = ["invitationCode"], unique = true),
    (number = 2, fields = ["createdAt"]),
    (number = 3, fields = ["status", "expiresAt"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  invitedById @2 :Text;
  inviteeEmail @3 :Text;
  inviteeName @4 :Text;
  role @5 :GymRole = member;
  status @6 :GymInvitationStatus = pending;
  message @7 :Text;
  invitationCode @8 :Text;               # 8 upper-case hexadecimal digits.
  expiresAt @9 :Int64 $A.timestamp;
  acceptedAt @10 :Int64 = A.nullInt $A.nullable $A.timestamp;
  createdAt @11 :Int64 $A.timestamp;
  updatedAt @12 :Int64 $A.timestamp;

  declineReason @13 :Text $A.internal;
}

enum GymBillingCycle {
  monthly @0;
  quarterly @1;
  yearly @2;
}

enum GymAccessLevel {
  basic @0;
  standard @1;
  premium @2;
  vip @3;
}

struct GymPlan $A.record((collection = "gymPlans", number = 33, key = ["id"], indexes = [
    (number = 1, fields = ["isActive", "createdAt"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  name @2 :Text;
  description @3 :Text;
  price @4 :Int64 $A.money;
  currency @5 :Text;                     # Always present.
  billingCycle @6 :GymBillingCycle = monthly;
  features @7 :List(Text);
  sessionsPerMonth @8 :Int32 = A.nullInt32 $A.nullable;   # -1: unlimited.
  accessLevel @9 :GymAccessLevel = standard;
  isActive @10 :Bool = true;
  createdAt @11 :Int64 $A.timestamp;
  updatedAt @12 :Int64 $A.timestamp;
}

enum GymSubscriptionStatus {
  active @0 $A.json("ACTIVE");
  suspended @1 $A.json("SUSPENDED");
  cancelled @2 $A.json("CANCELLED");
  expired @3 $A.json("EXPIRED");
}

# An active one reads as expired from endDate on: nothing here renews by itself.
struct GymSubscription $A.record((collection = "gymSubscriptions", number = 34, key = ["id"],
    indexes = [(number = 1, fields = ["memberId", "createdAt"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  memberId @2 :Text;
  membershipPlanId @3 :Text;
  status @4 :GymSubscriptionStatus = active;
  startDate @5 :Int64 $A.timestamp;
  endDate @6 :Int64 $A.timestamp;
  nextBillingDate @7 :Int64 $A.timestamp;
  autoRenew @8 :Bool;
  cancelledAt @9 :Int64 = A.nullInt $A.nullable $A.timestamp;
  cancellationReason @10 :Text;
  createdAt @11 :Int64 $A.timestamp;
  updatedAt @12 :Int64 $A.timestamp;
}

# Money somebody owes, recorded when it falls due. Taking payments is not part of this version.
struct GymCharge $A.record((collection = "gymCharges", number = 49, key = ["id"], indexes = [
    (number = 1, fields = ["memberId", "createdAt"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  memberId @2 :Text;
  subscriptionId @3 :Text;
  type @4 :Text;                         # Such as "gym_membership".
  status @5 :Text;                       # "pending".
  amount @6 :Int64 $A.money;
  currency @7 :Text;
  createdAt @8 :Int64 $A.timestamp;
}

# One signed-in device: a family of refresh tokens, of which the newest is alive. A token is
# [space 8 bytes][device 8 bytes][secret 16 bytes] in hexadecimal; only its SHA-256 is kept.
struct GymRefreshToken $A.record((collection = "gymRefreshTokens", number = 21, key = ["id"],
    indexes = [(number = 1, fields = ["memberId", "createdAt"])])) {
  id @0 :Text;                           # The device part: 16 hexadecimal digits.
  memberId @1 :Text;
  tokenHash @2 :Text $A.internal;
  previousHash @3 :Text $A.internal;     # The token before it; null until the first rotation.
  rotatedAt @4 :Int64 = A.nullInt $A.nullable $A.timestamp;
  expiresAt @5 :Int64 $A.timestamp;
  revokedAt @6 :Int64 = A.nullInt $A.nullable $A.timestamp;
  createdAt @7 :Int64 $A.timestamp;
}

enum GymLocationType {
  indoor @0;
  outdoor @1;
  hybrid @2;
  virtual @3;
}

struct GymLocation $A.record((collection = "gymLocations", number = 22, key = ["id"], indexes = [
    (number = 1, fields = ["nameKey"], unique = true),
    (number = 2, fields = ["isActive", "name"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  name @2 :Text;
  address @3 :Text;
  streetNumber @4 :Text;
  streetName @5 :Text;
  city @6 :Text;
  county @7 :Text;
  province @8 :Text;
  postalCode @9 :Text;
  country @10 :Text;
  latitude @11 :Float64 = nan $A.nullable;
  longitude @12 :Float64 = nan $A.nullable;
  elevation @13 :Float64 = nan $A.nullable;
  capacity @14 :Int32 = A.nullInt32 $A.nullable;
  locationType @15 :GymLocationType = indoor;
  timezone @16 :Text;                    # IANA name, always present.
  requiresWeatherCheck @17 :Bool;
  weatherAlertEnabled @18 :Bool;
  corporateId @19 :Text;
  buildingName @20 :Text;
  floor @21 :Text;
  roomNumber @22 :Text;
  accessInstructions @23 :Text;
  # Amenities to services, and photos: texts holding a JSON array.
  amenities @24 :Text;
  equipment @25 :Text;
  services @26 :Text;
  description @27 :Text;
  photos @28 :Text;
  operatingHours @29 :Text;              # Text holding a JSON object.
  isActive @30 :Bool = true;
  createdAt @31 :Int64 $A.timestamp;
  updatedAt @32 :Int64 $A.timestamp;

  nameKey @33 :Text $A.internal;         # Trimmed name.
}

enum GymDifficulty {
  beginner @0;
  intermediate @1;
  advanced @2;
}

struct GymSessionType $A.record((collection = "gymSessionTypes", number = 23, key = ["id"],
    indexes = [
    (number = 1, fields = ["nameKey"], unique = true),
    (number = 2, fields = ["isActive", "name"]),
    (number = 3, fields = ["category", "name"]),
    (number = 20, words = ["name", "description"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  name @2 :Text;
  description @3 :Text;
  durationMin @4 :Int32;
  category @5 :Text;
  maxCapacity @6 :Int32 = A.nullInt32 $A.nullable;
  difficulty @7 :GymDifficulty = intermediate;
  isOutdoor @8 :Bool;
  requiresWeather @9 :Bool;
  weatherConditions @10 :Text;
  temperatureMin @11 :Float64 = nan $A.nullable;
  temperatureMax @12 :Float64 = nan $A.nullable;
  equipmentRequired @13 :Text;
  fitnessLevel @14 :Text;
  corporateApproved @15 :Bool = true;
  creditPoints @16 :Int32 = A.nullInt32 $A.nullable;
  isActive @17 :Bool = true;
  createdAt @18 :Int64 $A.timestamp;
  updatedAt @19 :Int64 $A.timestamp;

  nameKey @20 :Text $A.internal;         # Trimmed name.
}

enum GymSessionStatus {
  scheduled @0;
  cancelled @1;
  completed @2;
  weatherHold @3 $A.json("weather_hold");
}

# Indexes: 1 lists by status; 2 finds overlaps; 3 lists a place; 4 lists a type, so a category; 5
# and 6 list what can still be booked; 7 finds cancellations whose bookings are not all cancelled
# yet; 8 lists a trainer's; 20 searches instructors.
struct GymSession $A.record((collection = "gymSessions", number = 24, key = ["id"], indexes = [
    (number = 1, fields = ["status", "startTime"]),
    (number = 2, fields = ["locationId", "startTime"], when = "live"),
    (number = 3, fields = ["locationId", "status", "startTime"]),
    (number = 4, fields = ["sessionTypeId", "status", "startTime"]),
    (number = 5, fields = ["startTime"], when = "hasRoom"),
    (number = 6, fields = ["locationId", "startTime"], when = "hasRoom"),
    (number = 7, fields = ["startTime"], when = "cascading"),
    (number = 20, words = ["instructor"], fields = ["status", "startTime"]),
    (number = 8, fields = ["trainerKey", "startTime"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  sessionTypeId @2 :Text;
  locationId @3 :Text;
  startTime @4 :Int64 $A.timestamp;
  endTime @5 :Int64 $A.timestamp;
  capacity @6 :Int32 = A.nullInt32 $A.nullable;   # Null: unlimited.
  status @7 :GymSessionStatus = scheduled;
  instructor @8 :Text;
  notes @9 :Text;
  weatherChecked @10 :Bool;
  weatherSafe @11 :Text $A.jsonText("any");       # A JSON boolean.
  weatherData @12 :Text $A.jsonText("any");
  weatherCheckedAt @13 :Int64 = A.nullInt $A.nullable $A.timestamp;
  weatherAlertSent @14 :Bool;
  meetingPoint @15 :Text;
  routeDetails @16 :Text;
  alternativeVenue @17 :Text;
  corporateSessionId @18 :Text;
  pointsAwarded @19 :Int32 = A.nullInt32 $A.nullable;
  createdAt @20 :Int64 $A.timestamp;
  updatedAt @21 :Int64 $A.timestamp;
  instructorId @22 :Text;                # A member; the text above is what people see.

  bookedCount @23 :Int32 $A.internal;    # Bookings confirmed or attended.
  live @24 :Bool = true $A.internal;     # Not cancelled: blocks its place.
  hasRoom @25 :Bool $A.internal;         # Scheduled and not full.
  cascading @26 :Bool $A.internal;       # Cancelled; bookings follow in later entries.
  trainerKey @27 :Text $A.internal;      # "id:" and instructorId, else "name:" and instructor.
  waitlistCount @28 :Int32 $A.internal;
  waitlistTickets @29 :Int64 $A.internal;  # How many ever joined; the next entry's ticket.
}

enum GymBookingStatus {
  confirmed @0;
  cancelled @1;
  attended @2;
  noShow @3 $A.json("no_show");
}

struct GymBooking $A.record((collection = "gymBookings", number = 25, key = ["id"], indexes = [
    (number = 1, fields = ["memberId", "sessionInstanceId"], unique = true),
    (number = 2, fields = ["memberId", "createdAt"]),
    (number = 3, fields = ["sessionInstanceId", "status", "createdAt"], covers = true),
    (number = 4, fields = ["createdAt"]),
    (number = 5, fields = ["memberId", "bookedAt"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  memberId @2 :Text;
  sessionInstanceId @3 :Text;
  status @4 :GymBookingStatus = confirmed;
  bookedAt @5 :Int64 $A.timestamp;
  attendedAt @6 :Int64 = A.nullInt $A.nullable $A.timestamp;
  cancelledAt @7 :Int64 = A.nullInt $A.nullable $A.timestamp;
  notes @8 :Text;
  createdAt @9 :Int64 $A.timestamp;
  updatedAt @10 :Int64 $A.timestamp;
}

# Somebody waiting for a seat. Positions are not stored: an entry's position is how many entries of
# its session have a ticket up to its own.
struct GymWaitlistEntry $A.record((collection = "gymWaitlist", number = 27, key = ["id"], indexes = [
    (number = 1, fields = ["memberId", "sessionInstanceId"], unique = true),
    (number = 2, fields = ["sessionInstanceId", "ticket"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  memberId @2 :Text;
  sessionInstanceId @3 :Text;
  createdAt @4 :Int64 $A.timestamp;
  updatedAt @5 :Int64 $A.timestamp;

  ticket @6 :Int64 $A.internal;          # Rises in the order of the log.
}

enum GymEventType {
  bookingCreated @0 $A.json("booking_created");
  bookingCancelled @1 $A.json("booking_cancelled");
  classAttendance @2 $A.json("class_attendance");
  noShow @3 $A.json("no_show");
  streakMilestone @4 $A.json("streak_milestone");
  waitlistJoined @5 $A.json("waitlist_joined");
  waitlistLeft @6 $A.json("waitlist_left");
  waitlistPromoted @7 $A.json("waitlist_promoted");
}

# What happened to a member. Appended, never changed. The key gives (member, time) order and the
# index (member, type, time).
struct GymEvent $A.record((collection = "gymEvents", number = 26,
    key = ["memberId", "createdAt", "place", "id"], indexes = [
    (number = 1, fields = ["memberId", "type"])])) {
  id @0 :Text;
  tenantId @1 :Text;
  memberId @2 :Text;
  sessionInstanceId @3 :Text;
  type @4 :GymEventType;
  metadata @5 :Text $A.jsonText("object");
  createdAt @6 :Int64 $A.timestamp;

  place @7 :Int32 $A.internal;           # Orders what one command appends.
}
