// Inference requests and answers as messages of gRPC. Source: the service's definition.
#pragma once

#include <string>

#include "client_library/question.h"
#include "neso/client.h"

namespace neso::client_library {

// A ModelInferRequest. Error: kInvalidArgument for one that no message can hold.
Result<std::string> WriteInferMessage(const InferRequest& request);

// Of a ModelInferResponse. Error: kInternal for one that does not hold what it says.
Result<InferAnswer> ReadInferAnswer(const std::string& message);

// Of an answer with any other status than OK, in the server's words.
ClientError ErrorOf(const GrpcAnswer& answer);

}  // namespace neso::client_library
