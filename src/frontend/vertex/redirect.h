// What the header X-Vertex-Ai-Triton-Redirect of a prediction asks for: one of the HTTP service's endpoints.
//
//   const std::string path = RedirectPath("v2/models/digits/infer");   // must outlive `route`
//   Route route;
//   switch (ParseRedirect(path, route)) { case RedirectTarget::kEndpoint: ... }
//
// Pure. Source: Vertex AI offers one path for predictions; the header names what lies behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "frontend/http/route.h"

namespace neso {

enum class RedirectTarget : uint8_t {
  kUnknown,    // 400
  kForbidden,  // would change the server: 403
  kMetrics,
  kEndpoint,  // `route` says which
};

inline constexpr std::string_view kRedirectHeader = "X-Vertex-Ai-Triton-Redirect";

// The value comes without a leading slash; one that has it is unknown.
std::string RedirectPath(std::string_view value);

// Fills `route` for kEndpoint; its views point into `path`.
RedirectTarget ParseRedirect(std::string_view path, Route& route);

}  // namespace neso
