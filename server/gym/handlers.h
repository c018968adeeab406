#pragma once
// Handlers of the gym API, one per row of routes.cc. What each takes and answers is stated in the
// contract (gym.md section 5); middleware.h says what was checked before.

#include "server/gym/middleware.h"

namespace tenantry::server::gym {

// auth_handlers.cc
http::Response Hello(const Context& context, const Access& access, const http::Request& request);
http::Response SignUp(const Context& context, const Access& access, const http::Request& request);
http::Response JoinAsMember(const Context& context, const Access& access,
                            const http::Request& request);
http::Response LogIn(const Context& context, const Access& access, const http::Request& request);
http::Response RefreshLogin(const Context& context, const Access& access,
                            const http::Request& request);
http::Response LogOut(const Context& context, const Access& access, const http::Request& request);

// account_handlers.cc
http::Response ChangePassword(const Context& context, const Access& access,
                              const http::Request& request);
http::Response ExportAccount(const Context& context, const Access& access,
                             const http::Request& request);
http::Response DeleteAccount(const Context& context, const Access& access,
                             const http::Request& request);

// member_handlers.cc
http::Response Members(const Context& context, const Access& access, const http::Request& request);
http::Response AddMember(const Context& context, const Access& access,
                         const http::Request& request);
http::Response MemberById(const Context& context, const Access& access,
                          const http::Request& request);
http::Response ChangeMember(const Context& context, const Access& access,
                            const http::Request& request);
http::Response MyCard(const Context& context, const Access& access, const http::Request& request);
http::Response ChangeMyCard(const Context& context, const Access& access,
                            const http::Request& request);
http::Response MyProfile(const Context& context, const Access& access,
                         const http::Request& request);
http::Response ChangeMyProfile(const Context& context, const Access& access,
                               const http::Request& request);
http::Response CompleteOwner(const Context& context, const Access& access,
                             const http::Request& request);
http::Response CompleteTrainer(const Context& context, const Access& access,
                               const http::Request& request);
http::Response CompleteClient(const Context& context, const Access& access,
                              const http::Request& request);
http::Response CompleteStaff(const Context& context, const Access& access,
                             const http::Request& request);

// stats_handlers.cc
http::Response MembersOverview(const Context& context, const Access& access,
                               const http::Request& request);
http::Response MyShortStats(const Context& context, const Access& access,
                            const http::Request& request);
http::Response MyStats(const Context& context, const Access& access, const http::Request& request);
http::Response Business(const Context& context, const Access& access, const http::Request& request);
http::Response Analytics(const Context& context, const Access& access,
                         const http::Request& request);

// activity_handlers.cc
http::Response MyStreak(const Context& context, const Access& access, const http::Request& request);
http::Response MyEvents(const Context& context, const Access& access, const http::Request& request);
http::Response MyAttendance(const Context& context, const Access& access,
                            const http::Request& request);
http::Response MyFavorites(const Context& context, const Access& access,
                           const http::Request& request);
http::Response AddToFavorites(const Context& context, const Access& access,
                              const http::Request& request);
http::Response RemoveFromFavorites(const Context& context, const Access& access,
                                   const http::Request& request);

// invitation_handlers.cc
http::Response AddInvitation(const Context& context, const Access& access,
                             const http::Request& request);
http::Response AddInvitations(const Context& context, const Access& access,
                              const http::Request& request);
http::Response Invitations(const Context& context, const Access& access,
                           const http::Request& request);
http::Response InvitationSummary(const Context& context, const Access& access,
                                 const http::Request& request);
http::Response AnswerYes(const Context& context, const Access& access,
                         const http::Request& request);
http::Response AnswerNo(const Context& context, const Access& access, const http::Request& request);
http::Response InvitationById(const Context& context, const Access& access,
                              const http::Request& request);
http::Response WithdrawInvitation(const Context& context, const Access& access,
                                  const http::Request& request);

// membership_handlers.cc
http::Response Plans(const Context& context, const Access& access, const http::Request& request);
http::Response AddPlan(const Context& context, const Access& access, const http::Request& request);
http::Response ChangePlan(const Context& context, const Access& access,
                          const http::Request& request);
http::Response RemovePlan(const Context& context, const Access& access,
                          const http::Request& request);
http::Response SubscribeToPlan(const Context& context, const Access& access,
                               const http::Request& request);
http::Response MySubscription(const Context& context, const Access& access,
                              const http::Request& request);
http::Response EndSubscription(const Context& context, const Access& access,
                               const http::Request& request);

// trainer_handlers.cc
http::Response TrainerSessions(const Context& context, const Access& access,
                               const http::Request& request);
http::Response TrainerUpcoming(const Context& context, const Access& access,
                               const http::Request& request);
http::Response TrainerClients(const Context& context, const Access& access,
                              const http::Request& request);
http::Response TrainerRoster(const Context& context, const Access& access,
                             const http::Request& request);

// reference_handlers.cc
http::Response Onboarding(const Context& context, const Access& access,
                          const http::Request& request);

// location_handlers.cc
http::Response AddLocation(const Context& context, const Access& access,
                           const http::Request& request);
http::Response Locations(const Context& context, const Access& access,
                         const http::Request& request);
http::Response LocationById(const Context& context, const Access& access,
                            const http::Request& request);
http::Response ChangeLocation(const Context& context, const Access& access,
                              const http::Request& request);
http::Response ShutLocation(const Context& context, const Access& access,
                            const http::Request& request);
http::Response FacilitySearch(const Context& context, const Access& access,
                              const http::Request& request);
http::Response NearbySearch(const Context& context, const Access& access,
                            const http::Request& request);

// session_type_handlers.cc
http::Response AddSessionType(const Context& context, const Access& access,
                              const http::Request& request);
http::Response SessionTypes(const Context& context, const Access& access,
                            const http::Request& request);
http::Response ActiveSessionTypes(const Context& context, const Access& access,
                                  const http::Request& request);
http::Response SessionTypesOfCategory(const Context& context, const Access& access,
                                      const http::Request& request);
http::Response SessionTypeById(const Context& context, const Access& access,
                               const http::Request& request);
http::Response ChangeSessionType(const Context& context, const Access& access,
                                 const http::Request& request);
http::Response DropSessionType(const Context& context, const Access& access,
                               const http::Request& request);

// session_handlers.cc
http::Response AddSession(const Context& context, const Access& access,
                          const http::Request& request);
http::Response Sessions(const Context& context, const Access& access, const http::Request& request);
http::Response AvailableSessions(const Context& context, const Access& access,
                                 const http::Request& request);
http::Response UpcomingSessions(const Context& context, const Access& access,
                                const http::Request& request);
http::Response TodaysSessions(const Context& context, const Access& access,
                              const http::Request& request);
http::Response SessionsFound(const Context& context, const Access& access,
                             const http::Request& request);
http::Response SessionById(const Context& context, const Access& access,
                           const http::Request& request);
http::Response ChangeSession(const Context& context, const Access& access,
                             const http::Request& request);
http::Response CallOffSession(const Context& context, const Access& access,
                              const http::Request& request);
http::Response FinishSession(const Context& context, const Access& access,
                             const http::Request& request);
http::Response CheckInToSession(const Context& context, const Access& access,
                                const http::Request& request);

// waitlist_handlers.cc
http::Response QueueUp(const Context& context, const Access& access, const http::Request& request);
http::Response Waitlist(const Context& context, const Access& access, const http::Request& request);
http::Response StepOut(const Context& context, const Access& access, const http::Request& request);

// booking_handlers.cc
http::Response AddBooking(const Context& context, const Access& access,
                          const http::Request& request);
http::Response MyBookings(const Context& context, const Access& access,
                          const http::Request& request);
http::Response Bookings(const Context& context, const Access& access, const http::Request& request);
http::Response MyBookingHistory(const Context& context, const Access& access,
                                const http::Request& request);
http::Response MySessions(const Context& context, const Access& access,
                          const http::Request& request);
http::Response BookingById(const Context& context, const Access& access,
                           const http::Request& request);
http::Response CallOffBooking(const Context& context, const Access& access,
                              const http::Request& request);
http::Response MissedBooking(const Context& context, const Access& access,
                             const http::Request& request);

// webhook_handlers.cc
http::Response Webhooks(const Context& context, const Access& access, const http::Request& request);
http::Response AddWebhook(const Context& context, const Access& access,
                          const http::Request& request);
http::Response WebhookEvents(const Context& context, const Access& access,
                             const http::Request& request);
http::Response WebhookById(const Context& context, const Access& access,
                           const http::Request& request);
http::Response ChangeWebhook(const Context& context, const Access& access,
                             const http::Request& request);
http::Response RemoveWebhook(const Context& context, const Access& access,
                             const http::Request& request);
http::Response WebhookDeliveries(const Context& context, const Access& access,
                                 const http::Request& request);
http::Response ReplayDelivery(const Context& context, const Access& access,
                              const http::Request& request);

}  // namespace tenantry::server::gym
