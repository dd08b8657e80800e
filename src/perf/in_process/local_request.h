// Requests and responses of the C interface, from and to tensors.
#pragma once

#include <memory>
#include <vector>

#include "perf/in_process/local_server.h"
#include "perf/options.h"
#include "perf/request_plan.h"
#include "perf/tensor.h"

namespace neso::perf {

struct RequestDeleter {
  ServerLibrary library;
  void operator()(TRITONSERVER_InferenceRequest* request) const {
    library.Discard(library->InferenceRequestDelete(request));
  }
};
using LocalRequest = std::unique_ptr<TRITONSERVER_InferenceRequest, RequestDeleter>;

// `tensors` outlive it, for it has views of them. Errors: the server's own text; kInvalidArg for a version that is none.
Expected<LocalRequest> MakeLocalRequest(const LocalServer& server, const Options& options, const TensorSet& tensors,
                                        const Turn& turn);

// Errors: kUnavailable with what failed, in the server's words.
Status ErrorOf(const ServerLibrary& library, TRITONSERVER_InferenceResponse* response);
Expected<std::vector<Tensor>> ReadOutputs(const ServerLibrary& library, TRITONSERVER_InferenceResponse* response);

}  // namespace neso::perf
