#include "server/missing_behaviour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Options Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "tritonserver");
  ParseResult result = ParseOptions(std::move(arguments), [](const char*) -> const char* { return nullptr; });
  EXPECT_TRUE(result.options.has_value()) << result.failure_text;
  return result.options.value_or(Options());
}

TEST(MissingBehaviourTest, DefaultsAskForNothingAbsent) { EXPECT_THAT(OptionsWithoutEffect(Parse({})), IsEmpty()); }

TEST(MissingBehaviourTest, OptionsThatSizeSomethingAbsentAreListed) {
  EXPECT_THAT(OptionsWithoutEffect(Parse({"--grpc-port=9001", "--buffer-manager-thread-count=2", "--http-port=9000",
                                          "--grpc-infer-thread-count=2"})),
              ElementsAre("buffer-manager-thread-count", "grpc-infer-thread-count"));
}

}  // namespace
}  // namespace neso
