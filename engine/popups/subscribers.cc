#include "engine/popups/subscribers.h"

#include <string>
#include <utility>

#include "engine/base/ids.h"
#include "engine/base/time_format.h"
#include "engine/commands.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using codec::Stored;

constexpr uint8_t kEmailIndex = 1;
constexpr uint8_t kActiveIndex = 2;
constexpr uint8_t kPopupIndex = 3;

Status CountOne(Transaction& tx, const schema::EmailSubscriber::Reader& subscriber, int64_t delta) {
  counters::CounterDeltas deltas;
  deltas.Add({kShopTotals, kShopOwner, kSubscribers}, delta);
  if (subscriber.hasPopupId()) {
    deltas.Add({kPopupTotals, View(subscriber.getPopupId()), kSubscribers}, delta);
  }
  return deltas.WriteTo(tx);
}

// RFC 4180: quoted where it holds a separator.
void AppendCsvText(std::string* csv, std::string_view text) {
  constexpr std::string_view kFormulaStarts = "=+-@\t\r";
  const bool formula = !text.empty() && kFormulaStarts.find(text.front()) != std::string_view::npos;
  const bool quoted = text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (quoted) csv->push_back('"');
  if (formula) csv->push_back('\'');
  for (const char c : text) {
    if (c == '"') csv->push_back('"');
    csv->push_back(c);
  }
  if (quoted) csv->push_back('"');
}

Result<std::optional<Stored<schema::EmailSubscriber>>> FindByEmail(const SpaceReader& shop,
                                                                   std::string_view email) {
  const std::string email_key = LowerAscii(email);
  return shop.FindUnique<schema::EmailSubscriber>(kEmailIndex, {std::string_view(email_key)});
}

}  // namespace

Status InsertSubscriber(Transaction& tx, Draft<schema::EmailSubscriber>* subscriber) {
  (*subscriber)->setEmailKey(ToText(LowerAscii(View(subscriber->reader().getEmail()))));
  TNT_RETURN_IF_ERROR(tx.Insert(*subscriber));
  return (*subscriber)->getIsActive() ? CountOne(tx, subscriber->reader(), 1) : Status::Ok();
}

SubscriberReply Subscribe(Engine& engine, const TenantRef& shop,
                          const codec::Input<schema::SubscribeInput>& input,
                          const CommandInfo& info, ReadTier tier) {
  SubscriberReply reply;
  CommandInfo subscribe = info;
  subscribe.command = static_cast<uint16_t>(CommandKind::kSubscribe);
  reply.outcome = engine.Execute(shop, subscribe, tier, [&](Transaction& tx) -> Status {
    const std::string_view email = View((*input).getEmail());
    TNT_ASSIGN_OR_RETURN(const auto before, FindByEmail(tx, email));
    const bool active = before.has_value() && (*before)->getIsActive();
    if (!tx.trace().Check("subscriber.not_active", !active, {{"known", before.has_value()}})) {
      return AlreadyExists("Email is already subscribed");
    }
    auto after = before.has_value() ? Draft<schema::EmailSubscriber>(*before)
                                    : Draft<schema::EmailSubscriber>();
    codec::CopySent(input,
                    &after);  // A returning subscriber keeps what this request does not send.
    after->setIsActive(true);
    after->setUpdatedAt(tx.now_unix_ms());
    if (before.has_value()) {
      TNT_RETURN_IF_ERROR(tx.Update(*before, after));
      TNT_RETURN_IF_ERROR(CountOne(tx, after.reader(), 1));
    } else {
      after->setId(ToText(NewUuid(tx.random())));
      after->setCreatedAt(tx.now_unix_ms());
      TNT_RETURN_IF_ERROR(InsertSubscriber(tx, &after));
    }
    TNT_ASSIGN_OR_RETURN(reply.subscriber, Stored<schema::EmailSubscriber>::Decode(after.Encode()));
    return Status::Ok();
  });
  return reply;
}

