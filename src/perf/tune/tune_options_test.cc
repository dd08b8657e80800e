#include "perf/tune/tune_options.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

TEST(TuneOptionsTest, ListsAndWhatIsForPerf) {
  const auto options = ParseTuneOptions({"digits", "--model-repository=models", "--instances", "1,2",
                                         "--batch-sizes=0,8", "--delays", "0", "--", "--shape", "x:3"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  ASSERT_TRUE(options->has_value());
  EXPECT_EQ((*options)->model, "digits");
  EXPECT_EQ((*options)->folder, "tuned/digits");
  EXPECT_EQ((*options)->axes.instances, (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ((*options)->axes.batches, (std::vector<uint64_t>{0, 8}));
  const Options& load = (*options)->load;
  EXPECT_EQ(load.model, "digits");
  EXPECT_EQ(load.shapes.at("x"), std::vector<int64_t>{3});
  EXPECT_EQ(load.percentile, 99);
}

TEST(TuneOptionsTest, AServerIsNamedAndReachedAsElsewhere) {
  const auto options = ParseTuneOptions({"m", "-u", "grpcs://a:1", "--api-key", "neso_a", "--cacert=root.crt", "-k"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  const Options& load = (*options)->load;
  EXPECT_EQ(load.url, "grpcs://a:1");
  EXPECT_EQ(load.protocol, Protocol::kGrpc);
  EXPECT_EQ(load.headers.back().second, "Bearer neso_a");
  EXPECT_EQ(load.grpc_tls.roots_file, "root.crt");
  EXPECT_FALSE(load.grpc_tls.verifies_server);
}

TEST(TuneOptionsTest, ObjectivesAndLimits) {
  const auto options = ParseTuneOptions(
      {"m", "--model-repository=b", "--objectives=latency,ram=2", "--min-throughput=50", "--max-ram=900"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  const Goal& goal = (*options)->goal;
  EXPECT_EQ(goal.throughput, 0);
  EXPECT_EQ(goal.latency, 1);
  EXPECT_EQ(goal.ram, 2);
  EXPECT_EQ(goal.min_throughput, 50);
  EXPECT_EQ(goal.max_ram_mib, 900);
}

TEST(TuneOptionsTest, WhatCannotBeMeantIsSaid) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"m"},
                                             {"m", "--url=a", "--model-repository=b"},
                                             {"m", "--url=a", "--instances=0"},
                                             {"m", "--url=a", "--x"},
                                             {"m", "--url=a", "--latency-budget=-1"},
                                             {"m", "--url=a", "--latency-budget=nan"},
                                             {"m", "--url=a", "--latency-budget=inf"},
                                             {"m", "--url=a", "--max-ram=9"},
                                             {"m", "--url=ftp://a"},
                                             {"m", "--url=a", "--", "--shape", "x"},
                                             {"m", "--model-repository=b", "--", "-i", "grpc"},
                                             {"m", "--url=a", "--objectives=ram"},
                                             {"m", "--model-repository=b", "--objectives=speed"}}) {
    const auto options = ParseTuneOptions(words);
    ASSERT_FALSE(options.ok());
    EXPECT_NE(options.error().message(), "");
  }
}

}  // namespace
}  // namespace neso::perf
