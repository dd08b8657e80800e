#include "frontend/http/explained_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/text.h"
#include "frontend/http/binary_framing.h"
#include "frontend/http/body_text.h"
#include "frontend/http/exchange_wrapper.h"
#include "frontend/http/explain.h"

namespace neso {
namespace {

bool IsYes(std::string_view value) { return value == "1" || EqualsIgnoreCaseAscii(value, "true"); }

// The JSON of an inference request; empty where none can be read.
std::string_view JsonOf(const net::HttpExchange& exchange) {
  constexpr BinaryFraming kFraming;
  if (exchange.head().Has("Content-Encoding")) return {};
  const std::string_view body = BodyText(exchange);
  const Expected<std::optional<size_t>> length = kFraming.JsonLength(exchange.head(), body.size());
  if (!length) return {};
  return body.substr(0, length->value_or(body.size()));
}

// As the client calls the server; a name that is none, or could do harm in a shell, is not handed back.
std::string BaseUrl(const net::HttpHead& head, std::string_view scheme) {
  const std::string_view host = head.Find("Host");
  const bool is_plain = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':';
  });
  return fmt::format("{}://{}", scheme, is_plain ? host : "localhost:8000");
}

class ExplainedExchange final : public ExchangeWrapper {
 public:
  ExplainedExchange(net::HttpExchangeRef inner, const InferenceServer& server, ExplanationRules rules,
                    std::string_view scheme)
      : ExchangeWrapper(std::move(inner)), server_(server), rules_(rules), scheme_(scheme) {}

 private:
  void OnAnswer(net::HttpResponse& answer) override {
    if (answer.status < 400 || !answer.parts.empty() || !answer.body.starts_with("{\"error\":")) return;
    // Whoever cannot be told more is told the error.
    Expected<std::string> body = CatchExceptions([&]() -> Expected<std::string> { return WithExplanation(answer); });
    if (body) answer.body.swap(*body);
  }

  std::string WithExplanation(const net::HttpResponse& answer) const {
    Route route;
    ParseRoute(head().path, route);
    const std::string explanation = Explain({.status = answer.status,
                                             .error = answer.body,
                                             .method = head().method,
                                             .path = head().path,
                                             .route = &route,
                                             .json = JsonOf(*this),
                                             .base_url = BaseUrl(head(), scheme_)},
                                            Visible(route));
    return answer.body.substr(0, answer.body.size() - 1) + ",\"explain\":" + explanation + "}";
  }

  // Metadata answers who knows a model's name already; which names there are is the index's to tell.
  ServedModels Visible(const Route& route) const {
    ServedModels models;
    const AccessCaller lister = CallerOf(AccessRight::kIndex);
    const bool lists_names =
        !IsRestricted(rules_.restricted, ApiCategory::kModelRepository, head()) && lister.Has(AccessRight::kIndex);
    const AccessCaller reader = CallerOf(AccessRight::kMetadata);
    if (!IsRestricted(rules_.restricted, ApiCategory::kMetadata, head())) {
      models.ready = server_.ReadyModels();
      std::erase_if(models.ready, [&](const auto& model) {
        return !reader.Sees(model->name()) || (!lists_names && model->name() != route.model);
      });
    }
    if (lists_names) {
      models.states = server_.ModelStates();
      std::erase_if(models.states, [&](const auto& entry) { return !lister.Sees(entry.name); });
    }
    return models;
  }

  AccessCaller CallerOf(AccessRight right) const {
    return rules_.access == nullptr ? AccessCaller() : rules_.access->CallerOf(head(), right);
  }

  const InferenceServer& server_;
  const ExplanationRules rules_;
  const std::string_view scheme_;
};

}  // namespace

bool AsksForExplanation(const net::HttpHead& head) {
  if (!head.query.empty()) {
    for (std::string_view part : Split(head.query, '&')) {
      if (part == "explain" || (part.starts_with("explain=") && IsYes(part.substr(8)))) return true;
    }
  }
  return IsYes(head.Find("Neso-Explain"));
}

net::HttpExchangeRef Explained(net::HttpExchangeRef exchange, const InferenceServer& server, ExplanationRules rules,
                               std::string_view scheme) {
  return std::make_shared<ExplainedExchange>(std::move(exchange), server, rules, scheme);
}

}  // namespace neso
