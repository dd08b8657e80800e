// Cross-origin resource sharing: which web pages may use the HTTP service from a browser.
//
//   CorsPolicy policy;
//   RETURN_IF_ERROR(policy.Allow("https://app.example.com,http://localhost:3000"));
//   exchange = policy.Admit(std::move(exchange));
//   if (exchange == nullptr) return;   // it was a browser's question before the request, and is answered
//
// Source: the Fetch standard, "CORS protocol". No credentials: the service knows no cookies.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http_exchange.h"

namespace neso {

// Constant once a front end uses it.
class CorsPolicy {
 public:
  // Adds origins: "*" for all, or a list "scheme://host[:port],...". Error: kInvalidArg, for one that no browser sends.
  Status Allow(std::string_view origins);
  bool empty() const { return !allows_all_ && origins_.empty(); }

  // The exchange to go on with, whose answers tell the browser that the page may read them. Null: it was a preflight.
  net::HttpExchangeRef Admit(net::HttpExchangeRef exchange) const;

  // A browser's question before the request: it carries no key.
  bool IsPreflight(const net::HttpHead& head) const;
  // For an answer that is given without Admit.
  void Mark(const net::HttpHead& head, net::HttpResponse& answer) const;

  // For tables: the origins, separated by commas.
  std::string ToString() const;

  bool Allows(std::string_view origin) const;

 private:
  // What Access-Control-Allow-Origin says to a page of this origin.
  std::string_view Granted(std::string_view origin) const { return allows_all_ ? "*" : origin; }
  void AnswerPreflight(std::string_view origin, net::HttpExchange& exchange) const;

  bool allows_all_ = false;
  std::set<std::string, std::less<>> origins_;
};

}  // namespace neso
