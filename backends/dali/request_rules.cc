#include "request_rules.h"

#include <cstdint>

namespace neso::dali {

using backend::Input;

Result<size_t> CheckRequest(const backend::Request& request, const PipelineDescription& pipeline) {
  if (request.requested_output_count() != pipeline.outputs.size()) {
    return BackendError("Number of outputs expected by the requests (", request.requested_output_count(),
                        ") does not match the number of outputs from DALI pipeline (", pipeline.outputs.size(), ").");
  }
  if (request.input_count() != pipeline.inputs.size()) {
    return BackendError("Each request must provide the same number of inputs.");
  }
  int64_t count = -1;
  for (const TensorDescription& described : pipeline.inputs) {
    NESO_ASSIGN_OR_RETURN(const Input input, request.input(described.name.c_str()));
    if (input.shape.empty()) return BackendError("input '", described.name, "' has no dimension of samples");
    if (count >= 0 && input.shape[0] != count) {
      return BackendError("Each input in a request must have the same batch size.");
    }
    count = input.shape[0];
    if (input.buffer_count > 1) return BackendError("DALI pipeline input has to be a single chunk of memory");
  }
  if (count < 1) return BackendError("expected a request with samples, got one with none");
  return static_cast<size_t>(count);
}

}  // namespace neso::dali
