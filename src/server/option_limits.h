// The values of --http-limit and --grpc-limit: "<limit>=<number>".
#pragma once

#include <string>

#include "base/status.h"
#include "net/service_limits.h"

namespace neso {

// Errors: kInvalidArg that names the limits there are, or the numbers that this one takes.
Status SetHttpLimit(net::ServiceLimits& limits, const std::string& argument);
// Those, and the one that messages have.
Status SetGrpcLimit(net::ServiceLimits& limits, const std::string& argument);

}  // namespace neso
