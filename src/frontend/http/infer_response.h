// An InferenceResponse as the answer to POST .../infer.
#pragma once

#include <deque>
#include <string>

#include "base/status.h"
#include "core/response.h"
#include "frontend/http/binary_framing.h"
#include "frontend/http/infer_request.h"
#include "net/http_exchange.h"

namespace neso {

// Fills body, parts and headers of `answer`. Parts point into the response's output buffers and into `texts` (computed
// outputs), which the caller keeps until the answer is sent. Outputs of `shared` are named without their data.
// Errors have the contract's texts.
Status EncodeInferResponse(const InferenceResponse& response, const RequestedOutputs& requested,
                           const SharedTensors& shared, const BinaryFraming& framing, net::HttpResponse& answer,
                           std::deque<std::string>& texts);

}  // namespace neso
