#pragma once
// Account: what members do with their own sign-in: another password, and leaving for good.
//
// Rules    passwords are judged by the caller, who names the hash it judged; the command checks that
//          it still is the member's. A deleted account leaves its record behind, blank, because
//          bookings name it; its future seats are given back first.
// Errors   kUnauthenticated when the password changed meanwhile; kConflict for the last owner.
// Threads  any.

#include <string_view>

#include "engine/gym/scope.h"

namespace tenantry::gym {

struct NewPassword {
  std::string_view judged_hash;  // Empty: the account had none.
  std::string_view new_hash;
  std::string_view device_id;  // Stays signed in; every other device is signed out.
};
Outcome ChangePassword(const Scope& scope, const NewPassword& change);

// Leaves waitlists and cancels future bookings one by one, each with what that does for others, and
// then blanks the account. A crash in between leaves an account with fewer bookings. kWouldBlock on
// the inline tier.
Outcome DeleteAccount(const Scope& scope, std::string_view judged_hash);

}  // namespace tenantry::gym
