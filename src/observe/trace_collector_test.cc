#include "observe/trace_collector.h"

#include <gtest/gtest.h>

#include "core/abi.h"
#include "observe/trace_test_support.h"

namespace neso {
namespace {

constexpr uint32_t kTimestamps = TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;

class TraceCollectorTest : public ::testing::Test {
 protected:
  // Files are written on the calling thread.
  TraceCollectorTest() { file_->Close(); }

  std::string SampleTimes(TraceCollector& collector, int times) {
    std::string sampled;
    for (int i = 0; i < times; ++i) sampled.push_back(collector.Sample() ? 'x' : '.');
    return sampled;
  }

  TraceTestFolder folder_;
  Executor executor_{"test", 1};
  const std::shared_ptr<TraceFile> file_ = std::make_shared<TraceFile>(folder_.Path("t"), executor_);
};

TEST_F(TraceCollectorTest, SamplesByRateAndCount) {
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
    TraceCollector collector(c.settings, file_);
    EXPECT_EQ(SampleTimes(collector, 9), c.sampled);
    EXPECT_EQ(collector.settings().count, c.left);
    EXPECT_EQ(collector.is_active(), std::string_view(c.sampled).back() == 'x');
  }
}

TEST_F(TraceCollectorTest, WithoutAFileNothingIsSampled) {
  TraceCollector collector({.level = kTimestamps, .rate = 1}, std::make_shared<TraceFile>("", executor_));
  EXPECT_FALSE(collector.is_active());
  EXPECT_FALSE(collector.Sample());
}

TEST_F(TraceCollectorTest, OneFileIsWrittenWhenItIsOver) {
  {
    TraceCollector collector({.level = kTimestamps, .rate = 1}, file_);
    for (const char* trace : {"1,1", "2"}) {
      ASSERT_TRUE(collector.Sample());
      collector.Add(trace);
    }
    EXPECT_FALSE(folder_.Has("t"));
  }
  EXPECT_EQ(folder_.Read("t"), "[1,1,2]");
}

TEST_F(TraceCollectorTest, OneFileIsWrittenWhenTheCountIsUsedUpAndTheLastTraceIsThere) {
  TraceCollector collector({.level = kTimestamps, .rate = 1, .count = 2}, file_);
  ASSERT_EQ(SampleTimes(collector, 3), "xx.");
  collector.Add("1");
  EXPECT_FALSE(folder_.Has("t"));
  collector.Add("2");
  EXPECT_EQ(folder_.Read("t"), "[1,2]");
}

TEST_F(TraceCollectorTest, OneFileDoesNotWaitInMemoryForEver) {
  TraceCollector collector({.level = kTimestamps, .rate = 1}, file_);
  const std::string trace(1000, '1');
  for (int i = 0; i < 1100; ++i) {
    ASSERT_TRUE(collector.Sample());
    collector.Add(trace);
  }
  EXPECT_GT(folder_.Read("t").size(), 1'000'000U);
}

TEST_F(TraceCollectorTest, ManyFilesHaveAsManyTracesAsAskedFor) {
  {
    TraceCollector collector({.level = kTimestamps, .rate = 1, .log_frequency = 2}, file_);
    for (const char* trace : {"1", "2", "3,3", "4", "5"}) {
      ASSERT_TRUE(collector.Sample());
      collector.Add(trace);
    }
    EXPECT_EQ(folder_.Read("t.0"), "[1,2]");
    EXPECT_EQ(folder_.Read("t.1"), "[3,3,4]");
    EXPECT_FALSE(folder_.Has("t.2"));
  }
  EXPECT_EQ(folder_.Read("t.2"), "[5]");
  EXPECT_FALSE(folder_.Has("t"));
}

TEST_F(TraceCollectorTest, ATraceWithoutElementsLeavesNothing) {
  TraceCollector collector({.level = kTimestamps, .rate = 1, .count = 1, .log_frequency = 1}, file_);
  ASSERT_TRUE(collector.Sample());
  collector.Add("");
  EXPECT_FALSE(folder_.Has("t.0"));
}

}  // namespace
}  // namespace neso
