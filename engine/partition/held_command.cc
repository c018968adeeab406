#include "engine/partition/held_command.h"

#include <utility>

#include "engine/log/entry.h"

namespace tenantry::partition {

uint64_t WriteCommand(Execution& execution, Pipeline& pipeline, const Clock& clock,
                      const CommandHead& head) {
  if (!execution.has_effects()) return execution.newest_index();
  log::Entry entry;
  entry.header.time_unix_ms = clock.NowUnixMs();
  entry.header.space = head.space.value();
  entry.header.command = head.command;
  entry.actor = head.actor.substr(0, log::kActorBytesMax);
  entry.request_id = head.request_id.substr(0, log::kRequestIdBytesMax);
  entry.payload = execution.EncodeEffects();
  const Pipeline::Ticket ticket = pipeline.Append(std::move(entry));
  execution.Commit(ticket.index, ticket.group);
  return ticket.index;
}

}  // namespace tenantry::partition
