#pragma once
// Renamer: makes the rows of one tenant those of another, so that both can live in one directory. Ids that the directory lists
// (popups, sessions, places, groups, invitations) are minted anew, consistently wherever they occur; tokens, stored answers,
// jobs and deliveries are dropped, and webhooks arrive switched off.
//
// Rules    Learn every listed id first, then rewrite.
// Errors   kCorruption for records that do not decode.
// Threads  one at a time after learning.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/dynamic.h>

#include "engine/base/result.h"
#include "engine/schema/catalog.h"

namespace tenantry::dump {

class Renamer {
 public:
  // `seed` decides the new ids; take it from the random source.
  Renamer(std::string old_tenant, std::string new_tenant, uint64_t seed)
      : old_tenant_(std::move(old_tenant)), new_tenant_(std::move(new_tenant)), seed_(seed) {}

  void Learn(std::string_view id);
  void DoneLearning();

  // The new id of a listed one, in its shape; other texts as they are.
  std::string Renamed(std::string_view text) const;

  struct Row {
    std::string key;  // Without the space.
    std::string value;
  };
  // Nothing when the copy does not get the row.
  Result<std::optional<Row>> Rewrite(std::string_view key, std::string_view value) const;

 private:
  bool IsListed(std::string_view text) const;
  void RewriteStruct(const schema::StructInfo& info, capnp::DynamicStruct::Builder record) const;
  void RewriteText(const schema::FieldInfo& field, capnp::DynamicStruct::Builder record) const;
  std::string RewriteJson(std::string_view json) const;
  std::string RewritePath(std::string_view text) const;
  Row RewriteMeta(std::string_view key, std::string_view value) const;
  Result<std::optional<Row>> RewriteRecord(std::string_view key, std::string_view value) const;
  Result<std::optional<Row>> RewriteOwned(std::string_view key, std::string_view value) const;

  const std::string old_tenant_;
  const std::string new_tenant_;
  const uint64_t seed_;
  std::vector<uint64_t> listed_;  // Hashes; sorted once learned.
};

}  // namespace tenantry::dump
