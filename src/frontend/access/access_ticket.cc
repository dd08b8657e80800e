#include "frontend/access/access_ticket.h"

#include <array>
#include <exception>

#include "base/exception_status.h"

namespace neso {
namespace {

// In the order of their numbers.
constexpr std::array<std::string_view, 17> kGrpcCodes = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

std::string ResultText(int result) {
  if (result == kNoResult) return "gone";
  const auto code = static_cast<size_t>(result);
  return code < kGrpcCodes.size() ? std::string(kGrpcCodes[code]) : std::to_string(result);
}

AccessTicket::~AccessTicket() {
  LeavePlace();
  if (!audit_) return;
  try {
    audit_->Append({.key = key_,
                    .peer = request_.peer.Text(),
                    .operation = AccessRightName(request_.right),
                    .request = request_.request,
                    .model = request_.model,
                    .result = ResultText(result_.load(std::memory_order_relaxed)),
                    .reason = {}});
  } catch (...) {
    LogException("the audit log");
  }
}

void AccessTicket::LeavePlace() {
  if (place_ && has_place_.exchange(false, std::memory_order_relaxed)) place_->places().Leave();
}

void AccessTicket::TellTo(std::shared_ptr<AuditLog> audit, AuditedRequest request, std::string_view key) {
  audit_ = std::move(audit);
  request_ = std::move(request);
  key_ = key;
}

}  // namespace neso
