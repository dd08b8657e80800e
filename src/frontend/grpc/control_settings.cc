// The RPCs of trace settings.
#include "frontend/grpc/control_service.h"

namespace neso {

Status ControlService::TraceSetting(const inference::TraceSettingRequest&, inference::TraceSettingResponse&) {
  return Unavailable("the server does not support tracing");
}

}  // namespace neso
