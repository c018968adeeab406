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
    (number = 2, fields = ["role", "createdAt"]),
    (number = 3, fields = ["createdAt"]),
    (number = 4, fields = ["trainerCode"], unique = true)])) {
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
  tokenEpoch @23 :Int64 $A.internal;     # Access tokens of another epoch are dead.
  ownerRights @24 :Bool $A.internal;     # Created the gym; outlives any role label.
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
    (number = 3, fields = ["category", "name"])])) {
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
# yet.
struct GymSession $A.record((collection = "gymSessions", number = 24, key = ["id"], indexes = [
    (number = 1, fields = ["status", "startTime"]),
    (number = 2, fields = ["locationId", "startTime"], when = "live"),
    (number = 3, fields = ["locationId", "status", "startTime"]),
    (number = 4, fields = ["sessionTypeId", "status", "startTime"]),
    (number = 5, fields = ["startTime"], when = "hasRoom"),
    (number = 6, fields = ["locationId", "startTime"], when = "hasRoom"),
    (number = 7, fields = ["startTime"], when = "cascading")])) {
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
    (number = 3, fields = ["sessionInstanceId", "status", "createdAt"]),
    (number = 4, fields = ["createdAt"])])) {
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
