#include "base/own_library.h"
#include "observe/opentelemetry/otlp_post.h"

namespace neso {

Expected<std::unique_ptr<OtlpConnection>> OpenOtlpConnection(const OtlpEndpoint& endpoint) {
  ASSIGN_OR_RETURN(const OtlpEntry* const entry,
                   OpenOwnLibrary<OtlpEntry>("libneso_otlp.so", "neso_otlp_entry",
                                             "export to OpenTelemetry cannot be had (libcurl 4 has to be installed)"));
  return (*entry)(endpoint);
}

}  // namespace neso
