// Responses in the protobuf wire format, written by hand: output tensors are sent from where the backend wrote them.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "core/response.h"
#include "frontend/grpc/infer_request.h"
#include "net/grpc_call.h"

namespace neso {

// A ModelInferResponse of a successful response to a RunningRequest; the message keeps its buffers. Outputs of `shared`
// have no bytes in it. Errors: the contract's texts.
Expected<net::GrpcMessage> EncodeInferResponse(std::unique_ptr<InferenceResponse> response,
                                               const GrpcInferOptions& options, const SharedTensors& shared);

// The same as the infer_response of a ModelStreamInferResponse, with triton_final_response.
Expected<net::GrpcMessage> EncodeStreamResponse(std::unique_ptr<InferenceResponse> response,
                                                const GrpcInferOptions& options, const SharedTensors& shared,
                                                bool is_final);

// A ModelStreamInferResponse without outputs: an error, or (with an empty text) the end of a decoupled request. What is
// empty or unset is left out.
struct StreamNotice {
  std::string_view error;
  std::string_view id;
  std::string_view model_name;
  std::string_view model_version;
  std::optional<bool> is_final;
};
net::GrpcMessage EncodeStreamNotice(const StreamNotice& notice);

}  // namespace neso
