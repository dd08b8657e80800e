// Access control over gRPC: how a refusal looks, and what messages say about models.
#pragma once

#include <algorithm>
#include <string_view>

#include "frontend/access/access_control.h"
#include "net/grpc_call.h"

namespace neso {

// UNAUTHENTICATED, PERMISSION_DENIED or RESOURCE_EXHAUSTED, the last with how long to wait.
net::GrpcStatus ToGrpcStatus(const AccessRefusal& refusal);

// The call to go on with: one that tells `ticket` how it ended. `ticket` may be null.
net::GrpcCallRef WithTicket(net::GrpcCallRef call, const AccessTicketRef& ticket);

// The model that a request names; empty: none.
template <typename Request>
std::string_view ModelNameIn(const Request& request) {
  if constexpr (requires { request.model_name(); }) {
    return request.model_name();
  } else if constexpr (requires { request.name(), request.version(); }) {
    return request.name();  // without a version it is the name of a region
  } else {
    return {};
  }
}

// Takes the models out of a list that `caller` may not know of.
template <typename Response>
void HideModels(const AccessCaller& caller, Response& response) {
  const auto hide = [&caller](auto& models) {
    const auto hidden = [&caller](const auto& model) { return !caller.Sees(model.name()); };
    models.erase(std::remove_if(models.begin(), models.end(), hidden), models.end());
  };
  if constexpr (requires { response.mutable_models(); }) {
    if (!caller.SeesAll()) hide(*response.mutable_models());
  } else if constexpr (requires { response.mutable_model_stats(); }) {
    if (!caller.SeesAll()) hide(*response.mutable_model_stats());
  }
}

}  // namespace neso
