#include "frontend/http/route.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

Endpoint EndpointOf(std::string_view path) {
  Route route;
  ParseRoute(path, route);
  return route.endpoint;
}

struct Case {
  std::string_view path;
  Endpoint endpoint;
  std::string_view model = "";
  std::string_view version = "";
};

TEST(RouteTest, PathsOfTheContractNameTheirEndpoints) {
  const Case cases[] = {
      {"/v2", Endpoint::kServerMetadata},
      {"/v2/", Endpoint::kNone},
      {"/v3", Endpoint::kNone},
      {"/", Endpoint::kIndexPage},
      {"/docs", Endpoint::kApiPage},
      {"/docs/", Endpoint::kNone},
      {"", Endpoint::kNone},
      {"/v2/health/live", Endpoint::kLive},
      {"/v2/health/ready", Endpoint::kReady},
      {"/v2/health/ready/", Endpoint::kNone},
      {"/v2/models", Endpoint::kNone},
      {"/v2/models/", Endpoint::kNone},
      {"/v2/models/stats", Endpoint::kAllStatistics},
      {"/v2/models/m", Endpoint::kModelMetadata, "m"},
      {"/v2/models/m/versions/2", Endpoint::kModelMetadata, "m", "2"},
      {"/v2/models/m/versions/x", Endpoint::kNone},
      {"/v2/models/m/versions", Endpoint::kNone},
      {"/v2/models/stats/versions/1", Endpoint::kModelMetadata, "stats", "1"},
      {"/v2/models/m/infer", Endpoint::kInfer, "m"},
      {"/v2/models/m/versions/17/infer", Endpoint::kInfer, "m", "17"},
      {"/v2/models/m/infer/", Endpoint::kNone},
      {"/v2/models/m/ready", Endpoint::kModelReady, "m"},
      {"/v2/models/m/config", Endpoint::kModelConfig, "m"},
      {"/v2/models/m/stats", Endpoint::kModelStatistics, "m"},
      {"/v2/models/my%20model%2E1/infer", Endpoint::kInfer, "my model.1"},
      {"/v2/models/100%/infer", Endpoint::kInfer, "100%"},
      {"/v2/models/m/generate", Endpoint::kGenerate, "m"},
      {"/v2/models/m/versions/2/generate_stream", Endpoint::kGenerateStream, "m", "2"},
      {"/v2/models/m/trace/setting", Endpoint::kModelTraceSetting, "m"},
      {"/v2/models/m/versions/2/trace/setting", Endpoint::kNone},
      {"/v2/trace/setting", Endpoint::kTraceSetting},
      {"/v2/trace", Endpoint::kNone},
      {"/v2/logging", Endpoint::kLogging},
      {"/v2/logging/", Endpoint::kNone},
      {"/v2/systemsharedmemory/status", Endpoint::kSystemShmStatus},
      {"/v2/systemsharedmemory/region/r/status", Endpoint::kSystemShmStatus},
      {"/v2/systemsharedmemory/register", Endpoint::kSystemShmRegister},
      {"/v2/systemsharedmemory/region//register", Endpoint::kNone},
      {"/v2/systemsharedmemory/unregister", Endpoint::kSystemShmUnregister},
      {"/v2/systemsharedmemory", Endpoint::kNone},
      {"/v2/cudasharedmemory/region/r/register", Endpoint::kCudaShmRegister},
      {"/v2/cudasharedmemory/unregister", Endpoint::kCudaShmUnregister},
      {"/v2/cudasharedmemory/status", Endpoint::kCudaShmStatus},
      {"/v2/repository/index", Endpoint::kRepositoryIndex},
      {"/v2/repository/r/index", Endpoint::kRepositoryIndex},
      {"/v2/repository/models/m/load", Endpoint::kRepositoryLoad, "m"},
      {"/v2/repository/models/m/unload", Endpoint::kRepositoryUnload, "m"},
      {"/v2/repository/r/models/m/load", Endpoint::kRepositoryLoad, "m"},
      {"/v2/repository/models/m", Endpoint::kNone},
  };
  for (const Case& c : cases) {
    Route route;
    ParseRoute(c.path, route);
    EXPECT_EQ(static_cast<int>(route.endpoint), static_cast<int>(c.endpoint)) << c.path;
    if (c.endpoint == Endpoint::kNone) continue;
    EXPECT_EQ(route.model, c.model) << c.path;
    EXPECT_EQ(route.version, c.version) << c.path;
  }
}

TEST(RouteTest, NoPathHasAnEmptySegment) {
  for (const char* path :
       {"/v2/repository/index", "/v2/repository/r/index", "/v2/repository/models/m/load", "/v2/models/m/infer",
        "/v2/models/m/versions/1/infer", "/v2/models/stats", "/v2/health/live", "/v2/logging", "/v2/trace/setting",
        "/v2/models/m/trace/setting", "/v2/systemsharedmemory/region/r/status", "/v2/cudasharedmemory/status", "/v2"}) {
    const std::string whole = path;
    EXPECT_NE(EndpointOf(whole), Endpoint::kNone) << whole;
    EXPECT_EQ(EndpointOf(whole + "/"), Endpoint::kNone) << whole;
    for (size_t at = 0; (at = whole.find('/', at)) != std::string::npos; ++at) {
      std::string doubled = whole;
      doubled.insert(at, "/");
      EXPECT_EQ(EndpointOf(doubled), Endpoint::kNone) << doubled;
    }
  }
}

TEST(RouteTest, RegionNamesAreDecoded) {
  Route route;
  ParseRoute("/v2/systemsharedmemory/region/my%20region/register", route);
  EXPECT_EQ(route.endpoint, Endpoint::kSystemShmRegister);
  EXPECT_EQ(route.region, "my region");
}

TEST(RouteTest, SettingsHaveTwoMethodsAndTheRestOneWithHeadWhereGetIs) {
  EXPECT_TRUE(AllowsMethod(Endpoint::kLogging, "GET"));
  EXPECT_TRUE(AllowsMethod(Endpoint::kLogging, "POST"));
  EXPECT_FALSE(AllowsMethod(Endpoint::kLogging, "PUT"));
  EXPECT_TRUE(AllowsMethod(Endpoint::kInfer, "POST"));
  EXPECT_FALSE(AllowsMethod(Endpoint::kInfer, "GET"));
  EXPECT_FALSE(AllowsMethod(Endpoint::kInfer, "HEAD"));
  EXPECT_TRUE(AllowsMethod(Endpoint::kLogging, "HEAD"));
  EXPECT_TRUE(AllowsMethod(Endpoint::kLive, "HEAD"));
  EXPECT_FALSE(AllowsMethod(Endpoint::kServerMetadata, "POST"));
}

TEST(RouteTest, RepositoryNamesAreSeen) {
  Route named, plain;
  ParseRoute("/v2/repository/r/models/m/load", named);
  ParseRoute("/v2/repository/models/m/load", plain);
  EXPECT_TRUE(named.repository_named);
  EXPECT_FALSE(plain.repository_named);
}

TEST(RouteTest, VersionsAreNumbersOrTheLatest) {
  EXPECT_EQ(*ParseVersion(""), -1);
  EXPECT_EQ(*ParseVersion("12"), 12);
  EXPECT_EQ(ParseVersion("99999999999999999999").error().message(),
            "failed to get model version from specified version string '99999999999999999999' (details: stol), version "
            "should be an integral value > 0");
}

}  // namespace
}  // namespace neso
