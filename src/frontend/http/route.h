// Which endpoint a path names. Pure; the table is the contract's, paths match exactly.
//
//   const Route route = ParseRoute("/v2/models/digits/versions/3/infer");   // kInfer, "digits", "3"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "frontend/api_category.h"

namespace neso {

enum class Endpoint : uint8_t {
  kNone,       // 404
  kIndexPage,  // for browsers
  kApiPage,
  kOpenApi,
  kServerMetadata,
  kLive,
  kReady,
  kModelMetadata,
  kModelReady,
  kModelConfig,
  kModelStatistics,
  kAllStatistics,
  kInfer,
  kGenerate,
  kGenerateStream,
  kModelTraceSetting,
  kTraceSetting,
  kLogging,
  kRepositoryIndex,
  kRepositoryLoad,
  kRepositoryUnload,
  kSystemShmStatus,
  kSystemShmRegister,
  kSystemShmUnregister,
  kCudaShmStatus,
  kCudaShmRegister,
  kCudaShmUnregister,
  kLast = kCudaShmUnregister,
};

struct Route {
  Endpoint endpoint = Endpoint::kNone;
  std::string_view model;         // percent-decoded, in `decoded` if that was needed
  std::string_view version;       // digits, or empty
  std::string_view region;        // of shared memory, percent-decoded; empty when the path names none
  bool repository_named = false;  // /v2/repository/R/...
  std::string decoded;

  Route() = default;
  Route(const Route&) = delete;  // `model` or `region` may point into `decoded`
  Route& operator=(const Route&) = delete;
};

// Fills `route`; leaves kNone for a path nobody answers.
void ParseRoute(std::string_view path, Route& route);

// Settings are read with GET and changed with POST; every other endpoint has one method. HEAD goes where GET does.
bool IsRead(std::string_view method);
bool AllowsMethod(Endpoint endpoint, std::string_view method);

// The group of endpoints it belongs to. Not for kNone.
ApiCategory CategoryOf(Endpoint endpoint);

// -1 for an empty version. Error: kInvalidArg with the contract's text for a number too large.
Expected<int64_t> ParseVersion(std::string_view version);

}  // namespace neso
