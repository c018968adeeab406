#include "server/gym/api_docs.h"

#include "engine/schema/catalog.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/gym_input.capnp.h"
#include "engine/schema/webhooks.capnp.h"

namespace tenantry::server::gym {
namespace {

using openapi::RouteDoc;
using openapi::Shape;

template <class T>
constexpr openapi::StructFunction kInput = &schema::InfoOf<T>;

constexpr openapi::StructFunction kRecords[] = {
    &schema::InfoOf<schema::GymMember>,        &schema::InfoOf<schema::GymLocation>,
    &schema::InfoOf<schema::GymSessionType>,   &schema::InfoOf<schema::GymSession>,
    &schema::InfoOf<schema::GymBooking>,       &schema::InfoOf<schema::GymEvent>,
    &schema::InfoOf<schema::GymWaitlistEntry>, &schema::InfoOf<schema::GymFavorite>,
    &schema::InfoOf<schema::GymInvitation>,    &schema::InfoOf<schema::GymPlan>,
    &schema::InfoOf<schema::GymSubscription>,  &schema::InfoOf<schema::WebhookEndpoint>,
    &schema::InfoOf<schema::WebhookDelivery>};

constexpr std::string_view kSessionQuery =
    "{date?: date, category?: string, status?: string, locationId?: string, page?: int, limit?: "
    "int}";
constexpr std::string_view kPaging = "{page?: int, limit?: int}";

// clang-format off
// A shape may use those above it.
constexpr Shape kShapes[] = {
    {"Role",             R"("OWNER" | "ADMIN" | "TRAINER" | "STAFF" | "MEMBER")"},
    {"MemberRef",        "{id: string, name: string?, email: string}"},
    {"AuthResult",       "{member: {id: string, email: string, name: string?, tenantId: string, role: Role}, "
                         "tenant: {id: string, name: string, code: string}, token: string, refreshToken: string}"},
    {"TenantFull",       "{id: string, name: string, code: string, createdAt: time, updatedAt: time}"},
    {"MemberProfile",    "GymMember & {tenant: {id: string, name: string}}"},
    {"MemberCard",       "{id: string, name: string?, email: string, avatarUrl: string?, createdAt: time, tenantId: string}"},
    {"MemberRow",        "{id: string, name: string?, email: string, avatarUrl: string?, createdAt: time, role: Role, joinDate: time, totalBookings: int, currentStreak: int}"},
    {"MemberContact",    "{id: string, name: string?, email: string, phoneNumber: string?, profilePhoto: string?}"},
    {"NewMember",        "{id: string, name: string?, email: string, tenantId: string, role: Role, createdAt: time}"},
    {"ChangedMember",    "{id: string, name?: string?, email?: string, role?: Role, avatarUrl?: string?, phoneNumber?: string?, updatedAt: time}"},
    {"CompletedProfile", "{success: bool, message: string, profileCompleteness: int, member: GymMember}"},
    {"NamedCount",       "{name: string, count: int}"},
    {"MonthValue",       "{month: string, value: number}"},
    {"BusinessStats",    "{totalMembers: int, activeMembers: int, retentionRate: number, monthlyRevenue: number, revenueGrowth: number, "
                         "todaySessions: int, upcomingBookings: int, currency: string}"},
    {"Favorite",         "GymFavorite & {sessionType: GymSessionType}"},
    {"Invitation",       "GymInvitation & {invitedBy: MemberRef}"},
    {"NewInvitation",    "GymInvitation & {tenant: TenantFull, invitedBy: {name: string?}}"},
    {"SubscriptionPlus", "GymSubscription & {membershipPlan: GymPlan}"},
    {"SessionCounts",    "{currentBookings: int, availableSpots: int, isBooked: bool, unlimited: bool}"},
    {"Session",          "GymSession & SessionCounts"},
    {"SessionPlus",      "Session & {sessionType: GymSessionType, location: GymLocation}"},
    {"EventShown",       "GymEvent & {member?: MemberRef, sessionInstance?: SessionPlus?}"},
    {"RosterBooking",    "GymBooking & {member: MemberRef}"},
    {"SessionFull",      "SessionPlus & {bookings: RosterBooking[]}"},
    {"TrainerBooking",   "GymBooking & {member: MemberContact}"},
    {"TrainerSession",   "SessionPlus & {bookings: TrainerBooking[]}"},
    {"SessionAvailable", "SessionFull & {spotsAvailable: int, isAvailable: bool}"},
    {"SessionPage",      "{data: SessionFull[], pagination: {page: int, limit: int, total: int, hasNext: bool}}"},
    {"BookedSession",    "GymSession & {sessionType: GymSessionType, location: GymLocation}"},
    {"BookingPlus",      "GymBooking & {sessionInstance: BookedSession}"},
    {"BookingFull",      "BookingPlus & {member: MemberRef}"},
    {"BookingHistory",   "{bookings: BookingPlus[], pagination: {page: int, limit: int, total: int, totalPages: int, hasNext: bool}}"},
    {"MySession",        "SessionPlus & {bookings: GymBooking[], bookingId: string, bookingStatus: \"confirmed\" | \"attended\", "
                         "bookedAt: time, spotsAvailable: int, isAvailable: bool}"},
    {"WaitlistEntry",    "GymWaitlistEntry & {position: int}"},
    {"WaitlistJoined",   "WaitlistEntry & {member: MemberRef, sessionInstance: BookedSession}"},
    {"WaitlistRow",      "WaitlistEntry & {member: {id: string, name: string?, email: string, avatarUrl: string?}}"},
    {"OpenedLocation",   "GymLocation & {amenities: any[], equipment: any[], services: any[], photos: any[], operatingHours: object?}"},
    {"NearbyLocation",   "OpenedLocation & {distance: number}"},
};

constexpr RouteDoc kRoutes[] = {
    {"GET /",                                 "Greet a signed-in member", 200, "text/html"},

    {"POST /auth/signup",                     "Make a gym and its owner", 201, "AuthResult", kInput<schema::GymSignupInput>},
    {"POST /auth/signup/member",              "Join a gym", 201, "AuthResult", kInput<schema::GymSignupMemberInput>},
    {"POST /auth/login",                      "Sign in", 200, "AuthResult", kInput<schema::GymLoginInput>},
    {"POST /auth/refresh",                    "Exchange a refresh token for new tokens", 200, "AuthResult", kInput<schema::GymRefreshInput>},
    {"POST /auth/logout",                     "End a device's session", 200, "", kInput<schema::GymLogoutInput>},

    {"PUT /auth/password",                      "Change the password and sign out every other device", 200, "", kInput<schema::GymPasswordInput>},
    {"GET /my/account/export",                  "Read everything stored about the caller", 200, "object"},
    {"DELETE /my/account",                      "Leave the gym for good", 200, "", kInput<schema::GymAccountDeleteInput>},

    {"GET /members",                            "List members, newest first", 200, "MemberRow[]", nullptr, "{role?: string, q?: string, page?: int, limit?: int}"},
    {"POST /members",                           "Add a member", 201, "NewMember", kInput<schema::GymMemberInput>},
    {"GET /members/stats",                      "Read numbers about the members", 200, "{totalMembers: int, activeThisMonth: int, newThisMonth: int, averageStreak: number, topPerformers: {name: string, streak: int}[]}"},
    {"GET /members/my/profile",                 "Read the caller's card", 200, "MemberCard"},
    {"PUT /members/my/profile",                 "Change the caller's card", 200, "MemberCard", kInput<schema::GymProfileInput>},
    {"GET /members/my/stats",                   "Read the caller's numbers in short", 200, "{totalBookings: int, attendedSessions: int, attendanceRate: int, currentStreak: int, favoriteCategories: {category: string, count: int}[], lastActivity: time?, memberSince: time}"},
    {"POST /members/my/profile/complete/owner", "Fill in an owner's profile", 201, "CompletedProfile", kInput<schema::GymOwnerProfile>},
    {"POST /members/my/profile/complete/trainer", "Fill in a trainer's profile", 201, "CompletedProfile", kInput<schema::GymTrainerProfile>},
    {"POST /members/my/profile/complete/client", "Fill in a client's profile", 201, "CompletedProfile", kInput<schema::GymClientProfile>},
    {"POST /members/my/profile/complete/staff", "Fill in a staff member's profile", 201, "CompletedProfile", kInput<schema::GymStaffProfile>},
    {"GET /members/:id",                        "Read a member: any for crew, oneself for others", 200, "MemberProfile & {stats: {totalBookings: int, attendanceRate: int}}"},
    {"PUT /members/:id",                        "Change a member", 200, "ChangedMember", kInput<schema::GymMemberPatch>},

    {"GET /my/profile",                         "Read the caller's profile", 200, "MemberProfile"},
    {"PUT /my/profile",                         "Change the caller's profile", 200, "MemberProfile", kInput<schema::GymProfileInput>},
    {"GET /my/stats",                           "Read the caller's numbers", 200, "{totalBookings: int, attendedSessions: int, cancelledBookings: int, noShows: int, attendanceRate: int, currentStreak: int, longestStreak: int, favoriteSessionTypes: NamedCount[], monthlyActivity: object}"},
    {"GET /my/business-stats",                  "Read how the gym does", 200, "BusinessStats"},
    {"GET /my/analytics",                       "Read how the gym did", 200, "{overview: BusinessStats, memberGrowth: MonthValue[], revenueGrowth: MonthValue[], sessionAttendance: MonthValue[], topSessionTypes: {name: string, count: int, percentage: number}[], peakHours: {hour: int, count: int}[]}", nullptr, "{days?: int}"},
    {"GET /my/streak",                          "Read the caller's streak", 200, "{currentStreak: int, longestStreak: int, recentAttendance: {date: date, count: int, sessionTypes: string[]}[], lastAttendanceDate: time?}"},
    {"GET /my/events",                          "List the caller's events, newest first", 200, "EventShown[]", nullptr, "{type?: string, page?: int, limit?: int}"},
    {"GET /my/attendance",                      "List the caller's attendances by day, newest first", 200, "{date: date, sessions: {sessionType: string, location: string, startTime: time, status: string}[]}[]", nullptr, "{start?: date, end?: date, page?: int, limit?: int}"},
    {"GET /my/favorites",                       "List the caller's favorite types of sessions", 200, "Favorite[]", nullptr, kPaging},
    {"POST /my/favorites/:sessionTypeId",       "Mark a type of session", 201, "Favorite"},
    {"DELETE /my/favorites/:sessionTypeId",     "Unmark a type of session", 200, "{success: bool}"},

    {"POST /invitations",                       "Invite somebody", 201, "NewInvitation", kInput<schema::GymInvitationInput>},
    {"POST /invitations/bulk",                  "Invite several, each on its own", 201, "{successful: NewInvitation[], failed: {email: string, error: string}[]}", kInput<schema::GymInvitationBulkInput>},
    {"GET /invitations",                        "List invitations, newest first", 200, "Invitation[]", nullptr, kPaging},
    {"GET /invitations/summary",                "Count invitations by status", 200, "{totalSent: int, pending: int, accepted: int, declined: int, expired: int, cancelled: int}"},
    {"POST /invitations/accept",                "Accept an invitation and join its gym", 201, "{member: GymMember, tenant: TenantFull, invitation: GymInvitation, token: string, refreshToken: string}", kInput<schema::GymInvitationAnswerInput>},
    {"POST /invitations/decline",               "Decline an invitation", 201, "GymInvitation", kInput<schema::GymInvitationAnswerInput>},
    {"GET /invitations/:id",                    "Read an invitation by id or code", 200, "object"},
    {"DELETE /invitations/:id",                 "Withdraw an invitation", 200, "GymInvitation"},

    {"GET /memberships/plans",                  "List plans on sale", 200, "GymPlan[]", nullptr, kPaging},
    {"POST /memberships/plans",                 "Add a plan", 201, "GymPlan", kInput<schema::GymPlanInput>},
    {"PATCH /memberships/plans/:id",            "Change a plan", 200, "GymPlan", kInput<schema::GymPlanPatch>},
    {"DELETE /memberships/plans/:id",           "Take a plan off sale", 200, "GymPlan"},
    {"POST /memberships/subscribe",             "Take a plan", 201, "GymSubscription", kInput<schema::GymSubscribeInput>},
    {"GET /memberships/subscription",           "Read the caller's newest subscription; empty without one", 200, "SubscriptionPlus"},
    {"POST /memberships/cancel",                "End the caller's subscription", 200, "GymSubscription", kInput<schema::GymUnsubscribeInput>},

    {"GET /trainer/sessions",                   "List the caller's sessions as a trainer", 200, "TrainerSession[]", nullptr, kPaging},
    {"GET /trainer/sessions/upcoming",          "List the caller's next sessions as a trainer", 200, "SessionFull[]", nullptr, kPaging},
    {"GET /trainer/clients",                    "List who books the caller", 200, "object[]", nullptr, kPaging},
    {"GET /trainer/sessions/:id/roster",        "Read who comes to a session", 200, "TrainerSession"},

    {"GET /reference/onboarding",               "Read what profile forms offer", 200, "object"},

    {"POST /locations",                       "Add a location", 201, "GymLocation", kInput<schema::GymLocationInput>},
    {"GET /locations",                        "List active locations", 200, "GymLocation[]", nullptr, kPaging},
    {"GET /locations/active",                 "List active locations", 200, "GymLocation[]", nullptr, kPaging},
    {"GET /locations/search/facilities",      "Find active locations by what they offer", 200, "OpenedLocation[]", nullptr,
     "{q?: string, amenities?: string, equipment?: string, services?: string, locationType?: string, country?: string, province?: string, city?: string, page?: int, limit?: int}"},
    {"GET /locations/search/nearby",          "Find active locations by distance in kilometres", 200, "NearbyLocation[]", nullptr,
     "{latitude: number, longitude: number, radiusKm?: number, page?: int, limit?: int}"},
    {"GET /locations/:id",                    "Read a location", 200, "GymLocation"},
    {"PATCH /locations/:id",                  "Change a location", 200, "GymLocation", kInput<schema::GymLocationInput>},
    {"DELETE /locations/:id",                 "Close a location", 200, "GymLocation"},

    {"POST /session-types",                   "Add a type of session", 201, "GymSessionType", kInput<schema::GymSessionTypeInput>},
    {"GET /session-types",                    "List active types of sessions", 200, "GymSessionType[]", nullptr, "{category?: string, active?: bool, page?: int, limit?: int}"},
    {"GET /session-types/active",             "List active types of sessions", 200, "GymSessionType[]", nullptr, kPaging},
    {"GET /session-types/category/:category", "List active types of a category", 200, "GymSessionType[]", nullptr, kPaging},
    {"GET /session-types/:id",                "Read a type of session", 200, "GymSessionType"},
    {"PATCH /session-types/:id",              "Change a type of session", 200, "GymSessionType", kInput<schema::GymSessionTypeInput>},
    {"DELETE /session-types/:id",             "Retire a type of session", 200, "GymSessionType"},

    {"POST /sessions",                        "Schedule a session", 201, "SessionFull", kInput<schema::GymSessionInput>},
    {"GET /sessions",                         "List sessions by start", 200, "SessionPage", nullptr, kSessionQuery},
    {"GET /sessions/available",               "List future sessions with room", 200, "SessionPage", nullptr, kSessionQuery},
    {"GET /sessions/upcoming",                "List sessions of the next days", 200, "SessionAvailable[]", nullptr,
     "{days?: int, category?: string, locationId?: string, page?: int, limit?: int}"},
    {"GET /sessions/today",                   "List today's sessions, by the clock of each place", 200, "SessionAvailable[]", nullptr,
     "{category?: string, locationId?: string, page?: int, limit?: int}"},
    {"GET /sessions/search",                  "Find scheduled sessions by words of type and instructor", 200, "{results: SessionAvailable[], total: int}", nullptr,
     "{q?: string, date?: date, category?: string, difficulty?: string}"},
    {"GET /sessions/my-bookings",             "List sessions ahead in which the caller has a seat", 200, "MySession[]", nullptr, kPaging},
    {"GET /sessions/:id",                     "Read a session with its bookings", 200, "SessionFull"},
    {"PATCH /sessions/:id",                   "Change a session", 200, "SessionPlus", kInput<schema::GymSessionPatch>},
    {"DELETE /sessions/:id",                  "Cancel a session", 200, "Session"},
    {"PUT /sessions/:id/cancel",              "Cancel a session", 200, "Session"},
    {"PUT /sessions/:id/complete",            "Complete a session", 200, "Session"},
    {"POST /sessions/:id/waitlist",           "Wait for a seat", 201, "WaitlistJoined"},
    {"GET /sessions/:id/waitlist",            "List who waits, in order", 200, "WaitlistRow[]", nullptr, kPaging},
    {"DELETE /sessions/:id/waitlist",         "Stop waiting", 200, ""},
    {"POST /sessions/:id/checkin",            "Check in to a session", 200, "BookingFull", kInput<schema::GymCheckInInput>},

    {"POST /bookings",                        "Book a place in a session", 201, "BookingFull", kInput<schema::GymBookingInput>},
    {"GET /bookings",                         "List bookings: all for crew, one's own for others", 200, "BookingFull[]", nullptr,
     "{status?: string, sessionInstanceId?: string, memberId?: string, page?: int, limit?: int}"},
    {"GET /bookings/my",                      "List the caller's bookings", 200, "BookingPlus[]", nullptr, "{status?: string, page?: int, limit?: int}"},
    {"GET /my/bookings",                      "List the caller's bookings", 200, "BookingPlus[]", nullptr, "{status?: string, page?: int, limit?: int}"},
    {"GET /my/bookings/history",              "Page through the caller's bookings, last booked first", 200, "BookingHistory", nullptr,
     "{page?: int, limit?: int, status?: string}"},
    {"GET /bookings/:id",                     "Read a booking", 200, "BookingFull"},
    {"DELETE /bookings/:id",                  "Cancel a booking", 200, "BookingFull"},
    {"PUT /bookings/:id/no-show",             "Mark that somebody did not come", 200, "BookingFull"},

    {"GET /webhooks", "List webhooks", 200, "WebhookEndpoint[]"},
    {"POST /webhooks", "Add a webhook; the only answer that shows its secret", 201, "WebhookEndpoint & {secret: string}", kInput<schema::WebhookInput>},
    {"GET /webhooks/events", "List the types of events", 200, "{types: string[]}"},
    {"GET /webhooks/:id", "Read a webhook", 200, "WebhookEndpoint"},
    {"PATCH /webhooks/:id", "Change a webhook", 200, "WebhookEndpoint", kInput<schema::WebhookPatch>},
    {"DELETE /webhooks/:id", "Remove a webhook", 204},
    {"GET /webhooks/:id/deliveries", "List what was sent, newest first", 200, "WebhookDelivery[]", nullptr, "{limit?: int}"},
    {"POST /webhooks/:id/deliveries/:deliveryId/replay", "Send a delivery again", 202, "WebhookDelivery"},
};
// clang-format on

}  // namespace

openapi::ApiDocs GymApiDocs() {
  return {kRoutes, kShapes, kRecords};
}

}  // namespace tenantry::server::gym
