// An exchange whose refusals are explained, for clients that ask for it with "?explain=1" or the header "Neso-Explain:
// 1".
//
//   if (AsksForExplanation(exchange->head())) exchange = Explained(std::move(exchange), server, restricted, "http");
#pragma once

#include <string_view>

#include "engine/inference_server.h"
#include "frontend/restricted_apis.h"
#include "net/http_exchange.h"

namespace neso {

bool AsksForExplanation(const net::HttpHead& head);

// Answers get beside "error" a member "explain" (explain.h). `server` and `restricted` outlive the exchange; what is
// restricted is told only to those who may know it. `scheme`: "http" or "https", for requests to copy.
net::HttpExchangeRef Explained(net::HttpExchangeRef exchange, const InferenceServer& server,
                               const RestrictedApis& restricted, std::string_view scheme);

}  // namespace neso
