#include "engine/popups/discount_codes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using codec::Stored;

constexpr uint8_t kLiveCodeIndex = 1;
constexpr uint8_t kCreatedIndex = 2;
constexpr int64_t kPercentMax = 100 * 100;  // In hundredths.

bool UsedUp(const schema::DiscountCode::Reader& code) {
  return code.getUsageLimit() != schema::NULL_INT && code.getUsageCount() >= code.getUsageLimit();
}

bool Expired(const schema::DiscountCode::Reader& code, int64_t now_unix_ms) {
  return code.getExpiresAt() != schema::NULL_INT && code.getExpiresAt() <= now_unix_ms;
}

std::string GenerateCode(Random& random) {
  std::string code = "POPUP-" + FormatHex(random.Bytes(4));
  for (char& c : code) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return code;
}

// Takes the code's text from a holder that expired. kAlreadyExists when the holder is live.
Status FreeCode(Transaction& tx, const std::string& code_key) {
  TNT_ASSIGN_OR_RETURN(const auto holder, tx.FindUnique<schema::DiscountCode>(
                                              kLiveCodeIndex, {std::string_view(code_key)}));
  const bool free = !holder.has_value() || Expired(**holder, tx.now_unix_ms());
  if (!tx.trace().Check("discount_code.unique", free, {{"code", code_key}})) {
    return AlreadyExists("A discount code with this code already exists");
  }
  if (!holder.has_value()) return Status::Ok();
  Draft<schema::DiscountCode> ended(*holder);
  ended->setLive(false);
  return tx.Update(*holder, ended);
}

}  // namespace

Status DiscountCodeNotFound(std::string_view id) {
  return NotFound("Discount code with ID " + std::string(id) + " not found");
}

Status CheckDiscountCode(const schema::CreateDiscountCodeInput::Reader& input) {
  if (input.getType() == schema::DiscountType::PERCENTAGE && input.getValue() > kPercentMax) {
    return InvalidFields({"value must not be greater than 100"});
  }
  return Status::Ok();
}

Status InsertDiscountCode(Transaction& tx, Draft<schema::DiscountCode>* draft) {
  Draft<schema::DiscountCode>& code = *draft;
  const std::string code_key = LowerAscii(View(code->asReader().getCode()));
  code->setCodeKey(ToText(code_key));
  code->setLive(code->getIsActive() && !UsedUp(code.reader()) &&
                !Expired(code.reader(), tx.now_unix_ms()));
  if (code->getLive()) TNT_RETURN_IF_ERROR(FreeCode(tx, code_key));
  TNT_RETURN_IF_ERROR(tx.Insert(code));
  counters::CounterDeltas deltas;
  deltas.Add({kShopTotals, kShopOwner, kCodes}, 1);
  return deltas.WriteTo(tx);
}

DiscountCodeReply CreateDiscountCode(Engine& engine, const TenantRef& shop,
                                     const codec::Input<schema::CreateDiscountCodeInput>& input,
                                     const CommandInfo& info, ReadTier tier) {
  DiscountCodeReply reply;
  CommandInfo create = info;
  create.command = static_cast<uint16_t>(CommandKind::kDiscountCodeCreate);
  reply.outcome = engine.Execute(shop, create, tier, [&](Transaction& tx) -> Status {
    TNT_RETURN_IF_ERROR(CheckDiscountCode(*input));
    Draft<schema::DiscountCode> code;
    codec::CopySent(input, &code);
    code->setId(ToText(NewUuid(tx.random())));
    if ((*input).getCode().size() == 0) code->setCode(ToText(GenerateCode(tx.random())));
    code->setIsActive((*input).getIsActive());
    code->setCreatedAt(tx.now_unix_ms());
    code->setUpdatedAt(tx.now_unix_ms());
    TNT_RETURN_IF_ERROR(InsertDiscountCode(tx, &code));
    TNT_ASSIGN_OR_RETURN(reply.code, Stored<schema::DiscountCode>::Decode(code.Encode()));
    return Status::Ok();
  });
  return reply;
}

Status AddDiscountUses(Transaction& tx, std::string_view code_id, int64_t uses) {
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::DiscountCode>({code_id}));
  if (!before.has_value()) return Status::Ok();
  int64_t count = counters::AddSaturating((*before)->getUsageCount(), uses);
  if ((*before)->getUsageLimit() != schema::NULL_INT) {
    count = std::min(count, (*before)->getUsageLimit());
  }
  if (count <= (*before)->getUsageCount()) return Status::Ok();
  Draft<schema::DiscountCode> after(*before);
  after->setUsageCount(count);
  after->setUpdatedAt(tx.now_unix_ms());
  if (UsedUp(after.reader())) after->setLive(false);
  return tx.Update(*before, after);
}

Result<Stored<schema::DiscountCode>> GetDiscountCode(const SpaceReader& shop, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(auto code, shop.Find<schema::DiscountCode>({id}));
  if (!code.has_value()) return DiscountCodeNotFound(id);
  return *std::move(code);
}

Result<std::optional<Stored<schema::DiscountCode>>> FindLiveCode(const SpaceReader& shop,
                                                                 std::string_view code,
                                                                 int64_t now_unix_ms) {
  const std::string code_key = LowerAscii(code);
  TNT_ASSIGN_OR_RETURN(auto found, shop.FindUnique<schema::DiscountCode>(
                                       kLiveCodeIndex, {std::string_view(code_key)}));
  if (found.has_value() && Expired(**found, now_unix_ms)) found.reset();
  return found;
}

Result<DiscountCodeList> ListDiscountCodes(const SpaceReader& shop, const Page& page) {
  DiscountCodeList list;
  TNT_ASSIGN_OR_RETURN(list.codes, ReadPage<schema::DiscountCode>(
                                       shop, {.index = kCreatedIndex, .reverse = true}, page));
  TNT_ASSIGN_OR_RETURN(list.total, shop.Counter(kShopTotals, kShopOwner, kCodes));
  return list;
}

}  // namespace tenantry::popups
