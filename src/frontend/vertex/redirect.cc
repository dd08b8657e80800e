#include "frontend/vertex/redirect.h"

namespace neso {

std::string RedirectPath(std::string_view value) { return "/" + std::string(value); }

RedirectTarget ParseRedirect(std::string_view path, Route& route) {
  if (path == "/metrics") return RedirectTarget::kMetrics;
  ParseRoute(path, route);
  switch (route.endpoint) {
    case Endpoint::kServerMetadata:
    case Endpoint::kLive:
    case Endpoint::kReady:
    case Endpoint::kModelMetadata:
    case Endpoint::kModelReady:
    case Endpoint::kModelConfig:
    case Endpoint::kModelStatistics:
    case Endpoint::kAllStatistics:
    case Endpoint::kInfer:
    case Endpoint::kRepositoryIndex:
    case Endpoint::kSystemShmStatus:
    case Endpoint::kCudaShmStatus: return RedirectTarget::kEndpoint;
    case Endpoint::kRepositoryLoad:
    case Endpoint::kRepositoryUnload:
    case Endpoint::kSystemShmRegister:
    case Endpoint::kSystemShmUnregister:
    case Endpoint::kCudaShmRegister:
    case Endpoint::kCudaShmUnregister: return RedirectTarget::kForbidden;
    case Endpoint::kNone:
    case Endpoint::kIndexPage:
    case Endpoint::kApiPage:
    case Endpoint::kOpenApi:
    case Endpoint::kGenerate:
    case Endpoint::kGenerateStream:
    case Endpoint::kModelTraceSetting:
    case Endpoint::kTraceSetting:
    case Endpoint::kLogging: break;
  }
  return RedirectTarget::kUnknown;
}

}  // namespace neso
