#include "server/startup_failures.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(StartupFailuresTest, NamesModelsAndReasonsOnOneLine) {
  EXPECT_EQ(NamesAndReasons({{"a", "no luck"}}), "1 model could not be loaded: 'a' (no luck)");
  EXPECT_EQ(NamesAndReasons({{"a", "version 1 is at UNAVAILABLE state: x;"}, {"b", "y\nz\n"}}),
            "2 models could not be loaded: 'a' (version 1 is at UNAVAILABLE state: x), 'b' (y z)");
}

TEST(StartupFailuresTest, BoundsWhatItNames) {
  std::map<std::string, std::string> failures;
  for (int i = 100; i < 125; ++i) failures[std::to_string(i)] = "x";
  const std::string text = NamesAndReasons(failures);
  EXPECT_TRUE(text.starts_with("25 models could not be loaded: '100' (x), '101' (x)")) << text;
  EXPECT_TRUE(text.ends_with("'119' (x) and 5 more")) << text;
  EXPECT_LT(NamesAndReasons({{"a", std::string(10'000, 'x')}}).size(), 600U);
}

}  // namespace
}  // namespace neso
