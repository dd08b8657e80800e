#include "frontend/access/access_control.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "base/text.h"

namespace neso {
namespace {

using Kind = AccessRefusal::Kind;

constexpr size_t kMaxShown = 256;  // of a name that a client gives
constexpr size_t kMaxToken = 256;  // far longer than any: more would only be work

template <typename... Args>
AccessRefusalRef Refuse(Kind kind, fmt::format_string<Args...> format, Args&&... args) {
  return std::make_unique<AccessRefusal>(
      AccessRefusal{.kind = kind, .text = fmt::format(format, std::forward<Args>(args)...), .retry_after = {}});
}

// Coarse, since each request asks and seconds are compared.
int64_t UnixTime() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec;
}

// RFC 6750, 2.1. Empty: there is none.
std::string_view BearerToken(const net::HttpHead& head) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view value = head.Find("Authorization");
  if (value.size() < kScheme.size() || !EqualsIgnoreCaseAscii(value.substr(0, kScheme.size()), kScheme)) return {};
  return TrimBlanks(value.substr(kScheme.size()));
}

// A proxy on this machine speaks for clients that are elsewhere.
bool IsLocal(const net::HttpHead& head) {
  return head.peer.IsLocal() && !head.Has("X-Forwarded-For") && !head.Has("Forwarded") && !head.Has("Via");
}

AccessRefusalRef CheckLife(const AccessKey& key) {
  if (!key.expires || UnixTime() < *key.expires) return nullptr;
  return Refuse(Kind::kBadKey, "the key '{}' has expired", key.name);
}

AccessRefusalRef CheckModelOf(const AccessKey& key, std::string_view model) {
  if (model.empty() || key.Sees(model)) return nullptr;
  return Refuse(Kind::kForbidden, "the key '{}' may not use the model '{}'", key.name, model.substr(0, kMaxShown));
}

// `method` is empty for gRPC, whose calls all have the same.
AuditedRequest RequestOf(const net::HttpHead& head, const AccessQuestion& question, std::string_view method) {
  std::string request(method);
  if (!request.empty()) request += ' ';
  request += head.path.substr(0, kMaxShown);
  return {.right = question.right,
          .peer = head.peer,
          .request = std::move(request),
          .model = std::string(question.model.substr(0, kMaxShown))};
}

const AccessTable::Entry& NobodysEntry() {
  static const AccessTable::Entry entry{
      .key = {.name = {}, .id = {}, .digest = {}, .models = {}, .denied_models = {}, .rights = {}, .expires = {}},
      .use = std::make_shared<AccessUse>()};
  return entry;
}

}  // namespace

// The id is no secret, and whether there is such a key may show in the time it takes. What shows nothing is how much of
// the secret is right.
AccessControl::Decision AccessControl::FindKey(const net::HttpHead& head) const {
  const std::string_view token = BearerToken(head);
  if (token.empty()) {
    return {.refusal = Refuse(Kind::kNoKey, "this needs a key: expected the header 'Authorization: Bearer <key>'")};
  }
  const AccessTable& table = settings_.keys->Current();
  const AccessTable::Entry* const entry = table.Find(IdOfToken(token));
  if (entry == nullptr || token.size() > kMaxToken || !IsSameDigest(Sha256(token), entry->key.digest)) {
    return {.refusal = Refuse(Kind::kBadKey, "the key in the header 'Authorization' is not known, or was revoked")};
  }
  return {.refusal = CheckLife(entry->key), .table = &table, .entry = entry};
}

