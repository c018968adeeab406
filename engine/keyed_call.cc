#include "engine/keyed_call.h"

#include <utility>
#include <vector>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/partition/held_command.h"

namespace tenantry {
namespace {

thread_local KeyedCall* current_call = nullptr;

constexpr uint8_t kByStoredAt = 1;
constexpr size_t kRowsOfAnswer =
    3;  // The record, its index row, and the index row of an expired one.
// An answer beyond this is not worth its place in an entry of at most 1 MiB.
constexpr size_t kBodyBytesMax = 256 * 1024;

std::string NameOf(const KeyedCall::Request& request) {
  std::string joined(request.method);
  joined.append(1, '\0').append(request.path).append(1, '\0').append(request.key);
  return joined;
}

std::string ScopeOf(std::string_view principal, std::string_view name) {
  std::string input(principal);
  input.append(1, '\0').append(name);
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(input.data()), input.size());
  return FormatHex(digest);
}

IndexRange ExpiredAt(int64_t now_unix_ms) {
  return {.index = kByStoredAt, .until = keys::Part(now_unix_ms - kAnswerKeptMs + 1)};
}

Status WriteAnswer(SpaceWriter& tx, const AnswerDraft& answer,
                   const std::optional<StoredAnswer>& expired) {
  return expired ? tx.Update(*expired, answer) : tx.InsertFresh(answer);
}

}  // namespace

bool IsKept(const schema::StoredAnswer::Reader& answer, int64_t now_unix_ms) {
  return answer.getStoredAt() + kAnswerKeptMs > now_unix_ms;
}

Status PutAnswer(SpaceWriter& tx, const AnswerDraft& answer) {
  const auto scope = answer.reader().getScope();
  TNT_ASSIGN_OR_RETURN(
      const std::optional<StoredAnswer> before,
      tx.Find<schema::StoredAnswer>({std::string_view(scope.begin(), scope.size())}));
  return WriteAnswer(tx, answer, before);
}

Result<bool> HasExpiredAnswers(const SpaceReader& space, int64_t now_unix_ms) {
  bool found = false;
  TNT_RETURN_IF_ERROR(space.ScanIndexKeys(schema::CollectionOf<schema::StoredAnswer>(),
                                          ExpiredAt(now_unix_ms), [&found](std::string_view) {
                                            found = true;
                                            return false;
                                          }));
  return found;
}

Result<bool> ReclaimAnswers(SpaceWriter& tx, size_t rows_max) {
  std::vector<StoredAnswer> expired;
  TNT_RETURN_IF_ERROR(tx.ScanIndex<schema::StoredAnswer>(ExpiredAt(tx.now_unix_ms()),
                                                         [&](const StoredAnswer& answer) {
                                                           expired.push_back(answer);
                                                           return expired.size() < rows_max;
                                                         }));
  for (const StoredAnswer& answer : expired) TNT_RETURN_IF_ERROR(tx.Erase(answer));
  return expired.size() == rows_max;
}

KeyedCall::KeyedCall(const Request& request)
    : name_(NameOf(request)), fingerprint_(request.fingerprint), now_unix_ms_(request.now_unix_ms) {
  TNT_CHECK(current_call == nullptr);  // A request does not run inside another.
  SetPrincipal("");
  current_call = this;
}

KeyedCall::~KeyedCall() {
  current_call = nullptr;
}

KeyedCall* KeyedCall::Current() {
  return current_call;
}

void KeyedCall::SetPrincipal(std::string_view principal) {
  scope_ = ScopeOf(principal, name_);
}

Status KeyedCall::LookIn(const SpaceReader& space) {
  if (answer_) return AlreadyExists("this request was answered before");
  TNT_ASSIGN_OR_RETURN(std::optional<StoredAnswer> found,
                       space.Find<schema::StoredAnswer>({std::string_view(scope_)}));
  const bool kept = found && IsKept(**found, now_unix_ms_);
  if (kept) {
    answer_ = std::move(found);
    return AlreadyExists("this request was answered before");
  }
  expired_ = std::move(found);
  return Status::Ok();
}

void KeyedCall::Warm(const SpaceReader& space) const {
  static_cast<void>(space.Find<schema::StoredAnswer>({std::string_view(scope_)}).ok());
}

void KeyedCall::NoteCredentials(std::string_view tenant_id, std::string_view member_id,
                                std::string_view device_id, int64_t token_epoch) {
  credentials_ = Credentials{std::string(tenant_id), std::string(member_id), std::string(device_id),
                             token_epoch};
}

void KeyedCall::Hold(std::unique_ptr<partition::HeldCommand> command) {
  held_ = std::move(command);
}

void KeyedCall::WriteHeld() {
  if (held_) CommitWithoutAnswer();
}

uint64_t KeyedCall::CommitWithoutAnswer() {
  TNT_CHECK(held_ != nullptr);
  const uint64_t index = held_->Write();
  held_.reset();
  return index;
}

void KeyedCall::Complete(AnswerDraft* answer, int64_t now_unix_ms) const {
  AnswerDraft& draft = *answer;
  draft->setScope(scope_);
  draft->setFingerprint(fingerprint_);
  draft->setStoredAt(now_unix_ms);
  if (credentials_) {
    draft->setTenantId(credentials_->tenant_id);
    draft->setMemberId(credentials_->member_id);
    draft->setDeviceId(credentials_->device_id);
    draft->setTokenEpoch(credentials_->token_epoch);
    draft->disownBody();
  } else if (draft.reader().getBody().size() > kBodyBytesMax) {
    draft->setBodyDropped(true);
    draft->disownBody();
  }
}

uint64_t KeyedCall::Commit(AnswerDraft answer) {
  TNT_CHECK(held_ != nullptr);
  Complete(&answer, held_->clock.NowUnixMs());
  partition::Execution& execution = *held_->execution;
  if (execution.HasRoomFor(kRowsOfAnswer, 2 * answer.Encode().size() + 1024)) {
    SpaceWriter writer(&execution, execution, held_->space, ReadTier::kBlocking);
    TNT_CHECK(WriteAnswer(writer, answer, expired_).ok());
  }
  return CommitWithoutAnswer();
}

}  // namespace tenantry
