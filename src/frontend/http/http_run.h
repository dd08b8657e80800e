// An inference over HTTP: the exchange that brought it and gets its answer.
//
//   class Printed final : public HttpRun {
//     void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
//   };
//   RETURN_IF_ERROR(Submit(request));    // in one of its functions
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/status.h"
#include "frontend/access/access_control.h"
#include "frontend/header_forwarder.h"
#include "frontend/http/binary_framing.h"
#include "frontend/http/reply.h"
#include "frontend/running_request.h"
#include "net/http_exchange.h"
#include "observe/tracer.h"

namespace neso {

// What the infer endpoints of the HTTP-based services have, and in what they differ. The defaults are KServe's.
struct InferSettings {
  Tracer& tracer;                                // outlives the calls
  size_t max_input_bytes = 64u << 20;            // of JSON, of raw bodies and of what is inflated
  SharedMemoryManager* shared_memory = nullptr;  // not null; outlives the calls
  BinaryFraming framing{};
  int (*error_status)(const Status& error) = [](const Status& error) { return HttpStatus(error.code()); };
  int unsupported_encoding_status = 501;
  std::shared_ptr<const HeaderForwarder> header_forwarder{};  // null: no header becomes a parameter
  const AccessControl* access = nullptr;                      // null: everybody may do everything; outlives the calls
};

class HttpRun : public RunningRequest {
 public:
  // `settings` outlives the run.
  HttpRun(net::HttpExchangeRef exchange, const InferSettings& settings)
      : RunningRequest(*settings.shared_memory), exchange_(std::move(exchange)), settings_(settings) {}

 protected:
  net::HttpExchange& exchange() const { return *exchange_; }
  const InferSettings& settings() const { return settings_; }
  // As SubmitRequest. A client that goes away cancels.
  Status Submit(std::unique_ptr<InferenceRequest>& request);

 private:
  const net::HttpExchangeRef exchange_;
  const InferSettings& settings_;
};

}  // namespace neso
