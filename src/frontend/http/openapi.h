// The OpenAPI 3.1 description of the HTTP endpoints, served at /openapi.json. Its source is openapi.json beside this
// file; openapi_test.cc holds it against the routes, tests/openapi against a running server.
#pragma once

#include <string>
#include <string_view>

namespace neso {

extern const std::string_view kOpenApiText;  // as written, with the version 0.0.0

// With the version of the server.
std::string OpenApiDocument(std::string_view server_version);

}  // namespace neso
