// Goes with an admitted request that takes a place among those of its key, or that the audit log wants to hear of.
//
//   ticket->NoteResult(200);
//   ticket->LeavePlace();
//   ... the answer leaves ...
//   ticket.reset();            // the line is written
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "frontend/access/access_key.h"
#include "frontend/access/access_right.h"
#include "frontend/access/audit_log.h"
#include "net/peer_address.h"

namespace neso {

// What the audit log says of a request.
struct AuditedRequest {
  AccessRight right = AccessRight::kMetadata;
  net::PeerAddress peer;
  std::string request;  // "POST /v2/repository/models/m/load", or the path of a gRPC call
  std::string model;
};

// As the audit log writes it: a status of HTTP, or a code of gRPC by its name. "gone" for a client that did not wait.
std::string ResultText(int result);
inline constexpr int kNoResult = -1;

// Thread-safe, but for NoteModel, which comes before the request is answered.
class AccessTicket {
 public:
  AccessTicket() = default;
  AccessTicket(const AccessTicket&) = delete;
  AccessTicket& operator=(const AccessTicket&) = delete;
  ~AccessTicket();

  // Of a request that has one, before anybody else knows of the ticket.
  void KeepPlace(std::shared_ptr<AccessUse> use) {
    place_ = std::move(use);
    has_place_.store(true, std::memory_order_relaxed);
  }
  // Before the end of the answer leaves: who has got it may ask again. The last reference leaves it otherwise.
  void LeavePlace();
  // `key`: its name, or empty.
  void TellTo(std::shared_ptr<AuditLog> audit, AuditedRequest request, std::string_view key);
  void NoteModel(std::string_view model) { request_.model = model; }
  // A status of HTTP, or a code of gRPC. The first one counts: what comes later is not sent.
  void NoteResult(int result) {
    int none = kNoResult;
    result_.compare_exchange_strong(none, result, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<AccessUse> place_;  // null: it takes none
  std::atomic<bool> has_place_{false};
  std::shared_ptr<AuditLog> audit_;  // null: nobody wants to hear of it
  AuditedRequest request_;
  std::string key_;
  std::atomic<int> result_{kNoResult};
};
using AccessTicketRef = std::shared_ptr<AccessTicket>;

}  // namespace neso
