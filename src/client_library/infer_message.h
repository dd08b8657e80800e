// Inference requests and answers as HTTP bodies: JSON, then the tensors. Source: KServe v2 with binary tensors.
#pragma once

#include <string>

#include "client/http_client.h"
#include "neso/client.h"

namespace neso::client_library {

client::HttpCall WriteInferCall(const InferRequest& request);

// Of an answer with status 200. Error: kInternal for one that does not hold what it says.
Result<InferAnswer> ReadInferAnswer(const client::HttpAnswer& answer);

// Of an answer with any other status, in the server's words.
ClientError ErrorOf(const client::HttpAnswer& answer);

}  // namespace neso::client_library
