// One POST .../generate or .../generate_stream from its complete body to its last event.
#pragma once

#include <cstdint>
#include <memory>

#include "core/model.h"
#include "frontend/http/http_run.h"
#include "net/http_exchange.h"

namespace neso {

enum class GenerateKind : uint8_t {
  kSingle,  // exactly one response, as one JSON object
  kStream,  // any number, each an event ("data: <JSON>\n\n")
};

// Answers in time, whatever happens; a client that goes away, or leaves too much of a stream unread, cancels its
// request. `settings` outlives the call. What goes wrong before the request is submitted has the status of its error;
// afterwards the status is 200, or 400 when the first response is an error.
void StartGenerate(GenerateKind kind, const ModelHandle& model, int64_t requested_version,
                   const net::HttpExchangeRef& exchange, const InferSettings& settings);

}  // namespace neso
