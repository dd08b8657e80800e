// Inference requests as messages.
#pragma once

#include <vector>

#include "common.h"
#include "grpc_service.pb.h"

namespace triton {
namespace client {

// `request` is empty before. Errors: a parameter that is no integer; a message beyond 2 GiB.
Error FillInferRequest(inference::ModelInferRequest* request, const InferOptions& options,
                       const std::vector<InferInput*>& inputs, const std::vector<const InferRequestedOutput*>& outputs);

}  // namespace client
}  // namespace triton
