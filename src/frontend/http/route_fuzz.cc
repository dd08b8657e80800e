// Paths of requests: routes, and the escapes in names. What a route views must lie in the path or in what was decoded.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/check.h"
#include "frontend/http/route.h"

namespace {

bool LiesIn(std::string_view part, std::string_view whole) {
  const std::less_equal<const char*> not_after;
  return not_after(whole.data(), part.data()) && not_after(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  neso::Route route;
  neso::ParseRoute(path, route);
  for (const std::string_view part : {route.model, route.version, route.region}) {
    CHECK(part.empty() || LiesIn(part, path) || LiesIn(part, route.decoded), "a route views its path");
  }
  if (route.endpoint == neso::Endpoint::kNone) return 0;
  CHECK(path.find("//") == std::string_view::npos, "no path that is answered has an empty segment");
  CHECK(!neso::AllowsMethod(route.endpoint, "PATCH"), "nobody patches anything");
  (void)neso::CategoryOf(route.endpoint);
  (void)neso::ParseVersion(route.version).ok();
  return 0;
}
