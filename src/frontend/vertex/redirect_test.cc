#include "frontend/vertex/redirect.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

struct Redirect {
  explicit Redirect(std::string_view value) : path(RedirectPath(value)), target(ParseRedirect(path, route)) {}
  const std::string path;
  Route route;
  const RedirectTarget target;
};

TEST(RedirectTest, EndpointsThatReadOrInferAreReached) {
  const std::pair<const char*, Endpoint> rows[] = {
      {"v2", Endpoint::kServerMetadata},
      {"v2/health/live", Endpoint::kLive},
      {"v2/health/ready", Endpoint::kReady},
      {"v2/models/m", Endpoint::kModelMetadata},
      {"v2/models/m/versions/3", Endpoint::kModelMetadata},
      {"v2/models/m/ready", Endpoint::kModelReady},
      {"v2/models/m/config", Endpoint::kModelConfig},
      {"v2/models/m/stats", Endpoint::kModelStatistics},
      {"v2/models/stats", Endpoint::kAllStatistics},
      {"v2/models/m/infer", Endpoint::kInfer},
      {"v2/models/m/versions/3/infer", Endpoint::kInfer},
      {"v2/repository/index", Endpoint::kRepositoryIndex},
      {"v2/systemsharedmemory/status", Endpoint::kSystemShmStatus},
      {"v2/cudasharedmemory/region/r/status", Endpoint::kCudaShmStatus},
  };
  for (const auto& [value, endpoint] : rows) {
    const Redirect redirect(value);
    EXPECT_EQ(redirect.target, RedirectTarget::kEndpoint) << value;
    EXPECT_EQ(redirect.route.endpoint, endpoint) << value;
  }
  const Redirect infer("v2/models/m/versions/3/infer");
  EXPECT_EQ(infer.route.model, "m");
  EXPECT_EQ(infer.route.version, "3");
  EXPECT_EQ(Redirect("metrics").target, RedirectTarget::kMetrics);
}

TEST(RedirectTest, EndpointsThatChangeTheServerAreForbidden) {
  for (const char* value :
       {"v2/repository/models/m/load", "v2/repository/models/m/unload", "v2/repository/r/models/m/load",
        "v2/systemsharedmemory/region/r/register", "v2/systemsharedmemory/unregister",
        "v2/cudasharedmemory/region/r/register", "v2/cudasharedmemory/region/r/unregister"}) {
    EXPECT_EQ(Redirect(value).target, RedirectTarget::kForbidden) << value;
  }
}

TEST(RedirectTest, AllElseIsUnknown) {
  for (const char* value : {"", "x", "/v2", "/v2/models/m/infer", "v2/", "metrics/", "v2/models", "v2/models/m/x",
                            "v2/models/m/infer?x=1", "v2/models/m/generate", "v2/models/m/generate_stream",
                            "v2/logging", "v2/trace/setting", "v2/models/m/trace/setting", "v2/repository/x"}) {
    EXPECT_EQ(Redirect(value).target, RedirectTarget::kUnknown) << value;
  }
}

}  // namespace
}  // namespace neso
