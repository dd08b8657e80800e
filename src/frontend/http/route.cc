#include "frontend/http/route.h"

#include <charconv>

#include "base/percent.h"

namespace neso {
namespace {

// Takes "/<segment>" off the front of `path`; empty when there is none.
std::string_view TakeSegment(std::string_view& path) {
  if (path.empty() || path.front() != '/') return {};
  const size_t end = path.find('/', 1);
  const std::string_view segment = path.substr(1, end == std::string_view::npos ? end : end - 1);
  path.remove_prefix(1 + segment.size());
  return segment;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view Decoded(std::string_view segment, Route& route) {
  if (segment.find('%') == std::string_view::npos) return segment;
  route.decoded = DecodePercents(segment);  // clients quote model names
  return route.decoded;
}

Endpoint ModelEndpoint(std::string_view action) {
  if (action.empty()) return Endpoint::kModelMetadata;
  if (action == "/infer") return Endpoint::kInfer;
  if (action == "/ready") return Endpoint::kModelReady;
  if (action == "/config") return Endpoint::kModelConfig;
  if (action == "/stats") return Endpoint::kModelStatistics;
  if (action == "/generate") return Endpoint::kGenerate;
  if (action == "/generate_stream") return Endpoint::kGenerateStream;
  return Endpoint::kNone;
}

// After "/v2/models".
void ParseModelRoute(std::string_view rest, Route& route) {
  if (rest == "/stats") {
    route.endpoint = Endpoint::kAllStatistics;
    return;
  }
  const std::string_view model = TakeSegment(rest);
  if (model.empty()) return;
  if (rest == "/trace/setting") {
    route.model = Decoded(model, route);
    route.endpoint = Endpoint::kModelTraceSetting;
    return;
  }
  if (std::string_view after = rest; TakeSegment(after) == "versions") {
    route.version = TakeSegment(after);
    if (!IsDigits(route.version)) return;
    rest = after;
  }
  route.model = Decoded(model, route);
  route.endpoint = ModelEndpoint(rest);
}

// After "/v2/repository": [/R]/index, [/R]/models/M/load, [/R]/models/M/unload.
void ParseRepositoryRoute(std::string_view rest, Route& route) {
  std::string_view segment = TakeSegment(rest);
  if (!rest.empty() && segment != "models") {
    route.repository_named = true;
    segment = TakeSegment(rest);
  }
  if (segment == "index" && rest.empty()) {
    route.endpoint = Endpoint::kRepositoryIndex;
    return;
  }
  if (segment != "models") return;
  const std::string_view model = TakeSegment(rest);
  if (model.empty()) return;
  route.model = Decoded(model, route);
  if (rest == "/load") route.endpoint = Endpoint::kRepositoryLoad;
  if (rest == "/unload") route.endpoint = Endpoint::kRepositoryUnload;
}

struct SharedMemoryEndpoints {
  Endpoint status, register_region, unregister_region;
};
constexpr SharedMemoryEndpoints kSystemShm{Endpoint::kSystemShmStatus, Endpoint::kSystemShmRegister,
                                           Endpoint::kSystemShmUnregister};
constexpr SharedMemoryEndpoints kCudaShm{Endpoint::kCudaShmStatus, Endpoint::kCudaShmRegister,
                                         Endpoint::kCudaShmUnregister};

// After "/v2/systemsharedmemory" or "/v2/cudasharedmemory": [/region/N]/status, /register, /unregister.
void ParseSharedMemoryRoute(std::string_view rest, const SharedMemoryEndpoints& endpoints, Route& route) {
  if (std::string_view after = rest; TakeSegment(after) == "region") {
    const std::string_view region = TakeSegment(after);
    if (region.empty()) return;
    route.region = Decoded(region, route);
    rest = after;
  }
  if (rest == "/status") route.endpoint = endpoints.status;
  if (rest == "/register") route.endpoint = endpoints.register_region;
  if (rest == "/unregister") route.endpoint = endpoints.unregister_region;
}

Endpoint HealthEndpoint(std::string_view rest) {
  if (rest == "/live") return Endpoint::kLive;
  if (rest == "/ready") return Endpoint::kReady;
  return Endpoint::kNone;
}

}  // namespace

void ParseRoute(std::string_view path, Route& route) {
  // No path has an empty segment, at its end either.
  if ((path.size() > 1 && path.ends_with('/')) || path.find("//") != std::string_view::npos) return;
  std::string_view rest = path;
  if (TakeSegment(rest) != "v2") {
    if (path == "/openapi.json") route.endpoint = Endpoint::kOpenApi;
    if (path == "/") route.endpoint = Endpoint::kIndexPage;
    if (path == "/docs") route.endpoint = Endpoint::kApiPage;
    return;
  }
  if (rest.empty()) {
    route.endpoint = Endpoint::kServerMetadata;
    return;
  }
  const std::string_view area = TakeSegment(rest);
  if (area == "models") return ParseModelRoute(rest, route);
  if (area == "health") {
    route.endpoint = HealthEndpoint(rest);
  } else if (area == "repository") {
    ParseRepositoryRoute(rest, route);
  } else if (area == "systemsharedmemory") {
    ParseSharedMemoryRoute(rest, kSystemShm, route);
  } else if (area == "cudasharedmemory") {
    ParseSharedMemoryRoute(rest, kCudaShm, route);
  } else if (area == "logging" && rest.empty()) {
    route.endpoint = Endpoint::kLogging;
  } else if (area == "trace" && rest == "/setting") {
    route.endpoint = Endpoint::kTraceSetting;
  }
}

bool IsRead(std::string_view method) { return method == "GET" || method == "HEAD"; }

bool AllowsMethod(Endpoint endpoint, std::string_view method) {
  switch (endpoint) {
    case Endpoint::kModelTraceSetting:
    case Endpoint::kTraceSetting:
    case Endpoint::kLogging: return IsRead(method) || method == "POST";
    case Endpoint::kInfer:
    case Endpoint::kGenerate:
    case Endpoint::kGenerateStream:
    case Endpoint::kRepositoryIndex:
    case Endpoint::kRepositoryLoad:
    case Endpoint::kRepositoryUnload:
    case Endpoint::kSystemShmRegister:
    case Endpoint::kSystemShmUnregister:
    case Endpoint::kCudaShmRegister:
    case Endpoint::kCudaShmUnregister: return method == "POST";
    default: return IsRead(method);
  }
}

ApiCategory CategoryOf(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kLive:
    case Endpoint::kReady:
    case Endpoint::kModelReady: return ApiCategory::kHealth;
    case Endpoint::kNone:
    case Endpoint::kIndexPage:
    case Endpoint::kApiPage:
    case Endpoint::kOpenApi:
    case Endpoint::kServerMetadata:
    case Endpoint::kModelMetadata: return ApiCategory::kMetadata;
    case Endpoint::kModelConfig: return ApiCategory::kModelConfig;
    case Endpoint::kModelStatistics:
    case Endpoint::kAllStatistics: return ApiCategory::kStatistics;
    case Endpoint::kInfer:
    case Endpoint::kGenerate:
    case Endpoint::kGenerateStream: return ApiCategory::kInference;
    case Endpoint::kModelTraceSetting:
    case Endpoint::kTraceSetting: return ApiCategory::kTrace;
    case Endpoint::kLogging: return ApiCategory::kLogging;
    case Endpoint::kRepositoryIndex:
    case Endpoint::kRepositoryLoad:
    case Endpoint::kRepositoryUnload: return ApiCategory::kModelRepository;
    case Endpoint::kSystemShmStatus:
    case Endpoint::kSystemShmRegister:
    case Endpoint::kSystemShmUnregister:
    case Endpoint::kCudaShmStatus:
    case Endpoint::kCudaShmRegister:
    case Endpoint::kCudaShmUnregister: break;
  }
  return ApiCategory::kSharedMemory;
}

Expected<int64_t> ParseVersion(std::string_view version) {
  if (version.empty()) return int64_t{-1};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  if (error != std::errc{}) {
    return InvalidArg(
        "failed to get model version from specified version string '{}' (details: stol), version should be an integral "
        "value > 0",
        version);
  }
  return number;
}

}  // namespace neso
