// An exchange whose refusals are explained, for clients that ask for it with "?explain=1" or the header "Neso-Explain:
// 1".
//
//   if (AsksForExplanation(exchange->head())) exchange = Explained(std::move(exchange), server, {.restricted = restricted}, "http");
#pragma once

#include <string_view>

#include "engine/inference_server.h"
#include "frontend/access/access_control.h"
#include "frontend/restricted_apis.h"
#include "net/http_exchange.h"

namespace neso {

bool AsksForExplanation(const net::HttpHead& head);

// What says who may know what. All of it outlives the exchange.
struct ExplanationRules {
  const RestrictedApis& restricted;
  const AccessControl* access = nullptr;  // null: there is none
};

// Answers get beside "error" a member "explain" (explain.h), with what the client may know. `server` outlives the
// exchange. `scheme`: "http" or "https", for requests to copy.
net::HttpExchangeRef Explained(net::HttpExchangeRef exchange, const InferenceServer& server, ExplanationRules rules,
                               std::string_view scheme);

}  // namespace neso