Outcome Unsubscribe(Engine& engine, const TenantRef& shop, std::string_view email,
                    const CommandInfo& info, ReadTier tier) {
  CommandInfo unsubscribe = info;
  unsubscribe.command = static_cast<uint16_t>(CommandKind::kUnsubscribe);
  return engine.Execute(shop, unsubscribe, tier, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(const auto before, FindByEmail(tx, email));
    const bool active = before.has_value() && (*before)->getIsActive();
    if (!tx.trace().Check("subscriber.active", active, {{"known", before.has_value()}})) {
      return Status::Ok();  // Who is not subscribed has nothing to leave.
    }
    Draft<schema::EmailSubscriber> after(*before);
    after->setIsActive(false);
    after->setUpdatedAt(tx.now_unix_ms());
    TNT_RETURN_IF_ERROR(tx.Update(*before, after));
    return CountOne(tx, **before, -1);
  });
}

Result<std::optional<std::string>> EraseSubscriberRow(Transaction& tx, std::string_view email) {
  TNT_ASSIGN_OR_RETURN(const auto subscriber, FindByEmail(tx, email));
  if (!subscriber.has_value()) return std::optional<std::string>();
  if ((*subscriber)->getIsActive()) TNT_RETURN_IF_ERROR(CountOne(tx, **subscriber, -1));
  TNT_RETURN_IF_ERROR(tx.Erase(*subscriber));
  return std::optional<std::string>(View((*subscriber)->getId()));
}

Result<SubscriberList> ListSubscribers(const SpaceReader& shop, const Page& page) {
  SubscriberList list;
  TNT_ASSIGN_OR_RETURN(
      list.subscribers,
      ReadPage<schema::EmailSubscriber>(
          shop, {.index = kActiveIndex, .equal = {int64_t{1}}, .reverse = true}, page));
  TNT_ASSIGN_OR_RETURN(list.total, CountSubscribers(shop));
  return list;
}

Result<SubscriberList> ListPopupSubscribers(const SpaceReader& shop, std::string_view popup_id,
                                            const Page& page) {
  SubscriberList list;
  TNT_ASSIGN_OR_RETURN(
      list.subscribers,
      ReadPage<schema::EmailSubscriber>(
          shop, {.index = kPopupIndex, .equal = {popup_id}, .reverse = true}, page));
  TNT_ASSIGN_OR_RETURN(list.total, shop.Counter(kPopupTotals, popup_id, kSubscribers));
  return list;
}

Result<int64_t> CountSubscribers(const SpaceReader& shop) {
  return shop.Counter(kShopTotals, kShopOwner, kSubscribers);
}

Result<bool> AppendSubscriberCsv(const SpaceReader& shop, uint32_t rows_max, std::string* after,
                                 std::string* csv) {
  uint32_t rows = 0;
  bool more = false;
  Status decoded;
  TNT_RETURN_IF_ERROR(shop.ScanRecordBytesAfter(
      schema::CollectionOf<schema::EmailSubscriber>(), *after,
      [&](std::string_view tuple, std::string_view bytes) {
        if (rows == rows_max) {
          more = true;
          return false;
        }
        const auto subscriber = Stored<schema::EmailSubscriber>::Decode(bytes);
        if (!subscriber.ok()) {
          decoded = subscriber.status();
          return false;
        }
        AppendCsvText(csv, View((*subscriber)->getEmail()));
        csv->push_back(',');
        AppendCsvText(csv, View((*subscriber)->getName()));
        csv->push_back(',');
        AppendCsvText(csv, View((*subscriber)->getPopupId()));
        csv->append((*subscriber)->getIsActive() ? ",true," : ",false,");
        AppendInstant(csv, (*subscriber)->getCreatedAt());
        csv->append("\r\n");
        *after = tuple;
        ++rows;
        return true;
      }));
  TNT_RETURN_IF_ERROR(decoded);
  return more;
}

}  // namespace tenantry::popups
