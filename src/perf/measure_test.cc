#include "perf/measure.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace neso::perf {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A window of a second, with `requests` that took `us` each.
Window Of(size_t requests, int us) {
  const TimePoint begin{seconds(100)};
  Window window{.begin = begin, .end = begin + seconds(1), .samples = {}, .server = {}};
  for (size_t i = 0; i < requests; i++) window.samples.push_back({.begin = begin, .end = begin + microseconds(us)});
  return window;
}

struct NoOutputs final : Answer {
  Expected<std::vector<Tensor>> Outputs() const override { return std::vector<Tensor>(); }
};

// A server that answers one request each time it is looked at.
class Echo final : public Transport {
 public:
  size_t sent() const { return sent_; }

  Expected<std::string> Ask(Question, const std::string&, const std::string&) override {
    return Unsupported("an echo");
  }
  Status SetTrace(const TraceSettings&) override { return Unsupported("an echo"); }
  Status Load(const std::string&, const std::string&) override { return Unsupported("an echo"); }
  Status Unload(const std::string&) override { return Unsupported("an echo"); }
  Expected<InferBytes> Encode(const TensorSet&, const ModelFacts&) const override { return InferBytes(); }
  Expected<std::unique_ptr<Lane>> OpenLane(Lane::Listener& listener) override {
    listener_ = &listener;
    return std::unique_ptr<Lane>(std::make_unique<EchoLane>(*this));
  }
  Status Register(const SharedRegion&) override { return Unsupported("an echo"); }
  Status Unregister(const SharedRegion&) override { return Unsupported("an echo"); }
  void RunOnce(TimePoint) override {
    std::this_thread::sleep_for(microseconds(100));
    listener_->OnAnswer(NoOutputs());
    listener_->OnEnd();
  }

 private:
  struct EchoLane final : Lane {
    explicit EchoLane(Echo& echo) : echo_(echo) {}
    void Send(const InferBytes&, const Turn&) override { echo_.sent_++; }
    Echo& echo_;
  };

  Lane::Listener* listener_ = nullptr;
  std::atomic<size_t> sent_ = 0;
};

// A load on an echo.
class LoadTest : public testing::Test {
 protected:
  Echo echo;
  const std::vector<InferBytes> requests = std::vector<InferBytes>(1);
  RoundRobin plan{1};
  Load load{echo, requests, plan};
};
using MeasureTest = LoadTest;

// Whether more is sent while this thread waits.
bool SendsMore(const Echo& echo) {
  const size_t wanted = echo.sent() + 3;
  const TimePoint deadline = std::chrono::steady_clock::now() + seconds(5);
  while (echo.sent() < wanted && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(1));
  return echo.sent() >= wanted;
}

// An answer that waits to be read while the server is asked has too long a latency, and is counted in the wrong window.
TEST_F(MeasureTest, TheLoadGoesOnWhileTheServerIsAskedForItsCounts) {
  ASSERT_TRUE(load.KeepInFlight(1).ok());
  int goes_on = 0;
  const Counter counter = [&]() -> Expected<ServerCounts> {
    if (SendsMore(echo)) goes_on++;
    return ServerCounts();
  };
  Options options;
  options.interval = milliseconds(10);
  const Expected<Window> window = MeasureWindow(load, options, counter);
  ASSERT_TRUE(window.ok());
  EXPECT_EQ(goes_on, 2);  // before the window, and behind it
  EXPECT_LE(window->samples.size() + 2, load.samples().size());
}

TEST_F(MeasureTest, TheLoadGoesOnWhileWindowsAreJudgedAndTold) {
  ASSERT_TRUE(load.KeepInFlight(1).ok());
  size_t told = 0, goes_on = 0;
  const auto say = [&](const std::string&) {
    told++;
    if (SendsMore(echo)) goes_on++;
  };
  Options options;
  options.interval = milliseconds(10);
  const Expected<Measured> measured = Measure(
      load, options, []() -> Expected<ServerCounts> { return ServerCounts(); }, say);
  ASSERT_TRUE(measured.ok());
  EXPECT_GE(told, 3u);
  EXPECT_EQ(goes_on, told);
}

TEST_F(LoadTest, ForgetsItsSamplesWhenItIsStopped) {
  ASSERT_TRUE(load.KeepInFlight(1).ok());
  ASSERT_TRUE(load.RunFor(milliseconds(5)).ok());
  EXPECT_FALSE(load.samples().empty());
  ASSERT_TRUE(load.Stop().ok());
  EXPECT_TRUE(load.samples().empty());
}

// All that is due when there is no connection would fill the memory, and an interrupt would wait for it.
TEST_F(LoadTest, ARateThatCannotBeReachedIsSentAsItCan) {
  ASSERT_TRUE(load.OpenLanes(1).ok());
  load.SendAt(SendTimes::AtRate(1e9, Distribution::kConstant));
  const TimePoint begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(load.RunFor(milliseconds(300)).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(300) + seconds(2));
  ASSERT_GE(load.samples().size(), 2u);
  EXPECT_EQ(load.samples()[1].begin - load.samples()[0].begin, std::chrono::nanoseconds(1)) << "when it was to be sent";
}

// One at a time, no more can come in a second than fit into it.
TEST_F(MeasureTest, AWindowOfSoManyRequestsBeginsWithTheFirst) {
  Options options;
  options.request_count = 2;
  const Counter counter = []() -> Expected<ServerCounts> {
    std::this_thread::sleep_for(milliseconds(20));
    return ServerCounts();
  };
  load.LimitTo(options.request_count);
  ASSERT_TRUE(load.KeepInFlight(1).ok());
  const Expected<Window> window = MeasureWindow(load, options, counter);
  ASSERT_TRUE(window.ok());
  ASSERT_EQ(window->samples.size(), 2u);
  EXPECT_EQ(window->begin, window->samples[0].begin);
  EXPECT_LE(RequestRate(*window), 1e6 / LatenciesOf(window->samples).average_us);
}

TEST(LatenciesTest, PercentilesAreSamples) {
  std::vector<Sample> samples;
  for (int us = 100; us >= 1; us--) samples.push_back({.begin = {}, .end = TimePoint(microseconds(us))});
  const Latencies latencies = LatenciesOf(samples);
  EXPECT_DOUBLE_EQ(latencies.average_us, 50.5);
  EXPECT_NEAR(latencies.deviation_us, 29.01, 0.01);
  EXPECT_DOUBLE_EQ(latencies.Percentile(50), 50);
  EXPECT_DOUBLE_EQ(latencies.Percentile(99), 99);
  EXPECT_DOUBLE_EQ(latencies.Percentile(100), 100);
  EXPECT_DOUBLE_EQ(LatenciesOf({}).Percentile(50), 0);
}

TEST(StabilityTest, ThreeWindowsInARowHaveToAgree) {
  const auto stable = [](std::vector<Window> windows) { return AreStable(windows, 0.1, -1); };
  EXPECT_FALSE(stable({Of(10, 5), Of(10, 5)}));
  EXPECT_TRUE(stable({Of(10, 5), Of(10, 5), Of(10, 5)}));
  EXPECT_TRUE(stable({Of(99, 9), Of(100, 100), Of(110, 110), Of(105, 105)}));
  EXPECT_FALSE(stable({Of(100, 100), Of(111, 100), Of(100, 100)}));  // throughput
  EXPECT_FALSE(stable({Of(100, 100), Of(100, 100), Of(100, 111)}));  // latency
  EXPECT_FALSE(stable({Of(0, 0), Of(0, 0), Of(0, 0)}));
}

}  // namespace
}  // namespace neso::perf
