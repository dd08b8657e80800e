// Whether the inputs of a request can be what they say, before anything is sent.
#pragma once

#include <optional>

#include "neso/client.h"

namespace neso::client_library {

// kInvalidArgument for a tensor whose bytes do not fit its shape. The server knows the rest.
std::optional<ClientError> CheckInputs(const InferRequest& request);

}  // namespace neso::client_library
