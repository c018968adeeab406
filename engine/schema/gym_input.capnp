@0xd3f2a7a5be1c4d19;
# Bodies of the gym's routes, with the rules they must meet. A field of a record and of a body with
# one name is one thing: commands copy what was sent.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";
using G = import "gym.capnp";

struct GymSignupInput {
  email @0 :Text $A.required $A.format("email") $A.maxLength(254);
  password @1 :Text $A.required $A.minLength(8) $A.maxLength(1024);
  name @2 :Text $A.required $A.notEmpty $A.maxLength(100);
  tenantName @3 :Text $A.required $A.notEmpty $A.maxLength(200);
  role @4 :G.GymRole = owner;
}

struct GymSignupMemberInput {
  email @0 :Text $A.required $A.format("email") $A.maxLength(254);
  password @1 :Text $A.required $A.minLength(8) $A.maxLength(1024);
  name @2 :Text $A.required $A.notEmpty $A.maxLength(100);
  tenantId @3 :Text $A.required $A.notEmpty;
  role @4 :G.GymRole = member;             # Checked and ignored: strangers become members.
}

struct GymLoginInput {
  email @0 :Text $A.required $A.notEmpty $A.maxLength(254);
  password @1 :Text $A.required $A.notEmpty $A.maxLength(1024);
  tenantId @2 :Text;
}

struct GymRefreshInput {
  refreshToken @0 :Text $A.required $A.notEmpty;
}

struct GymLogoutInput {
  refreshToken @0 :Text;
}

struct GymPasswordInput {
  currentPassword @0 :Text $A.maxLength(1024);   # Required unless the account has none yet.
  newPassword @1 :Text $A.required $A.minLength(8) $A.maxLength(1024);
}

struct GymAccountDeleteInput {
  password @0 :Text $A.maxLength(1024);          # Required unless the account has none.
}

struct GymMemberInput {
  email @0 :Text $A.required $A.format("email") $A.maxLength(254);
  name @1 :Text $A.required $A.notEmpty $A.maxLength(100);
  password @2 :Text $A.minLength(8) $A.maxLength(1024);
  role @3 :G.GymRole = member;
}

struct GymMemberPatch {
  name @0 :Text $A.notEmpty $A.maxLength(100);
  email @1 :Text $A.format("email") $A.maxLength(254);
  role @2 :G.GymRole = member;
  avatarUrl @3 :Text $A.maxLength(2000);
  phoneNumber @4 :Text $A.maxLength(50);
}

struct GymProfileInput {
  name @0 :Text $A.notEmpty $A.maxLength(100);
  avatarUrl @1 :Text $A.maxLength(2000) $A.alias("avatar");
  phoneNumber @2 :Text $A.maxLength(50);
  dateOfBirth @3 :Text $A.maxLength(50);
  gender @4 :Text $A.maxLength(50);
  profilePhoto @5 :Text $A.maxLength(2000);
}

# What completing a profile fills in: the struct is both the shape of the stored document and, with
# the common fields of GymProfileInput, the body.
struct GymOwnerProfile {
  businessName @0 :Text $A.maxLength(200);
  businessDescription @1 :Text $A.maxLength(2000);
  businessType @2 :Text $A.maxLength(100);
  website @3 :Text $A.maxLength(2000);
  address @4 :Text $A.maxLength(500);
  city @5 :Text $A.maxLength(100);
  state @6 :Text $A.maxLength(100);
  zipCode @7 :Text $A.maxLength(50);
  country @8 :Text $A.maxLength(100);
  logo @9 :Text $A.maxLength(2000);
  coverPhoto @10 :Text $A.maxLength(2000);
  amenities @11 :List(Text);
  businessHours @12 :Text $A.jsonText("object");
  socialMedia @13 :Text $A.jsonText("object");
}

enum GymTrainerType {
  freelance @0;
  gymAffiliated @1 $A.json("gym_affiliated");
}

