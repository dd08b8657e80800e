#include "frontend/http/openapi.h"

#include "base/check.h"

namespace neso {

std::string OpenApiDocument(std::string_view server_version) {
  constexpr std::string_view kPlaceholder = R"("version": "0.0.0")";
  std::string document(kOpenApiText);
  const size_t at = document.find(kPlaceholder);
  CHECK(at != std::string::npos, "openapi.json has a version to fill in");
  return document.replace(at, kPlaceholder.size(), R"("version": ")" + std::string(server_version) + '"');
}

}  // namespace neso