AccessControl::Decision AccessControl::Decide(const net::HttpHead& head, const AccessQuestion& question) const {
  if (settings_.keys == nullptr) {
    if (!settings_.local_only.Has(question.right) || IsLocal(head)) return {};
    return {.refusal = Refuse(Kind::kForbidden,
                              "'{}' is only for clients on the server's own machine (--local-apis), or with a key "
                              "(--access-keys)",
                              AccessRightName(question.right))};
  }
  if (settings_.open.Has(question.right)) return {};
  Decision decision = FindKey(head);
  if (decision.refusal) return decision;
  const AccessKey& key = decision.entry->key;
  if (!key.Has(question.right)) {
    decision.refusal =
        Refuse(Kind::kForbidden, "the key '{}' lacks the operation '{}'", key.name, AccessRightName(question.right));
  } else {
    decision.refusal = CheckModelOf(key, question.model);
  }
  if (!decision.refusal && question.all_models && !key.SeesAll()) {
    decision.refusal = Refuse(Kind::kForbidden, "the key '{}' may not use all models, which this needs", key.name);
  }
  return decision;
}

AccessControl::Decision AccessControl::DecideHttp(const net::HttpHead& head, const AccessQuestion& question) const {
  if (settings_.guard.is_on()) {
    const std::string reason = settings_.guard.Check(head);
    if (!reason.empty()) return {.refusal = Refuse(Kind::kForbidden, "{}", reason)};
  }
  return Decide(head, question);
}

AccessVerdict AccessControl::Admit(const net::HttpHead& head, const AccessQuestion& question) const {
  AccessVerdict verdict;
  Decision decision = DecideHttp(head, question);
  if (!decision.refusal && decision.entry != nullptr) decision.refusal = Enter(*decision.entry, verdict.ticket);
  if (decision.refusal) {
    if (settings_.audit) TellRefused(RequestOf(head, question, head.method), decision.entry, *decision.refusal);
    verdict.refusal = std::move(decision.refusal);
  } else if (IsAudited(question.right)) {
    Audit(RequestOf(head, question, head.method), decision.entry, verdict.ticket);
  }
  return verdict;
}

AccessRefusalRef AccessControl::AdmitCall(const net::HttpHead& head, AccessRight right, bool is_stream,
                                          AccessCallerRef& caller) const {
  const AccessQuestion question{.right = right};
  AccessTicketRef ticket;
  Decision decision = Decide(head, question);
  if (!decision.refusal && decision.entry != nullptr && !is_stream) decision.refusal = Enter(*decision.entry, ticket);
  if (decision.refusal) {
    if (settings_.audit) TellRefused(RequestOf(head, question, {}), decision.entry, *decision.refusal);
    return std::move(decision.refusal);
  }
  if (decision.entry == nullptr && settings_.audit == nullptr) return nullptr;
  caller = std::make_unique<AccessCaller>();
  caller->control_ = this;
  if (decision.entry != nullptr) caller->Take(*decision.table, *decision.entry);
  if (settings_.audit) caller->request_ = RequestOf(head, question, {});
  if (IsAudited(right) && !is_stream) Audit(caller->request_, decision.entry, ticket);
  caller->ticket_ = std::move(ticket);
  return nullptr;
}

AccessCaller AccessControl::CallerOf(const net::HttpHead& head, AccessRight right) const {
  AccessCaller caller;
  const Decision decision = Decide(head, {.right = right});
  caller.control_ = this;
  if (decision.refusal) {
    caller.entry_ = std::shared_ptr<const AccessTable::Entry>(std::shared_ptr<void>(), &NobodysEntry());
  } else if (decision.entry != nullptr) {
    caller.Take(*decision.table, *decision.entry);
  }
  return caller;
}

Status AccessControl::CheckLoad(std::span<const LoadParameter> parameters) const {
  if (settings_.allow_load_files ||
      std::none_of(parameters.begin(), parameters.end(), [](const LoadParameter& each) { return each.is_bytes; })) {
    return {};
  }
  return InvalidArg("files in a load are not allowed in this server (--allow-load-files=false)");
}

