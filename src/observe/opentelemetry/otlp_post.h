// Sending to a collector, as this room sees it.
//
// The implementation (src/otlp, on libcurl) is a library of its own, which is opened when traces go to a collector: a
// server without them pays nothing for it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "observe/opentelemetry/otlp_settings.h"

namespace neso {

struct OtlpReply {
  int status = 0;  // HTTP's
  std::string body{};
  std::optional<std::chrono::seconds> retry_after{};
};

// Confined to one thread.
class OtlpConnection {
 public:
  virtual ~OtlpConnection() = default;
  // Posts an ExportTraceServiceRequest. Error: kUnavailable with the reason, when no answer comes in time.
  virtual Expected<OtlpReply> Post(std::string_view body, std::chrono::milliseconds timeout) = 0;
};

// Opens the implementation, which lies beside the library that this code is in; once opened it stays.
// Errors: kUnavailable with the loader's reason.
Expected<std::unique_ptr<OtlpConnection>> OpenOtlpConnection(const OtlpEndpoint& endpoint);
// What the implementation exports, as "neso_otlp_entry".
using OtlpEntry = std::unique_ptr<OtlpConnection> (*)(const OtlpEndpoint& endpoint);

}  // namespace neso
