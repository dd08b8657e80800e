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

// How long somebody still waits; the end of the server makes it less.
using TimeLeft = std::function<std::chrono::milliseconds()>;

// Confined to one thread, but for Hurry.
class OtlpConnection {
 public:
  virtual ~OtlpConnection() = default;
  // Posts an ExportTraceServiceRequest. Error: kUnavailable with the reason, when no answer comes while time is left.
  virtual Expected<OtlpReply> Post(std::string_view body, const TimeLeft& time_left) = 0;
  // Less time is left: a post that is under way asks how much. From any thread.
  virtual void Hurry() = 0;
};

// Opens the implementation, which lies beside the library that this code is in; once opened it stays.
// Errors: kUnavailable with the loader's reason.
Expected<std::unique_ptr<OtlpConnection>> OpenOtlpConnection(const OtlpEndpoint& endpoint);
// What the implementation exports, as "neso_otlp_entry".
using OtlpEntry = std::unique_ptr<OtlpConnection> (*)(const OtlpEndpoint& endpoint);

}  // namespace neso
