#include "server/gym/routes.h"

#include "server/gym/handlers.h"

namespace tenantry::server::gym {
namespace {

using http::CacheClass;
using http::Lane;
using http::Method;
using http::Permission;

struct Row {
  Method method;
  std::string_view path;
  std::string_view name;
  Permission permission;
  CacheClass cache;
  Lane lane;
  Handler handler;
};

// clang-format off
constexpr Row kRows[] = {
    {Method::kGet,    "/",                                 "hello",                  Permission::kAny,     CacheClass::kNone,      Lane::kInline,  Hello},

    {Method::kPost,   "/auth/signup",                      "signUp",                 Permission::kOpen,    CacheClass::kNone,      Lane::kHashing, SignUp},
    {Method::kPost,   "/auth/signup/member",               "signUpMember",           Permission::kOpen,    CacheClass::kNone,      Lane::kHashing, JoinAsMember},
    {Method::kPost,   "/auth/login",                       "logIn",                  Permission::kOpen,    CacheClass::kNone,      Lane::kHashing, LogIn},
    {Method::kPost,   "/auth/refresh",                     "refreshLogin",           Permission::kOpen,    CacheClass::kNone,      Lane::kInline,  RefreshLogin},
    {Method::kPost,   "/auth/logout",                      "logOut",                 Permission::kAny,     CacheClass::kNone,      Lane::kInline,  LogOut},
    {Method::kPut,    "/auth/password",                    "changePassword",         Permission::kAny,     CacheClass::kNone,      Lane::kHashing, ChangePassword},
    {Method::kGet,    "/my/account/export",                "exportAccount",          Permission::kAny,     CacheClass::kNone,      Lane::kBlocking, ExportAccount},
    {Method::kDelete, "/my/account",                       "deleteAccount",          Permission::kAny,     CacheClass::kNone,      Lane::kHashing, DeleteAccount},

    {Method::kGet,    "/members",                          "listMembers",            Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  Members},
    {Method::kPost,   "/members",                          "createMember",           Permission::kManager, CacheClass::kNone,      Lane::kHashing, AddMember},
    {Method::kGet,    "/members/stats",                    "getMembersOverview",     Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  MembersOverview},
    {Method::kGet,    "/members/my/profile",               "getMyCard",              Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyCard},
    {Method::kPut,    "/members/my/profile",               "updateMyCard",           Permission::kAny,     CacheClass::kNone,      Lane::kInline,  ChangeMyCard},
    {Method::kGet,    "/members/my/stats",                 "getMyShortStats",        Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyShortStats},
    {Method::kPost,   "/members/my/profile/complete/owner",   "completeOwnerProfile",   Permission::kAny,  CacheClass::kNone,      Lane::kInline,  CompleteOwner},
    {Method::kPost,   "/members/my/profile/complete/trainer", "completeTrainerProfile", Permission::kAny,  CacheClass::kNone,      Lane::kInline,  CompleteTrainer},
    {Method::kPost,   "/members/my/profile/complete/client",  "completeClientProfile",  Permission::kAny,  CacheClass::kNone,      Lane::kInline,  CompleteClient},
    {Method::kPost,   "/members/my/profile/complete/staff",   "completeStaffProfile",   Permission::kAny,  CacheClass::kNone,      Lane::kInline,  CompleteStaff},
    {Method::kGet,    "/members/:id",                      "getMember",              Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MemberById},
    {Method::kPut,    "/members/:id",                      "updateMember",           Permission::kManager, CacheClass::kNone,      Lane::kInline,  ChangeMember},

    {Method::kGet,    "/my/profile",                       "getMyProfile",           Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyProfile},
    {Method::kPut,    "/my/profile",                       "updateMyProfile",        Permission::kAny,     CacheClass::kNone,      Lane::kInline,  ChangeMyProfile},
    {Method::kGet,    "/my/stats",                         "getMyStats",             Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyStats},
    {Method::kGet,    "/my/business-stats",                "getBusinessStats",       Permission::kManager, CacheClass::kNone,      Lane::kInline,  Business},
    {Method::kGet,    "/my/analytics",                     "getAnalytics",           Permission::kManager, CacheClass::kNone,      Lane::kInline,  Analytics},
    {Method::kGet,    "/my/streak",                        "getMyStreak",            Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyStreak},
    {Method::kGet,    "/my/events",                        "listMyEvents",           Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyEvents},
    {Method::kGet,    "/my/attendance",                    "listMyAttendance",       Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyAttendance},
    {Method::kGet,    "/my/favorites",                     "listMyFavorites",        Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyFavorites},
    {Method::kPost,   "/my/favorites/:sessionTypeId",      "addFavorite",            Permission::kAny,     CacheClass::kNone,      Lane::kInline,  AddToFavorites},
    {Method::kDelete, "/my/favorites/:sessionTypeId",      "removeFavorite",         Permission::kAny,     CacheClass::kNone,      Lane::kInline,  RemoveFromFavorites},

    {Method::kPost,   "/invitations",                      "invite",                 Permission::kManager, CacheClass::kNone,       Lane::kInline,  AddInvitation},
    {Method::kPost,   "/invitations/bulk",                 "inviteMany",             Permission::kManager, CacheClass::kNone,       Lane::kBlocking, AddInvitations},
    {Method::kGet,    "/invitations",                      "listInvitations",        Permission::kManager, CacheClass::kNone,       Lane::kInline,  Invitations},
    {Method::kGet,    "/invitations/summary",              "countInvitations",       Permission::kManager, CacheClass::kNone,       Lane::kInline,  InvitationSummary},
    {Method::kPost,   "/invitations/accept",               "acceptInvitation",       Permission::kOpen,    CacheClass::kNone,       Lane::kHashing, AnswerYes},
    {Method::kPost,   "/invitations/decline",              "declineInvitation",      Permission::kOpen,    CacheClass::kNone,       Lane::kInline,  AnswerNo},
    {Method::kGet,    "/invitations/:id",                  "getInvitation",          Permission::kOpen,    CacheClass::kNone,       Lane::kInline,  InvitationById},
    {Method::kDelete, "/invitations/:id",                  "cancelInvitation",       Permission::kManager, CacheClass::kNone,       Lane::kInline,  WithdrawInvitation},

    {Method::kGet,    "/memberships/plans",                "listPlans",              Permission::kAny,     CacheClass::kNone,       Lane::kInline,  Plans},
    {Method::kPost,   "/memberships/plans",                "createPlan",             Permission::kManager, CacheClass::kNone,       Lane::kInline,  AddPlan},
    {Method::kPatch,  "/memberships/plans/:id",            "updatePlan",             Permission::kManager, CacheClass::kNone,       Lane::kInline,  ChangePlan},
    {Method::kDelete, "/memberships/plans/:id",            "deletePlan",             Permission::kManager, CacheClass::kNone,       Lane::kInline,  RemovePlan},
    {Method::kPost,   "/memberships/subscribe",            "subscribeToPlan",        Permission::kAny,     CacheClass::kNone,       Lane::kInline,  SubscribeToPlan},
    {Method::kGet,    "/memberships/subscription",         "getMySubscription",      Permission::kAny,     CacheClass::kNone,       Lane::kInline,  MySubscription},
    {Method::kPost,   "/memberships/cancel",               "cancelSubscription",     Permission::kAny,     CacheClass::kNone,       Lane::kInline,  EndSubscription},

    {Method::kGet,    "/trainer/sessions",                 "listTrainerSessions",    Permission::kCrew,    CacheClass::kNone,       Lane::kInline,  TrainerSessions},
    {Method::kGet,    "/trainer/sessions/upcoming",        "listTrainerUpcoming",    Permission::kCrew,    CacheClass::kNone,       Lane::kInline,  TrainerUpcoming},
    {Method::kGet,    "/trainer/clients",                  "listTrainerClients",     Permission::kCrew,    CacheClass::kNone,       Lane::kInline,  TrainerClients},
    {Method::kGet,    "/trainer/sessions/:id/roster",      "getTrainerRoster",       Permission::kCrew,    CacheClass::kNone,       Lane::kInline,  TrainerRoster},

    {Method::kGet,    "/reference/onboarding",             "getOnboarding",          Permission::kPublic,  CacheClass::kGymPublic,  Lane::kInline,  Onboarding},

    {Method::kPost,   "/locations",                        "createLocation",         Permission::kManager, CacheClass::kNone,      Lane::kInline,  AddLocation},
    {Method::kGet,    "/locations",                        "listLocations",          Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  Locations},
    {Method::kGet,    "/locations/active",                 "listActiveLocations",    Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  Locations},
    {Method::kGet,    "/locations/search/facilities",      "searchFacilities",       Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  FacilitySearch},
    {Method::kGet,    "/locations/search/nearby",          "searchNearby",           Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  NearbySearch},
    {Method::kGet,    "/locations/:id",                    "getLocation",            Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  LocationById},
    {Method::kPatch,  "/locations/:id",                    "updateLocation",         Permission::kManager, CacheClass::kNone,      Lane::kInline,  ChangeLocation},
    {Method::kDelete, "/locations/:id",                    "closeLocation",          Permission::kManager, CacheClass::kNone,      Lane::kInline,  ShutLocation},

    {Method::kPost,   "/session-types",                    "createSessionType",      Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  AddSessionType},
    {Method::kGet,    "/session-types",                    "listSessionTypes",       Permission::kAny,     CacheClass::kNone,      Lane::kInline,  SessionTypes},
    {Method::kGet,    "/session-types/active",             "listActiveSessionTypes", Permission::kAny,     CacheClass::kNone,      Lane::kInline,  ActiveSessionTypes},
    {Method::kGet,    "/session-types/category/:category", "listCategory",           Permission::kAny,     CacheClass::kNone,      Lane::kInline,  SessionTypesOfCategory},
    {Method::kGet,    "/session-types/:id",                "getSessionType",         Permission::kAny,     CacheClass::kNone,      Lane::kInline,  SessionTypeById},
    {Method::kPatch,  "/session-types/:id",                "updateSessionType",      Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  ChangeSessionType},
    {Method::kDelete, "/session-types/:id",                "retireSessionType",      Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  DropSessionType},

    {Method::kPost,   "/sessions",                         "createSession",          Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  AddSession},
    {Method::kGet,    "/sessions",                         "listSessions",           Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  Sessions},
    {Method::kGet,    "/sessions/available",               "listAvailableSessions",  Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  AvailableSessions},
    {Method::kGet,    "/sessions/upcoming",                "listUpcomingSessions",   Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  UpcomingSessions},
    {Method::kGet,    "/sessions/today",                   "listTodaysSessions",     Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  TodaysSessions},
    {Method::kGet,    "/sessions/search",                  "searchSessions",         Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  SessionsFound},
    {Method::kGet,    "/sessions/my-bookings",             "listMySessions",         Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MySessions},
    {Method::kGet,    "/sessions/:id",                     "getSession",             Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  SessionById},
    {Method::kPatch,  "/sessions/:id",                     "updateSession",          Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  ChangeSession},
    {Method::kDelete, "/sessions/:id",                     "deleteSession",          Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  CallOffSession},
    {Method::kPut,    "/sessions/:id/cancel",              "cancelSession",          Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  CallOffSession},
    {Method::kPut,    "/sessions/:id/complete",            "completeSession",        Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  FinishSession},
    {Method::kPost,   "/sessions/:id/waitlist",            "joinWaitlist",           Permission::kAny,     CacheClass::kNone,      Lane::kInline,  QueueUp},
    {Method::kGet,    "/sessions/:id/waitlist",            "getWaitlist",            Permission::kPublic,  CacheClass::kGymPublic, Lane::kInline,  Waitlist},
    {Method::kDelete, "/sessions/:id/waitlist",            "leaveWaitlist",          Permission::kAny,     CacheClass::kNone,      Lane::kInline,  StepOut},
    {Method::kPost,   "/sessions/:id/checkin",             "checkIn",                Permission::kAny,     CacheClass::kNone,      Lane::kInline,  CheckInToSession},

    {Method::kPost,   "/bookings",                         "createBooking",          Permission::kAny,     CacheClass::kNone,      Lane::kInline,  AddBooking},
    {Method::kGet,    "/bookings",                         "listBookings",           Permission::kAny,     CacheClass::kNone,      Lane::kInline,  Bookings},
    {Method::kGet,    "/bookings/my",                      "listMyBookings",         Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyBookings},
    {Method::kGet,    "/my/bookings",                      "listMyBookingsToo",      Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyBookings},
    {Method::kGet,    "/my/bookings/history",              "listMyBookingHistory",   Permission::kAny,     CacheClass::kNone,      Lane::kInline,  MyBookingHistory},
    {Method::kGet,    "/bookings/:id",                     "getBooking",             Permission::kAny,     CacheClass::kNone,      Lane::kInline,  BookingById},
    {Method::kDelete, "/bookings/:id",                     "cancelBooking",          Permission::kAny,     CacheClass::kNone,      Lane::kInline,  CallOffBooking},
    {Method::kPut,    "/bookings/:id/no-show",             "markNoShow",             Permission::kCrew,    CacheClass::kNone,      Lane::kInline,  MissedBooking},

    {Method::kGet,    "/webhooks",                         "listWebhooks",           Permission::kManager, CacheClass::kNone,      Lane::kInline,  Webhooks},
    {Method::kPost,   "/webhooks",                         "createWebhook",          Permission::kManager, CacheClass::kNone,      Lane::kInline,  AddWebhook},
    {Method::kGet,    "/webhooks/events",                  "listWebhookEvents",      Permission::kManager, CacheClass::kNone,      Lane::kInline,  WebhookEvents},
    {Method::kGet,    "/webhooks/:id",                     "getWebhook",             Permission::kManager, CacheClass::kNone,      Lane::kInline,  WebhookById},
    {Method::kPatch,  "/webhooks/:id",                     "updateWebhook",          Permission::kManager, CacheClass::kNone,      Lane::kInline,  ChangeWebhook},
    {Method::kDelete, "/webhooks/:id",                     "deleteWebhook",          Permission::kManager, CacheClass::kNone,      Lane::kInline,  RemoveWebhook},
    {Method::kGet,    "/webhooks/:id/deliveries",          "listWebhookDeliveries",  Permission::kManager, CacheClass::kNone,      Lane::kInline,  WebhookDeliveries},
    {Method::kPost,   "/webhooks/:id/deliveries/:deliveryId/replay", "replayWebhookDelivery", Permission::kManager, CacheClass::kNone, Lane::kInline, ReplayDelivery},
};
// clang-format on

// Sign-in has classes of its own, which count as the default class unless configured (K9).
http::RateClass RateClassOf(std::string_view path) {
  if (path.starts_with("/auth/signup")) return http::RateClass::kSignUp;
  if (path == "/auth/login") return http::RateClass::kLogIn;
  if (path == "/auth/refresh") return http::RateClass::kRefresh;
  return http::RateClass::kDefault;
}

}  // namespace

std::vector<http::Route> GymRoutes(const Context& context) {
  const auto state = std::make_shared<GymState>(context.engine.clock());
  std::vector<http::Route> routes;
  for (const Row& row : kRows) {
    routes.push_back({row.method, row.path, row.name, http::Module::kGym, row.permission,
                      RateClassOf(row.path), row.cache, row.lane,
                      Guarded(context, state, row.permission, row.handler)});
  }
  return routes;
}

}  // namespace tenantry::server::gym
