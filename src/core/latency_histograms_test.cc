#include "core/latency_histograms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace neso {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

constexpr auto kQueue = static_cast<size_t>(Latency::kQueue);
constexpr auto kFirst = static_cast<size_t>(Latency::kFirstResponse);

void Control(inference::ModelConfig& config, const char* family, std::vector<double> buckets) {
  auto* control = config.mutable_model_metrics()->add_metric_control();
  control->mutable_metric_identifier()->set_family(family);
  for (const double bucket : buckets) control->mutable_histogram_options()->add_buckets(bucket);
}

TEST(LatencyHistogramsTest, AnObservationFallsIntoTheFirstBucketThatReachesIt) {
  LatencyHistograms histograms(LatencyBoundsOf({}, std::array{1.0, 2.0}));
  for (const uint64_t ns : {0u, 999'999u, 1'000'000u, 1'000'001u, 2'000'000u, 2'000'001u}) {
    histograms.Observe(Latency::kQueue, ns);
  }
  LatencyReadings readings;
  histograms.AddTo(readings);
  EXPECT_THAT(readings[kQueue].bounds_ms, ElementsAre(1, 2));
  EXPECT_THAT(readings[kQueue].counts, ElementsAre(3, 2, 1));
  EXPECT_EQ(readings[kQueue].sum_ns, 7'000'001u);
  EXPECT_THAT(readings[kFirst].counts, Each(0));
}

TEST(LatencyHistogramsTest, ReadingsOfInstancesAddUp) {
  const LatencyBounds bounds = LatencyBoundsOf({}, std::array{1.0});
  LatencyHistograms one(bounds), other(bounds);
  one.Observe(Latency::kQueue, 1);
  other.Observe(Latency::kQueue, 5'000'000);
  LatencyReadings total;
  one.AddTo(total);
  other.AddTo(total);
  EXPECT_THAT(total[kQueue].counts, ElementsAre(1, 1));
  EXPECT_EQ(total[kQueue].sum_ns, 5'000'001u);
}

TEST(LatencyHistogramsTest, AModelChoosesBucketsByFamily) {
  inference::ModelConfig config;
  Control(config, "nv_inference_first_response_histogram_ms", {0.5, 1});
  Control(config, "nv_inference_queue_histogram_ms", {30, 10, 10, 20});
  Control(config, "somebody_elses", {7});
  const LatencyBounds bounds = LatencyBoundsOf(config, kDefaultDurationBounds);
  EXPECT_THAT(bounds[kFirst], ElementsAre(0.5, 1));
  EXPECT_THAT(bounds[kQueue], ElementsAre(10, 20, 30));
  EXPECT_THAT(bounds[static_cast<size_t>(Latency::kRequest)], ElementsAreArray(kDefaultDurationBounds));
}

TEST(LatencyHistogramsTest, WhatCannotEndABucketIsLeftOut) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  inference::ModelConfig config;
  Control(config, "nv_inference_queue_histogram_ms",
          {-1, 0, std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity, 1, 1e300});
  LatencyHistograms histograms(LatencyBoundsOf(config, kDefaultDurationBounds));
  histograms.Observe(Latency::kQueue, std::numeric_limits<uint64_t>::max());
  LatencyReadings readings;
  histograms.AddTo(readings);
  EXPECT_THAT(readings[kQueue].bounds_ms, ElementsAre(1, 1e300));
  EXPECT_THAT(readings[kQueue].counts, ElementsAre(0, 1, 0));
}

TEST(LatencyHistogramsTest, FirstResponsesHaveTheContractsBuckets) {
  EXPECT_THAT(LatencyBoundsOf({}, std::array{1.0})[kFirst], ElementsAre(100, 500, 2000, 5000));
}

}  // namespace
}  // namespace neso
