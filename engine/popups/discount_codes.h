#pragma once
// DiscountCodes: codes a shop hands out through its popups.
//
// Shape    a code is live while it is active, not expired and not used up. Of the live codes of a
//          shop no two are equal, ignoring case; a code that ended gives its text free.
// Errors   Create: kAlreadyExists for a live duplicate, kInvalidArgument for a percentage above
//          100. Get: kNotFound "Discount code with ID <id> not found".
// Threads  any; stateless.
// Source   popups.md §4, F65, F66.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/engine.h"
#include "engine/popups/page.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::popups {

struct DiscountCodeReply {
  Outcome outcome;
  std::optional<codec::Stored<schema::DiscountCode>> code;  // Set when the command was accepted.
};

Status DiscountCodeNotFound(std::string_view id);

// The rules that the schema cannot say; before any shop is created for the request.
Status CheckDiscountCode(const schema::CreateDiscountCodeInput::Reader& input);

// A step of commands: a code with its id and times, counted. kAlreadyExists when a live code has its text.
Status InsertDiscountCode(Transaction& tx, codec::Draft<schema::DiscountCode>* code);
DiscountCodeReply CreateDiscountCode(Engine& engine, const TenantRef& shop,
                                     const codec::Input<schema::CreateDiscountCodeInput>& input,
                                     const CommandInfo& info, ReadTier tier);

// A step of a tracking entry: raises the usage of a code, stopping at its limit. Unknown codes are
// ignored.
Status AddDiscountUses(Transaction& tx, std::string_view code_id, int64_t uses);

Result<codec::Stored<schema::DiscountCode>> GetDiscountCode(const SpaceReader& shop,
                                                            std::string_view id);
// The live code with this text, ignoring case.
Result<std::optional<codec::Stored<schema::DiscountCode>>> FindLiveCode(const SpaceReader& shop,
                                                                        std::string_view code,
                                                                        int64_t now_unix_ms);
struct DiscountCodeList {
  std::vector<codec::Stored<schema::DiscountCode>> codes;
  int64_t total = 0;
};
// Newest first, whether live or not.
Result<DiscountCodeList> ListDiscountCodes(const SpaceReader& shop, const Page& page);

}  // namespace tenantry::popups
