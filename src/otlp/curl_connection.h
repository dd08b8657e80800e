// Sending to a collector, over libcurl: one connection, which is kept for the requests that follow.
#pragma once

#include "observe/opentelemetry/otlp_post.h"

namespace neso::otlp {

std::unique_ptr<OtlpConnection> MakeCurlConnection(const OtlpEndpoint& endpoint);

}  // namespace neso::otlp
