// An InferenceResponse as the answer to POST .../infer.
#pragma once

#include "base/status.h"
#include "core/response.h"
#include "frontend/http/binary_framing.h"
#include "frontend/http/infer_request.h"
#include "net/http_exchange.h"

namespace neso {

// The answer, which keeps the buffers that its parts point into: the response may go before. `response` is that of a
// RunningRequest. Outputs of `shared` are named without their data. Errors have the contract's texts.
Expected<net::HttpResponse> EncodeInferResponse(const InferenceResponse& response, const RequestedOutputs& requested,
                                                const SharedTensors& shared, const BinaryFraming& framing);

}  // namespace neso
