// Traces of requests that came over HTTP.
#pragma once

#include <memory>

#include "core/request.h"
#include "net/http_exchange.h"
#include "observe/tracer.h"

namespace neso {

// The trace of a request that is about to be submitted, with the times of its receiving; null when it is not traced.
std::shared_ptr<RequestTrace> SampleTrace(Tracer& tracer, const InferenceRequest& request,
                                          const net::HttpExchange& exchange);

}  // namespace neso
