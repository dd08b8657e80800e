#include "frontend/metrics/metric_format.h"

#include <gtest/gtest.h>

#include <string>

namespace neso {
namespace {

constexpr const char* kPrometheus =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

bool IsOpen(std::string_view accept, bool prefers) { return FormatFor(accept, prefers) == MetricFormat::kOpenMetrics; }

TEST(MetricFormatTest, WhoTakesOnlyOpenMetricsGetsIt) {
  for (const bool prefers : {false, true}) {
    EXPECT_TRUE(IsOpen("application/openmetrics-text", prefers));
    EXPECT_TRUE(IsOpen(" Application/OpenMetrics-Text ; version=1.0.0 ; q=0.1 , image/png", prefers));
    EXPECT_TRUE(IsOpen("text/plain;q=0, application/openmetrics-text;q=0.2", prefers));
  }
}

TEST(MetricFormatTest, WhoTakesBothGetsItIfTheServerLikesIt) {
  for (const char* both :
       {kPrometheus, "text/plain, application/openmetrics-text", "*/*, application/openmetrics-text"}) {
    EXPECT_FALSE(IsOpen(both, false)) << both;
    EXPECT_TRUE(IsOpen(both, true)) << both;
  }
}

TEST(MetricFormatTest, OthersGetText) {
  const std::string blanks(10'000, ' ');
  for (const std::string& accept :
       {std::string(), std::string("text/plain"), std::string("*/*"), std::string("text/html,*/*;q=0.8"),
        std::string("application/openmetrics-text;q=0"), std::string("application/openmetrics-text;q=x"),
        std::string("application/openmetrics-text;q=0.2, text/*;q=0.4"), std::string(",;,;q=1,"), blanks}) {
    EXPECT_FALSE(IsOpen(accept, true)) << accept;
  }
}

}  // namespace
}  // namespace neso
