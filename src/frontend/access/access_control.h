// Who may do what: decides about a request by its head, and about the models that its messages name.
//
//   AccessVerdict verdict = access.Admit(head, {.right = AccessRight::kInference, .model = "digits"});
//   if (verdict.refusal) ...                        // 401, 403 or 429, with a text for its sender
//   policy.ticket = std::move(verdict.ticket);      // null mostly
//
// docs/access-control.md says what is asked of whom.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "engine/inference_server.h"
#include "frontend/access/access_keys.h"
#include "frontend/access/access_right.h"
#include "frontend/access/access_ticket.h"
#include "frontend/access/audit_log.h"
#include "frontend/access/request_guard.h"
#include "net/http_exchange.h"

namespace neso {

struct AccessRefusal {
  enum class Kind : uint8_t {
    kNoKey,      // one is needed: who is it?
    kBadKey,     // it is none, or is not valid any more
    kForbidden,  // known, but not allowed
    kTooMany,    // requests in a time, or at once
  };
  Kind kind = Kind::kForbidden;
  std::string text;
  Nanoseconds retry_after{};  // of kTooMany, when it is known
};
using AccessRefusalRef = std::unique_ptr<AccessRefusal>;  // null: go on

// What a request wants.
struct AccessQuestion {
  AccessRight right = AccessRight::kMetadata;
  std::string_view model = {};  // empty: none, or not known yet
  bool all_models = false;      // it is about whichever there are
};

class AccessControl;

// Who sent a gRPC call, or asks for a list: for what is decided after the head. As made: everybody may do all.
class AccessCaller {
 public:
  AccessCaller() = default;

  // Whether the call may be about this model, which its ticket learns.
  AccessRefusalRef CheckModel(std::string_view model) const;
  // For lists: whether it may know of the model.
  bool Sees(std::string_view model) const { return entry_ == nullptr || entry_->key.Sees(model); }
  bool SeesAll() const { return entry_ == nullptr || entry_->key.SeesAll(); }
  bool Has(AccessRight right) const { return entry_ == nullptr || entry_->key.Has(right); }
  // The next message of a stream, for this model, with the ticket of its own. The key may have changed or gone since
  // the stream began: kBadKey then ends it.
  AccessRefusalRef BeginMessage(std::string_view model, AccessTicketRef& ticket);

  const AccessTicketRef& ticket() const { return ticket_; }  // null mostly

 private:
  friend class AccessControl;
  void Take(const AccessTable& table, const AccessTable::Entry& entry);
  AccessRefusalRef Renew();

  const AccessControl* control_ = nullptr;           // null: there is none
  std::shared_ptr<const AccessTable::Entry> entry_;  // null: no key was needed
  uint64_t version_ = 0;                             // of the keys, when it was found
  AccessTicketRef ticket_;
  AuditedRequest request_;
};

using AccessCallerRef = std::unique_ptr<AccessCaller>;  // null: everybody may do all

struct AccessVerdict {
  AccessRefusalRef refusal;
  AccessTicketRef ticket;
};

struct AccessSettings {
  std::unique_ptr<AccessKeys> keys;  // null: there are none
  AccessRights open;                 // what needs no key
  AccessRights local_only;           // without keys: what only clients on this machine may do
  std::shared_ptr<AuditLog> audit;   // null: there is none
  RequestGuard guard;                // of what comes over HTTP
  bool allow_load_files = true;      // may be sent with the request to load a model
};

// Thread-safe.
class AccessControl {
 public:
  explicit AccessControl(AccessSettings settings) : settings_(std::move(settings)) {}

  // A request over HTTP, at its head: all there is to decide.
  AccessVerdict Admit(const net::HttpHead& head, const AccessQuestion& question) const;
  // A call over gRPC, when it begins. The models of its messages are the caller's to check, if there is one then; a
  // stream is not counted, but its messages are.
  AccessRefusalRef AdmitCall(const net::HttpHead& head, AccessRight right, bool is_stream,
                             AccessCallerRef& caller) const;
  // Who asks, for what an answer may tell beside what was asked for: a caller that sees nothing, if it may not ask for
  // `right`. Counts nothing.
  AccessCaller CallerOf(const net::HttpHead& head, AccessRight right) const;
  // Error: kInvalidArg for files where none are allowed: what is uploaded runs as the server.
  Status CheckLoad(std::span<const LoadParameter> parameters) const;

 private:
  friend class AccessCaller;
  struct Decision {
    AccessRefusalRef refusal;
    const AccessTable* table = nullptr;         // whose entry it is; good until this thread looks at the keys again
    const AccessTable::Entry* entry = nullptr;  // null: no key was needed, or it is not known
  };
  // Of what comes over HTTP.
  Decision DecideHttp(const net::HttpHead& head, const AccessQuestion& question) const;
  Decision Decide(const net::HttpHead& head, const AccessQuestion& question) const;
  Decision FindKey(const net::HttpHead& head) const;
  // Counts a request, and lets it take its place among those under way. `ticket` stays null when it would do nothing.
  AccessRefusalRef Enter(const AccessTable::Entry& entry, AccessTicketRef& ticket) const;
  bool IsAudited(AccessRight right) const;
  void Audit(AuditedRequest request, const AccessTable::Entry* entry, AccessTicketRef& ticket) const;
  void TellRefused(const AuditedRequest& request, const AccessTable::Entry* entry, const AccessRefusal& refusal) const;

  const AccessSettings settings_;
};

}  // namespace neso
