#include "frontend/grpc/grpc_access.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace neso {
namespace {

class TicketedCall final : public net::GrpcCall {
 public:
  TicketedCall(net::GrpcCallRef inner, AccessTicketRef ticket) : inner_(std::move(inner)), ticket_(std::move(ticket)) {}

  const net::HttpHead& head() const override { return inner_->head(); }
  void SendMetadata(net::GrpcMetadata metadata) override { inner_->SendMetadata(std::move(metadata)); }
  bool Send(net::GrpcMessage message) override { return inner_->Send(std::move(message)); }
  void Finish(net::GrpcStatus status) override {
    End(status.code);
    inner_->Finish(std::move(status));
  }
  void SendAndFinish(net::GrpcMessage message) override {
    End(net::GrpcCode::kOk);
    inner_->SendAndFinish(std::move(message));
  }

 private:
  void End(net::GrpcCode code) {
    ticket_->NoteResult(static_cast<int>(code));
    ticket_->LeavePlace();
  }

  const net::GrpcCallRef inner_;
  const AccessTicketRef ticket_;
};

}  // namespace

net::GrpcStatus ToGrpcStatus(const AccessRefusal& refusal) {
  switch (refusal.kind) {
    case AccessRefusal::Kind::kNoKey:
    case AccessRefusal::Kind::kBadKey: return {net::GrpcCode::kUnauthenticated, refusal.text};
    case AccessRefusal::Kind::kForbidden: break;
    case AccessRefusal::Kind::kTooMany: {
      net::GrpcStatus status{net::GrpcCode::kResourceExhausted, refusal.text};
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(refusal.retry_after).count();
      // By which clients that try again by themselves know when.
      if (wait > 0) status.metadata.emplace_back("grpc-retry-pushback-ms", std::to_string(wait));
      return status;
    }
  }
  return {net::GrpcCode::kPermissionDenied, refusal.text};
}

net::GrpcCallRef WithTicket(net::GrpcCallRef call, const AccessTicketRef& ticket) {
  if (ticket == nullptr) [[likely]]
    return call;
  return std::make_shared<TicketedCall>(std::move(call), ticket);
}

}  // namespace neso
