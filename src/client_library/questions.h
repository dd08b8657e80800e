// What a client can ask, and what the answers say, over both protocols.
#pragma once

#include <string>

#include "client_library/question.h"
#include "neso/client.h"

namespace neso::client_library {

// The protocols that a client's endpoints speak. A request is written for these only, since tensors are copied.
struct Spoken {
  bool http = false;
  bool grpc = false;
};

// Error: kInvalidArgument, what is wrong with the request.
Result<Question> AskInfer(const InferRequest& request, Spoken spoken);
Question AskReady();
Question AskModelReady(const std::string& model);
Question AskModelMetadata(const std::string& model);

// Errors: the server's own, and kInternal for answers that cannot be read.
Result<InferAnswer> ReadInfer(const Answer& answer);
Result<bool> ReadReady(const Answer& answer);
Result<std::string> ReadMetadata(const Answer& answer);

}  // namespace neso::client_library
