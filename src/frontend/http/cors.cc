#include "frontend/http/cors.h"

#include <memory>
#include <utility>

#include "base/text.h"
#include "frontend/http/exchange_wrapper.h"
#include "frontend/http/reply.h"

namespace neso {
namespace {

// What pages may read beside the headers that every page may: where binary tensors begin, and load reports.
constexpr const char* kExposedHeaders = "Inference-Header-Content-Length, endpoint-load-metrics";

class CrossOriginExchange final : public ExchangeWrapper {
 public:
  // `policy` outlives the exchange.
  CrossOriginExchange(net::HttpExchangeRef inner, const CorsPolicy& policy)
      : ExchangeWrapper(std::move(inner)), policy_(policy) {}

 private:
  void OnAnswer(net::HttpResponse& answer) override { policy_.Mark(head(), answer); }

  const CorsPolicy& policy_;
};

// As browsers send it: a scheme, a host, perhaps a port, and nothing behind; or "null", which pages from files have.
bool IsOrigin(std::string_view text) {
  if (text == "null") return true;
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(colon + 3);
  return !host.empty() && host.find_first_of("/?#* \t") == std::string_view::npos;
}

}  // namespace

Status CorsPolicy::Allow(std::string_view origins) {
  for (std::string_view piece : Split(origins, ',')) {
    const std::string_view origin = TrimBlanks(piece);
    if (origin == "*") {
      allows_all_ = true;
    } else if (IsOrigin(origin)) {
      origins_.insert(ToLowerAscii(origin));
    } else {
      return InvalidArg("expected * or origins such as https://app.example.com or http://localhost:3000. Got {}",
                        origin);
    }
  }
  return {};
}

std::string CorsPolicy::ToString() const { return allows_all_ ? "*" : Join(origins_, ","); }

bool CorsPolicy::Allows(std::string_view origin) const {
  return allows_all_ || origins_.contains(ToLowerAscii(origin));
}

net::HttpExchangeRef CorsPolicy::Admit(net::HttpExchangeRef exchange) const {
  const std::string_view origin = exchange->head().Find("Origin");
  if (IsPreflight(exchange->head())) {
    AnswerPreflight(origin, *exchange);
    return nullptr;
  }
  if (origin.empty() && allows_all_) return exchange;
  return std::make_shared<CrossOriginExchange>(std::move(exchange), *this);
}

bool CorsPolicy::IsPreflight(const net::HttpHead& head) const {
  return !empty() && head.method == "OPTIONS" && !head.Find("Origin").empty() &&
         head.Has("Access-Control-Request-Method");
}

// A page that may not read the answer is sent it all the same, as the standard has it.
void CorsPolicy::Mark(const net::HttpHead& head, net::HttpResponse& answer) const {
  if (empty()) return;
  const std::string_view origin = head.Find("Origin");
  if (!origin.empty() && Allows(origin)) {
    answer.headers.emplace_back("Access-Control-Allow-Origin", Granted(origin));
    answer.headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
  }
  if (!allows_all_) answer.headers.emplace_back("Vary", "Origin");  // for caches
}

// A browser asks before it sends what a plain form could not. It carries no secrets, so restricted APIs do not see it;
// they see the request that follows.
void CorsPolicy::AnswerPreflight(std::string_view origin, net::HttpExchange& exchange) const {
  if (!Allows(origin)) {
    return ReplyError(exchange, 403,
                      fmt::format("origin '{}' is not among those of --http-cors-allow-origin", origin.substr(0, 256)));
  }
  net::HttpResponse answer;
  answer.status = 204;
  answer.headers.emplace_back("Access-Control-Allow-Origin", Granted(origin));
  answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST");
  const std::string_view wanted = exchange.head().Find("Access-Control-Request-Headers");
  if (!wanted.empty()) answer.headers.emplace_back("Access-Control-Allow-Headers", wanted);
  answer.headers.emplace_back("Access-Control-Max-Age", "600");
  answer.headers.emplace_back("Vary", "Origin, Access-Control-Request-Headers");
  exchange.Respond(std::move(answer));
}

}  // namespace neso
