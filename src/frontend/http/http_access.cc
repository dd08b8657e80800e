#include "frontend/http/http_access.h"

#include <chrono>
#include <memory>
#include <utility>

#include "frontend/http/exchange_wrapper.h"
#include "frontend/http/reply.h"

namespace neso {
namespace {

class TicketedExchange final : public ExchangeWrapper {
 public:
  using ExchangeWrapper::ExchangeWrapper;

 private:
  AccessTicket& access_ticket() const { return *static_cast<AccessTicket*>(ticket().get()); }
  void OnAnswer(net::HttpResponse& answer) override { access_ticket().NoteResult(answer.status); }
  void OnEnd() override { access_ticket().LeavePlace(); }
};

}  // namespace

AccessRight RightOf(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kRepositoryIndex: return AccessRight::kIndex;
    // It tells whether there is such a model.
    case Endpoint::kModelReady: return AccessRight::kMetadata;
    default: break;
  }
  return RightOf(CategoryOf(endpoint));
}

void AdmitHttp(const AccessControl& access, const net::HttpHead& head, const AccessQuestion& question,
               net::BodyPolicy& policy) {
  AccessVerdict verdict = access.Admit(head, question);
  if (verdict.refusal) policy.refusal = std::make_shared<net::HttpResponse>(ToHttpResponse(*verdict.refusal));
  policy.ticket = std::move(verdict.ticket);
}

net::HttpResponse ToHttpResponse(const AccessRefusal& refusal) {
  const auto refuse = [&](int status) { return ErrorResponse(status, refusal.text, kJsonType); };
  switch (refusal.kind) {
    case AccessRefusal::Kind::kNoKey: {
      net::HttpResponse response = refuse(401);
      response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="neso")");
      return response;
    }
    case AccessRefusal::Kind::kBadKey: {
      net::HttpResponse response = refuse(401);
      response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="neso", error="invalid_token")");
      return response;
    }
    case AccessRefusal::Kind::kForbidden: break;
    case AccessRefusal::Kind::kTooMany: {
      net::HttpResponse response = refuse(429);
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(refusal.retry_after).count();
      response.headers.emplace_back("Retry-After", std::to_string(std::max<int64_t>(1, seconds)));
      return response;
    }
  }
  return refuse(403);
}

net::HttpExchangeRef WithTicket(net::HttpExchangeRef exchange) {
  if (exchange->ticket() == nullptr) [[likely]]
    return exchange;
  return std::make_shared<TicketedExchange>(std::move(exchange));
}

}  // namespace neso
