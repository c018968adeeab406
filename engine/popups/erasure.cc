#include "engine/popups/erasure.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/popups/subscribers.h"
#include "engine/popups/text.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using codec::Stored;

constexpr uint32_t kRowsPerStep = 512;
enum Stage : int32_t { kConversions = 0, kCarts = 1, kDone = 2 };  // On disk.

struct Person {
  std::string email_key;
  std::string subscriber_id;
};

// Sets `text` to what is left of `before`; false when nothing was there to remove.
bool Scrub(capnp::Text::Reader before, const Person& person, std::string* text) {
  *text = WithoutAddress(View(before), person.email_key);
  return text->size() != before.size();
}

// The record without the person, or nothing when it does not mention them.
std::optional<Draft<schema::PopupConversion>> Forget(const Stored<schema::PopupConversion>& before,
                                                     const Person& person) {
  Draft<schema::PopupConversion> after(before);
  bool changed = false;
  std::string text;
  if (before->hasMetadata() && Scrub(before->getMetadata(), person, &text)) {
    after->setMetadata(ToText(text));
    changed = true;
  }
  if (!person.subscriber_id.empty() &&
      View(before->getEmailSubscriberId()) == person.subscriber_id) {
    after->disownEmailSubscriberId();
    changed = true;
  }
  if (!changed) return std::nullopt;
  return after;
}

std::optional<Draft<schema::CartAbandonment>> Forget(const Stored<schema::CartAbandonment>& before,
                                                     const Person& person) {
  Draft<schema::CartAbandonment> after(before);
  bool changed = false;
  std::string text;
  const auto scrub = [&](capnp::Text::Reader value, auto set) {
    if (!Scrub(value, person, &text)) return;
    set(ToText(text));
    changed = true;
  };
  scrub(before->getPageUrl(), [&](auto value) { after->setPageUrl(value); });
  scrub(before->getUserLocation(), [&](auto value) { after->setUserLocation(value); });
  scrub(before->getTrafficSource(), [&](auto value) { after->setTrafficSource(value); });
  scrub(before->getUserAgent(), [&](auto value) { after->setUserAgent(value); });
  scrub(before->getSessionId(), [&](auto value) { after->setSessionId(value); });
  auto items = after->getCartItems();
  for (unsigned i = 0; i < items.size(); ++i) {
    scrub(items[i].asReader().getProductTitle(),
          [&](auto value) { items[i].setProductTitle(value); });
    scrub(items[i].asReader().getVariantTitle(),
          [&](auto value) { items[i].setVariantTitle(value); });
  }
  if (!changed) return std::nullopt;
  return after;
}

// Looks through records behind `after` and moves it; true when the collection is through.
template <class T>
Result<bool> ScrubSome(Transaction& tx, const Person& person, std::string* after) {
  uint32_t seen = 0;
  Status decoded;
  std::vector<std::pair<Stored<T>, Draft<T>>> changes;
  TNT_RETURN_IF_ERROR(tx.ScanRecordBytesAfter(
      schema::CollectionOf<T>(), *after, [&](std::string_view tuple, std::string_view bytes) {
        Result<Stored<T>> record = Stored<T>::Decode(bytes);
        if (!record.ok()) {
          decoded = record.status();
          return false;
        }
        if (auto changed = Forget(*record, person)) {
          changes.emplace_back(*record, *std::move(changed));
        }
        *after = tuple;
        return ++seen < kRowsPerStep;
      }));
  TNT_RETURN_IF_ERROR(decoded);
  for (const auto& [before, changed] : changes) TNT_RETURN_IF_ERROR(tx.Update(before, changed));
  return seen < kRowsPerStep;
}

Status Step(Transaction& tx, ReclaimProgress* progress) {
  *progress = {};
  std::optional<Stored<schema::ErasureTask>> task;
  TNT_RETURN_IF_ERROR(
      tx.ScanRecords<schema::ErasureTask>({}, false, [&](const Stored<schema::ErasureTask>& one) {
        task = one;
        return false;
      }));
  if (!task.has_value()) return Status::Ok();
  const Person person{std::string(View((*task)->getEmailKey())),
                      std::string(View((*task)->getSubscriberId()))};
  const auto bytes = (*task)->getAfter();
  std::string after(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  int32_t stage = (*task)->getStage();
  TNT_ASSIGN_OR_RETURN(const bool through,
                       stage == kConversions
                           ? ScrubSome<schema::PopupConversion>(tx, person, &after)
                           : ScrubSome<schema::CartAbandonment>(tx, person, &after));
  progress->more = true;
  if (through) {
    ++stage;
    after.clear();
  }
  if (stage >= kDone) return tx.Erase(*task);
  Draft<schema::ErasureTask> next(*task);
  next->setStage(stage);
  next->setAfter({reinterpret_cast<const capnp::byte*>(after.data()), after.size()});
  return tx.Update(*task, next);
}

// The forms in which an address appears in texts.
std::vector<std::string> FormsOf(std::string_view email_key) {
  std::vector<std::string> forms{std::string(email_key)};
  const size_t at = email_key.find('@');
  if (at == std::string_view::npos) return forms;
  for (const std::string_view sign : {"%40", "\\u0040"}) {
    forms.push_back(
        std::string(email_key.substr(0, at)).append(sign).append(email_key.substr(at + 1)));
  }
  return forms;
}

}  // namespace

std::string WithoutAddress(std::string_view text, std::string_view email_key) {
  std::string rest(text);
  if (email_key.empty()) return rest;
  for (const std::string& form : FormsOf(email_key)) {
    std::string lower = LowerAscii(rest);
    for (size_t at = lower.find(form); at != std::string::npos; at = lower.find(form, at)) {
      rest.erase(at, form.size());
      lower.erase(at, form.size());
    }
  }
  return rest;
}

Outcome EraseSubscriber(Engine& engine, const TenantRef& shop, std::string_view email,
                        const CommandInfo& info, ReadTier tier) {
  CommandInfo erase = info;
  erase.command = static_cast<uint16_t>(CommandKind::kSubscriberErase);
  erase.frees_space = true;
  return engine.Execute(shop, erase, tier, [&](Transaction& tx) -> Status {
    Draft<schema::ErasureTask> task;
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> subscriber_id,
                         EraseSubscriberRow(tx, email));
    if (subscriber_id.has_value()) task->setSubscriberId(ToText(*subscriber_id));
    task->setId(ToText(NewUuid(tx.random())));
    task->setEmailKey(ToText(LowerAscii(email)));
    task->setCreatedAt(tx.now_unix_ms());
    return tx.InsertFresh(task);
  });
}

Result<ReclaimProgress> ErasureStep(Engine& engine, const TenantRef& shop) {
  return RunStep(engine, shop, {static_cast<uint16_t>(CommandKind::kErasureStep), "system", ""},
                 Step);
}

}  // namespace tenantry::popups