struct GymTrainerProfile {
  bio @0 :Text $A.maxLength(2000);
  specializations @1 :List(Text);
  certifications @2 :List(Text);
  experience @3 :Text $A.maxLength(500);
  hourlyRate @4 :Float64 = nan $A.nullable $A.minimum(0);
  languages @5 :List(Text);
  businessHours @6 :Text $A.jsonText("object") $A.alias("availability");
  socialMedia @7 :Text $A.jsonText("object");
  trainerType @8 :GymTrainerType = freelance;
  affiliatedGymCode @9 :Text $A.maxLength(50);
}

struct GymClientProfile {
  fitnessGoals @0 :List(Text);
  experienceLevel @1 :Text $A.maxLength(100);
  preferredActivities @2 :List(Text);
  healthConditions @3 :List(Text);
  height @4 :Float64 = nan $A.nullable $A.minimum(0);
  weight @5 :Float64 = nan $A.nullable $A.minimum(0);
  emergencyContact @6 :Text $A.jsonText("object");
  preferences @7 :Text $A.jsonText("object");
}

struct GymStaffProfile {
  department @0 :Text $A.maxLength(100);
  position @1 :Text $A.maxLength(100);
  shift @2 :Text $A.maxLength(100);
  responsibilities @3 :List(Text);
  schedule @4 :Text $A.jsonText("object");
}

struct GymInvitationInput {
  inviteeEmail @0 :Text $A.required $A.format("email") $A.maxLength(254);
  role @1 :G.GymRole = member $A.required;
  inviteeName @2 :Text $A.maxLength(100);
  message @3 :Text $A.maxLength(1000);
  expiresInDays @4 :Int32 = 7 $A.minimum(1) $A.maximum(30);
}

struct GymInvitationBulkInput {
  invitations @0 :Text $A.required $A.jsonText("array");   # Of GymInvitationInput, judged one by one.
}

struct GymInvitationAddress {
  inviteeEmail @0 :Text;
}

struct GymInvitationAnswerInput {
  invitationCode @0 :Text $A.required $A.notEmpty $A.maxLength(100);
  name @1 :Text $A.maxLength(100);
  password @2 :Text $A.minLength(8) $A.maxLength(1024);
  reason @3 :Text $A.maxLength(1000);
}

struct GymPlanInput {
  name @0 :Text $A.required $A.notEmpty $A.maxLength(100);
  price @1 :Int64 $A.required $A.money $A.minimum(0);
  billingCycle @2 :G.GymBillingCycle = monthly;
  description @3 :Text $A.maxLength(500);
  currency @4 :Text $A.notEmpty $A.maxLength(10);
  features @5 :List(Text);
  sessionsPerMonth @6 :Int32 = A.nullInt32 $A.nullable $A.minimum(-1);
  accessLevel @7 :G.GymAccessLevel = standard;
  isActive @8 :Bool = true;
}

struct GymPlanPatch {
  name @0 :Text $A.notEmpty $A.maxLength(100);
  price @1 :Int64 $A.money $A.minimum(0);
  billingCycle @2 :G.GymBillingCycle = monthly;
  description @3 :Text $A.maxLength(500);
  currency @4 :Text $A.notEmpty $A.maxLength(10);
  features @5 :List(Text);
  sessionsPerMonth @6 :Int32 = A.nullInt32 $A.nullable $A.minimum(-1);
  accessLevel @7 :G.GymAccessLevel = standard;
  isActive @8 :Bool = true;
}

struct GymSubscribeInput {
  planId @0 :Text $A.required $A.notEmpty;
}

struct GymUnsubscribeInput {
  reason @0 :Text $A.maxLength(1000);
}

