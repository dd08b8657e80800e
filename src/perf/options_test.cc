#include "perf/options.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

std::string ErrorOf(const std::vector<std::string>& words) {
  const Expected<Options> options = ParseOptions(words);
  return options ? "" : options.error().message();
}

TEST(OptionsTest, ValuesFollowOrAreJoined) {
  const Expected<Options> options =
      ParseOptions({"-m", "a", "--concurrency-range=2:8:3", "-p", "100", "--shape", "x:y:1,2", "-H", "A: b", "-v"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->model, "a");
  EXPECT_EQ(options->range.start, 2);
  EXPECT_EQ(options->range.end, 8);
  EXPECT_EQ(options->range.step, 3);
  EXPECT_EQ(options->interval.count(), 100);
  EXPECT_EQ(options->shapes.at("x:y"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(options->headers, (std::vector<std::pair<std::string, std::string>>{{"A", "b"}}));
  EXPECT_TRUE(options->verbose);
}

TEST(OptionsTest, ARateMakesTheLoadOpen) {
  const Expected<Options> options = ParseOptions({"-m", "a", "--request-rate-range", "2.5"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->load, LoadKind::kRequestRate);
  EXPECT_TRUE(options->range.is_one_point());
  EXPECT_EQ(options->range.start, 2.5);
}

TEST(OptionsTest, WhatCannotBeMeantIsSaid) {
  EXPECT_EQ(ErrorOf({}), "Failed to parse -m (model name). The value must be specified.");
  EXPECT_EQ(ErrorOf({"-m", "a", "-q"}), "Error: Invalid short option '-q'");
  EXPECT_EQ(ErrorOf({"-m", "a", "--x"}), "Error: Invalid long option '--x'");
  EXPECT_EQ(ErrorOf({"-m"}), "Error: Missing value for option '-m'");
  EXPECT_EQ(ErrorOf({"a"}), "Error: Unknown command-line argument.");
  EXPECT_EQ(ErrorOf({"-m", "a", "--concurrency-range", "0"}),
            "Failed to parse --concurrency-range. The start of the search range must be > 0");
  EXPECT_EQ(ErrorOf({"-m", "a", "--concurrency-range", "1", "--request-rate-range", "1"}),
            "Cannot use both --concurrency-range and --request-rate-range inference load modes.");
  EXPECT_EQ(ErrorOf({"-m", "a", "-b", "x"}), "Failed to parse -b. expected a number from 1 to 1048576, got 'x'");
  EXPECT_EQ(ErrorOf({"-m", "a", "--profile-export-file", "/"}),
            "Failed to parse --profile-export-file. Path must not already exist.");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"-m", "a", "-i", "grpc"},
                                             {"-m", "a", "--shape", "x"},
                                             {"-m", "a", "--concurrency-range", "1:2:3:4"},
                                             {"-m", "a", "--find-limit"},
                                             {"-m", "a", "--percentile", "100"},
                                             {"-m", "a", "--concurrency-range", "2:0"},
                                             {"-m", "a", "--request-count", "5", "--concurrency-range", "1:2"},
                                             {"-m", "a", "-H", "nothing"}}) {
    EXPECT_NE(ErrorOf(words), "") << words[2];
  }
}

}  // namespace
}  // namespace neso::perf