AccessRefusalRef AccessControl::Enter(const AccessTable::Entry& entry, AccessTicketRef& ticket) const {
  const AccessKey& key = entry.key;
  if (key.requests_per_second > 0) {
    const Nanoseconds wait = entry.use->TakeTurn(key, std::chrono::steady_clock::now());
    if (wait.count() > 0) {
      AccessRefusalRef refusal = Refuse(Kind::kTooMany, "the key '{}' may send {} requests a second; try again later",
                                        key.name, key.requests_per_second);
      refusal->retry_after = wait;
      return refusal;
    }
  }
  if (key.concurrent == 0) return nullptr;
  AccessTicketRef made = std::make_shared<AccessTicket>();
  if (!entry.use->places().TryTake(key.concurrent)) {
    return Refuse(Kind::kTooMany, "the key '{}' has as many requests under way as it may, {}; try again later",
                  key.name, key.concurrent);
  }
  made->KeepPlace(entry.use);
  ticket = std::move(made);
  return nullptr;
}

bool AccessControl::IsAudited(AccessRight right) const {
  if (settings_.audit == nullptr) return false;
  return kManagementRights.Has(right) || (right == AccessRight::kInference && settings_.audit->settings().inference);
}

void AccessControl::Audit(AuditedRequest request, const AccessTable::Entry* entry, AccessTicketRef& ticket) const {
  if (!ticket) ticket = std::make_shared<AccessTicket>();
  ticket->TellTo(settings_.audit, std::move(request), entry != nullptr ? entry->key.name : std::string_view());
}

void AccessControl::TellRefused(const AuditedRequest& request, const AccessTable::Entry* entry,
                                const AccessRefusal& refusal) const {
  settings_.audit->AppendRefused({.key = entry != nullptr ? entry->key.name : std::string_view(),
                                  .peer = request.peer.Text(),
                                  .operation = AccessRightName(request.right),
                                  .request = request.request,
                                  .model = request.model,
                                  .result = "refused",
                                  .reason = refusal.text});
}

void AccessCaller::Take(const AccessTable& table, const AccessTable::Entry& entry) {
  entry_ = table.Hold(entry);
  version_ = table.version();
}

AccessRefusalRef AccessCaller::CheckModel(std::string_view model) const {
  if (ticket_) ticket_->NoteModel(model.substr(0, kMaxShown));
  if (entry_ == nullptr) return nullptr;
  AccessRefusalRef refusal = CheckModelOf(entry_->key, model);
  // What is audited anyway has its line when it ends.
  if (refusal && control_->settings_.audit && !control_->IsAudited(request_.right)) {
    AuditedRequest request = request_;
    request.model = model.substr(0, kMaxShown);
    control_->TellRefused(request, entry_.get(), *refusal);
  }
  return refusal;
}

// The key is found anew when the keys have changed: the same one, which may by now do other things.
AccessRefusalRef AccessCaller::Renew() {
  const AccessTable& table = control_->settings_.keys->Current();
  if (table.version() != version_) {
    const AccessTable::Entry* const entry = table.Find(entry_->key.id);
    if (entry == nullptr || entry->key.digest != entry_->key.digest) {
      return Refuse(Kind::kBadKey, "the key '{}' was revoked", entry_->key.name);
    }
    if (!entry->key.Has(AccessRight::kInference)) {
      return Refuse(Kind::kBadKey, "the key '{}' lacks the operation 'inference' by now", entry->key.name);
    }
    Take(table, *entry);
  }
  return CheckLife(entry_->key);
}

AccessRefusalRef AccessCaller::BeginMessage(std::string_view model, AccessTicketRef& ticket) {
  if (control_ == nullptr) return nullptr;
  AccessRefusalRef refusal;
  if (entry_ != nullptr) {
    refusal = Renew();
    if (!refusal) refusal = CheckModelOf(entry_->key, model);
    if (!refusal) refusal = control_->Enter(*entry_, ticket);
  }
  if (refusal ? control_->settings_.audit == nullptr : !control_->IsAudited(request_.right)) return refusal;
  AuditedRequest request = request_;
  request.model = model.substr(0, kMaxShown);
  if (refusal) {
    control_->TellRefused(request, entry_.get(), *refusal);
  } else {
    control_->Audit(std::move(request), entry_.get(), ticket);
  }
  return refusal;
}

}  // namespace neso