struct GymLocationInput {
  name @0 :Text $A.required $A.notEmpty $A.maxLength(100);
  address @1 :Text $A.maxLength(500);
  streetNumber @2 :Text $A.maxLength(100);
  streetName @3 :Text $A.maxLength(200);
  city @4 :Text $A.maxLength(100);
  county @5 :Text $A.maxLength(100);
  province @6 :Text $A.maxLength(100);
  postalCode @7 :Text $A.maxLength(50);
  country @8 :Text $A.maxLength(100);
  latitude @9 :Float64 = nan $A.nullable $A.minimum(-90) $A.maximum(90);
  longitude @10 :Float64 = nan $A.nullable $A.minimum(-180) $A.maximum(180);
  elevation @11 :Float64 = nan $A.nullable;
  capacity @12 :Int32 = A.nullInt32 $A.nullable $A.minimum(1);
  locationType @13 :G.GymLocationType = indoor;
  timezone @14 :Text $A.maxLength(64);
  requiresWeatherCheck @15 :Bool;
  weatherAlertEnabled @16 :Bool;
  corporateId @17 :Text $A.maxLength(100);
  buildingName @18 :Text $A.maxLength(200);
  floor @19 :Text $A.maxLength(50);
  roomNumber @20 :Text $A.maxLength(50);
  accessInstructions @21 :Text $A.maxLength(2000);
  amenities @22 :Text $A.jsonText("text:array");
  equipment @23 :Text $A.jsonText("text:array");
  services @24 :Text $A.jsonText("text:array");
  description @25 :Text $A.maxLength(2000);
  photos @26 :Text $A.jsonText("text:array");
  operatingHours @27 :Text $A.jsonText("text:object");
  isActive @28 :Bool = true;
}

struct GymSessionTypeInput {
  name @0 :Text $A.required $A.notEmpty $A.maxLength(100);
  description @1 :Text $A.maxLength(1000);
  durationMin @2 :Int32 $A.required $A.minimum(1) $A.alias("duration");
  category @3 :Text $A.required $A.notEmpty $A.maxLength(50);
  maxCapacity @4 :Int32 = A.nullInt32 $A.nullable $A.minimum(1) $A.alias("capacity");
  difficulty @5 :G.GymDifficulty = intermediate;
  isOutdoor @6 :Bool;
  requiresWeather @7 :Bool;
  weatherConditions @8 :Text $A.maxLength(1000);
  temperatureMin @9 :Float64 = nan $A.nullable;
  temperatureMax @10 :Float64 = nan $A.nullable;
  equipmentRequired @11 :Text $A.maxLength(1000);
  fitnessLevel @12 :Text $A.maxLength(100);
  corporateApproved @13 :Bool = true;
  creditPoints @14 :Int32 = A.nullInt32 $A.nullable $A.minimum(0);
  isActive @15 :Bool = true;
}

struct GymSessionInput {
  sessionTypeId @0 :Text $A.required $A.notEmpty;
  locationId @1 :Text $A.required $A.notEmpty;
  startTime @2 :Int64 = A.nullInt $A.required $A.nullable $A.timestamp;
  endTime @3 :Int64 = A.nullInt $A.nullable $A.timestamp;
  capacity @4 :Int32 = A.nullInt32 $A.nullable $A.minimum(1);
  instructor @5 :Text $A.maxLength(100) $A.alias("instructorName");
  notes @6 :Text $A.maxLength(1000);
  instructorId @7 :Text;
}

struct GymSessionPatch {
  sessionTypeId @0 :Text $A.notEmpty;
  locationId @1 :Text $A.notEmpty;
  startTime @2 :Int64 = A.nullInt $A.nullable $A.timestamp;
  endTime @3 :Int64 = A.nullInt $A.nullable $A.timestamp;
  capacity @4 :Int32 = A.nullInt32 $A.nullable $A.minimum(1);
  instructor @5 :Text $A.maxLength(100) $A.alias("instructorName");
  notes @6 :Text $A.maxLength(1000);
  instructorId @7 :Text;
}

struct GymBookingInput {
  sessionInstanceId @0 :Text $A.required $A.notEmpty;
  notes @1 :Text $A.maxLength(500);
  memberId @2 :Text;                     # Staff book for others.
}

struct GymCheckInInput {
  memberId @0 :Text;
}

# What an access token says of its bearer (server/gym/token.h). Times in seconds since the Unix
# epoch, as RFC 7519 has them.
struct GymTokenClaims {
  sub @0 :Text $A.required;              # Member.
  email @1 :Text $A.required;
  tenantId @2 :Text $A.required;
  role @3 :Text $A.required;             # For clients to show; decisions use the member record.
  fam @4 :Text $A.required;              # Device: the family of refresh tokens it came with.
  epoch @5 :Int64 $A.required;           # Dead once the member's differs.
  iat @6 :Int64 $A.required;
  exp @7 :Int64 $A.required;
}
