#pragma once
// Scope: who acts in which gym, and how a command is run.
//
// Errors   a command's Outcome carries the refusal; `value` is set exactly when the outcome is OK.
// Threads  any; a Scope lives as long as the call it is given to.
// Owns     nothing.

#include <functional>
#include <optional>
#include <string_view>

#include "engine/commands.h"
#include "engine/engine.h"
#include "engine/schema/gym.capnp.h"

namespace tenantry::gym {

// A member, and what the role lets them do.
struct Actor {
  std::string_view member_id;
  schema::GymRole role = schema::GymRole::MEMBER;
  bool owner_rights = false;  // Created this gym, whatever the label says.

  bool owner() const { return owner_rights || role == schema::GymRole::OWNER; }
  bool manager() const { return owner() || role == schema::GymRole::ADMIN; }
  bool crew() const {
    return manager() || role == schema::GymRole::TRAINER || role == schema::GymRole::STAFF;
  }
};

struct Scope {
  Engine& engine;
  TenantRef tenant;
  std::string_view tenant_id;  // Copied into every record made.
  Actor actor;
  std::string_view request_id;
  ReadTier tier = ReadTier::kInline;

  CommandInfo Info(CommandKind command) const {
    return {static_cast<uint16_t>(command), actor.member_id, request_id};
  }
};

template <class T>
struct Done {
  Outcome outcome;
  std::optional<T> value;

  bool ok() const { return outcome.status.ok(); }
};

// Runs a plan that hands out a value. The plan may be run twice; the last value counts.
template <class T>
Done<T> Run(const Scope& scope, CommandKind command,
            const std::function<Result<T>(Transaction&)>& plan) {
  Done<T> done;
  done.outcome = scope.engine.Execute(scope.tenant, scope.Info(command), scope.tier,
                                      [&](Transaction& tx) -> Status {
                                        Result<T> planned = plan(tx);
                                        if (!planned.ok()) return planned.status();
                                        done.value.emplace(std::move(planned).value());
                                        return Status::Ok();
                                      });
  if (!done.outcome.status.ok()) done.value.reset();
  return done;
}

// The same for a plan that touches the directory and the actor's gym.
template <class T>
Done<T> RunInDirectory(
    const Scope& scope, CommandKind command,
    const std::function<Result<T>(DirectoryTransaction&, SpaceWriter& gym)>& plan) {
  Done<T> done;
  done.outcome = scope.engine.ExecuteDirectory(
      scope.Info(command), scope.tier, [&](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(SpaceWriter * gym, tx.OpenSpace(scope.tenant.space()));
        Result<T> planned = plan(tx, *gym);
        if (!planned.ok()) return planned.status();
        done.value.emplace(std::move(planned).value());
        return Status::Ok();
      });
  if (!done.outcome.status.ok()) done.value.reset();
  return done;
}

// The record as readers will see it.
template <class T>
Result<codec::Stored<T>> Freeze(const codec::Draft<T>& draft) {
  return codec::Stored<T>::Decode(draft.Encode());
}

}  // namespace tenantry::gym
