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
  // `granted` is empty for a page that may not read the answer; it is sent all the same, as the standard has it.
  CrossOriginExchange(net::HttpExchangeRef inner, std::string_view granted, bool depends_on_origin)
      : ExchangeWrapper(std::move(inner)), granted_(granted), depends_on_origin_(depends_on_origin) {}

 private:
  void OnAnswer(net::HttpResponse& answer) override {
    if (!granted_.empty()) {
      answer.headers.emplace_back("Access-Control-Allow-Origin", granted_);
      answer.headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
    }
    if (depends_on_origin_) answer.headers.emplace_back("Vary", "Origin");  // for caches
  }

  const std::string granted_;
  const bool depends_on_origin_;
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
  const net::HttpHead& head = exchange->head();
  const std::string_view origin = head.Find("Origin");
  if (!origin.empty() && head.method == "OPTIONS" && head.Has("Access-Control-Request-Method")) {
    AnswerPreflight(origin, *exchange);
    return nullptr;
  }
  if (origin.empty() && allows_all_) return exchange;
  const bool readable = !origin.empty() && Allows(origin);
  return std::make_shared<CrossOriginExchange>(std::move(exchange), readable ? Granted(origin) : "", !allows_all_);
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
