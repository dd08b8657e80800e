// Access control over HTTP: what is asked of a request's head, and how a refusal looks.
//
//   net::BodyPolicy policy = ...;
//   AdmitHttp(access, head, {.right = RightOf(route.endpoint), .model = route.model}, policy);
//   ...
//   exchange = WithTicket(std::move(exchange));     // in OnRequest
#pragma once

#include "frontend/access/access_control.h"
#include "frontend/http/route.h"
#include "net/http_exchange.h"

namespace neso {

// What it takes to use an endpoint. Not for kNone.
AccessRight RightOf(Endpoint endpoint);

// Sets the refusal or the ticket of `policy`, if there is one.
void AdmitHttp(const AccessControl& access, const net::HttpHead& head, const AccessQuestion& question,
               net::BodyPolicy& policy);

// 401 or 403 as RFC 6750 says, section 3; 429 with Retry-After.
net::HttpResponse ToHttpResponse(const AccessRefusal& refusal);

// The exchange to go on with: one that tells its ticket, if it has one, how it was answered.
net::HttpExchangeRef WithTicket(net::HttpExchangeRef exchange);

}  // namespace neso
