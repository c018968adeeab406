#include "server/admin/inspect_command.h"

#include <charconv>

#include "engine/codec/json_out.h"
#include "engine/codec/stored.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"
#include "engine/tenant/directory.h"

namespace tenantry::server {
namespace {

constexpr uint64_t kLimitDefault = 20;

AdminReply Missing(const std::string& what) {
  return {kExitNotFound, "", what};
}

const schema::Collection* CollectionNamed(const std::string& name) {
  for (const schema::Collection* collection : schema::AllCollections()) {
    if (collection->name == name) return collection;
  }
  return nullptr;
}

std::string KnownCollections() {
  std::string names;
  for (const schema::Collection* collection : schema::AllCollections()) {
    names += (names.empty() ? "" : ", ") + collection->name;
  }
  return names;
}

// The encoded key of as many parts as were given; each is read as its field's type.
Result<std::string> KeyPrefix(const schema::Collection& collection, std::string_view text) {
  std::string tuple;
  for (size_t i = 0; !text.empty(); ++i) {
    if (i == collection.key.size()) {
      return InvalidArgument("a key of " + collection.name + " has " +
                             std::to_string(collection.key.size()) + " parts");
    }
    const size_t end =
        i + 1 == collection.key.size() ? text.size() : std::min(text.find('/'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (collection.key[i]->type == schema::FieldType::kText) {
      keys::AppendPart(&tuple, part);
      continue;
    }
    int64_t number = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || stop != part.data() + part.size()) {
      return InvalidArgument(collection.key[i]->name + " is a number");
    }
    keys::AppendPart(&tuple, number);
  }
  return tuple;
}

Result<std::string> LineOf(const schema::Collection& collection, std::string_view bytes) {
  TNT_ASSIGN_OR_RETURN(const std::shared_ptr<const codec::Message> message,
                       codec::Message::Decode(bytes, collection.info));
  std::string line = "{";
  codec::AppendJsonMembers(&line, *collection.info,
                           message->root().as<capnp::DynamicStruct>(collection.info->schema));
  return line + "}\n";
}

// Space 0 goes by the name of what it is.
Result<SpaceReader> ReaderOf(const Engine& engine, const std::string& tenant) {
  const ReadView view = engine.View();
  if (tenant == "directory") return view.DirectorySpace(ReadTier::kBlocking);
  for (const auto kind : {schema::TenantKind::GYM, schema::TenantKind::SHOP}) {
    const auto found = tenant::Directory::Find(view, tenant, kind, ReadTier::kBlocking);
    if (found.ok()) return view.Space(found->ref, ReadTier::kBlocking);
  }
  return NotFound("no tenant " + tenant +
                  "; `admin tenant list` shows them, and `directory` is space 0");
}

}  // namespace

AdminReply RunInspectRecord(Engine& engine, const AdminRequest& request) {
  const schema::Collection* const collection = CollectionNamed(request.Argument("COLLECTION"));
  if (collection == nullptr) {
    return Missing("no collection '" + request.Argument("COLLECTION") + "'; there are " +
                   KnownCollections());
  }
  const Result<SpaceReader> space = ReaderOf(engine, request.Argument("tenant"));
  if (!space.ok()) return Missing(std::string(space.status().message()));
  const Result<std::string> prefix = KeyPrefix(*collection, request.Argument("KEY"));
  if (!prefix.ok()) return {kExitUsage, "", std::string(prefix.status().message())};
  uint64_t limit = kLimitDefault;
  const std::string& text = request.Argument("limit");
  std::from_chars(text.data(), text.data() + text.size(), limit);

  AdminReply reply;
  uint64_t rows = 0;
  Status decoded;
  const Status scanned = space->ScanRecordBytes(
      *collection, *prefix, false, [&](std::string_view /*key*/, std::string_view bytes) {
        const Result<std::string> line = LineOf(*collection, bytes);
        decoded = line.status();
        if (line.ok()) reply.output += *line;
        return line.ok() && ++rows < limit;
      });
  for (const Status* status : {&scanned, static_cast<const Status*>(&decoded)}) {
    if (!status->ok()) return {ExitCodeOf(*status), reply.output, std::string(status->message())};
  }
  if (rows == 0) return Missing("no such record of " + collection->name);
  return reply;
}

}  // namespace tenantry::server
