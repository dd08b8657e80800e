#include "frontend/http/sample_trace.h"

#include "core/model.h"

namespace neso {

std::shared_ptr<RequestTrace> SampleTrace(Tracer& tracer, const InferenceRequest& request,
                                          const net::HttpExchange& exchange) {
  std::shared_ptr<RequestTrace> trace = tracer.Sample(request.model()->name());
  if (trace == nullptr) return nullptr;
  trace->Report("HTTP_RECV_START", exchange.receive_start_ns());
  trace->Report("HTTP_RECV_END", exchange.receive_end_ns());
  return trace;
}

}  // namespace neso
