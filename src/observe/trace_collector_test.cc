#include "observe/trace_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "core/abi.h"

namespace neso {
namespace {

using ::testing::ElementsAre;

constexpr uint32_t kTimestamps = TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;

// Keeps the ids of what it is given, and a 0 for each flush.
class FakeSink final : public TraceSink {
 public:
  explicit FakeSink(std::string file = "t", TraceMode mode = TraceMode::kTriton)
      : file_(std::move(file)), mode_(mode) {}
  TraceMode mode() const override { return mode_; }
  const std::string& file() const override { return file_; }
  std::unique_ptr<TraceStream> Open(const TraceSettings&) override { return std::make_unique<Stream>(*this); }
  void Close() override {}

  std::vector<uint64_t> seen;

 private:
  struct Stream final : TraceStream {
    explicit Stream(FakeSink& sink) : sink(sink) {}
    void Add(const TracedRequest& trace) override { sink.seen.push_back(trace.spans.front().id); }
    void Flush() override { sink.seen.push_back(0); }
    FakeSink& sink;
  };
  const std::string file_;
  const TraceMode mode_;
};

TracedRequest TraceOf(uint64_t id) {
  TracedRequest trace;
  trace.spans.emplace_back().id = id;
  return trace;
}

std::string SampleTimes(TraceCollector& collector, int times) {
  std::string sampled;
  for (int i = 0; i < times; ++i) sampled.push_back(collector.Sample() ? 'x' : '.');
  return sampled;
}

TEST(TraceCollectorTest, RequestsOfTracesAreSampledWhateverTheRate) {
  FakeSink sink("", TraceMode::kOpenTelemetry);
  TraceCollector collector({.level = kTimestamps, .rate = 3, .count = 3}, sink);
  EXPECT_TRUE(collector.Sample(true));
  EXPECT_EQ(SampleTimes(collector, 3), ".x.");
  EXPECT_TRUE(collector.Sample(true));
  EXPECT_FALSE(collector.Sample(true)) << "they count";

  TraceCollector only_those({.level = kTimestamps, .rate = 0}, sink);
  EXPECT_EQ(SampleTimes(only_those, 3), "...");
  EXPECT_TRUE(only_those.Sample(true));
  TraceCollector tensors({.level = TRITONSERVER_TRACE_LEVEL_TENSORS, .rate = 1}, sink);
  EXPECT_FALSE(tensors.Sample(true)) << "spans have no tensors";
}

TEST(TraceCollectorTest, SamplesByRateAndCount) {
  struct Case {
    TraceSettings settings;
    const char* sampled;
    int32_t left;
  };
  const Case cases[] = {
      {{.level = kTimestamps, .rate = 1}, "xxxxxxxxx", -1},
      {{.level = kTimestamps, .rate = 3}, "..x..x..x", -1},
      {{.level = kTimestamps, .rate = 2, .count = 2}, ".x.x.....", 0},
      {{.level = kTimestamps, .rate = 1, .count = 20}, "xxxxxxxxx", 11},
      {{.level = kTimestamps, .rate = 1, .count = 0}, ".........", 0},
      {{.level = kTimestamps, .rate = 1, .count = -5}, "xxxxxxxxx", -5},
      {{.level = kTimestamps, .rate = 0}, ".........", -1},
      {{.level = 0, .rate = 1}, ".........", -1},
  };
  for (const Case& c : cases) {
    FakeSink sink;
    TraceCollector collector(c.settings, sink);
    EXPECT_EQ(SampleTimes(collector, 9), c.sampled);
    EXPECT_EQ(collector.settings().count, c.left);
    EXPECT_EQ(collector.is_active(), std::string_view(c.sampled).back() == 'x');
  }
}

TEST(TraceCollectorTest, WithoutAFileNothingIsSampled) {
  FakeSink sink("");
  TraceCollector collector({.level = kTimestamps, .rate = 1}, sink);
  EXPECT_FALSE(collector.is_active());
  EXPECT_FALSE(collector.Sample());
}

TEST(TraceCollectorTest, TheStreamIsFlushedWhenTheCountIsUsedUpAndTheLastTraceIsThere) {
  FakeSink sink;
  TraceCollector collector({.level = kTimestamps, .rate = 1, .count = 2}, sink);
  ASSERT_EQ(SampleTimes(collector, 3), "xx.");
  collector.Add(TraceOf(1));
  EXPECT_THAT(sink.seen, ElementsAre(1));
  collector.Add(TraceOf(2));
  EXPECT_THAT(sink.seen, ElementsAre(1, 2, 0));
}

TEST(TraceCollectorTest, ATraceWithoutASpanIsNotHandedOn) {
  FakeSink sink;
  TraceCollector collector({.level = kTimestamps, .rate = 1}, sink);
  ASSERT_TRUE(collector.Sample());
  collector.Add({});
  EXPECT_THAT(sink.seen, ElementsAre());
}

}  // namespace
}  // namespace neso
