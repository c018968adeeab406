#pragma once
// Jsonl: a dump for people: one JSON object per record or counter. Without fields that answers never show, and without
// collections that exist for their secrets; it cannot be restored.
//
// Errors   those of the reader and the sink.

#include "engine/base/byte_stream.h"
#include "engine/dump/reader.h"

namespace tenantry::tools {

Status WriteJsonl(dump::DumpReader& reader, ByteSink& sink);

}  // namespace tenantry::tools
