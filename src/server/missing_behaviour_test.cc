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

TEST(MissingBehaviourTest, DefaultsAskForNothingMissing) {
  EXPECT_THAT(MissingBehaviour(Parse({})), IsEmpty());
  EXPECT_THAT(OptionsWithoutEffect(Parse({})), IsEmpty());
}

TEST(MissingBehaviourTest, SwitchingOffAndRestatingDefaultsIsFine) {
  EXPECT_THAT(MissingBehaviour(Parse({"--allow-sagemaker=false", "--rate-limit=off", "--trace-config=level=OFF",
                                      "--grpc-infer-response-compression-level=low", "--model-load-gpu-limit=0:0.5"})),
              IsEmpty());
}

TEST(MissingBehaviourTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(MissingBehaviour(Parse({"--model-repository=s3://b/m"})),
              ElementsAre("--model-repository: this server does not have repositories in object storage (s3://, gs://, "
                          "as://) yet"));
  for (const char* argument : {"--model-repository=s3://b/m", "--model-repository=gs://b/m"}) {
    EXPECT_EQ(MissingBehaviour(Parse({argument})).size(), 1U) << argument;
  }
}

TEST(MissingBehaviourTest, OptionsThatSizeSomethingAbsentAreListed) {
  EXPECT_THAT(OptionsWithoutEffect(Parse({"--grpc-port=9001", "--buffer-manager-thread-count=2", "--http-port=9000",
                                          "--grpc-infer-thread-count=2"})),
              ElementsAre("buffer-manager-thread-count", "grpc-infer-thread-count"));
}

}  // namespace
}  // namespace neso
