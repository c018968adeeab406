#pragma once
// HeldCommand: a command whose plan is decided and whose entry is not written yet. It still holds its partitions; going
// without Write() it never happened.
//
// Threads  the thread that ran the plan.
// Owns     the execution. Borrows pipeline and clock.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/partition/execution.h"
#include "engine/partition/pipeline.h"

namespace tenantry::partition {

// What an entry says of its command beside the effects.
struct CommandHead {
  SpaceId space;
  uint16_t command = 0;
  std::string_view actor;
  std::string_view request_id;
};

// Appends the effects as one entry and shows them to the next commands. Returns the index to park the reply at.
uint64_t WriteCommand(Execution& execution, Pipeline& pipeline, const Clock& clock,
                      const CommandHead& head);

struct HeldCommand {
  std::unique_ptr<Execution> execution;
  Pipeline& pipeline;
  const Clock& clock;
  SpaceId space;
  uint16_t command;
  std::string actor;
  std::string request_id;

  uint64_t Write() {
    return WriteCommand(*execution, pipeline, clock, {space, command, actor, request_id});
  }
};

}  // namespace tenantry::partition
