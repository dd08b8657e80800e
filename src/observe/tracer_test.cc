#include "observe/tracer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/test_folder.h"
#include "core/abi.h"
#include "observe/trace_file.h"

namespace neso {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kTimestamps = TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;
constexpr TraceSettings kEvery{.level = kTimestamps, .rate = 1};

TraceSettingsUpdate Rate(std::optional<uint32_t> rate) { return {.rate = TraceChange<uint32_t>(rate)}; }
TraceSettingsUpdate Count(std::optional<int32_t> count) { return {.count = TraceChange<int32_t>(count)}; }
TraceSettingsUpdate Level(std::optional<uint32_t> level) { return {.level = TraceChange<uint32_t>(level)}; }

class TracerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Tracer> New(const TraceSettings& start) {
    return std::make_unique<Tracer>(start, std::make_shared<TraceFile>(folder_.Path("t"), executor_));
  }
  static std::string SampleTimes(Tracer& tracer, const std::string& model, int times) {
    std::string sampled;
    for (int i = 0; i < times; ++i) sampled.push_back(tracer.Sample(model) != nullptr ? 'x' : '.');
    return sampled;
  }
  // What the core reports of a request to `model`.
  static void Run(RequestTrace& trace, const std::string& model) {
    InferenceTrace* core = trace.NewCoreTrace();
    core->SetModel(model, 1, "");
    core->Report(TRITONSERVER_TRACE_REQUEST_START, 1);
    InferenceTrace::Release(core);
  }
  // A traced request from its begin to its end.
  static void Trace(Tracer& tracer, const std::string& model) {
    const auto trace = tracer.Sample(model);
    ASSERT_NE(trace, nullptr);
    Run(*trace, model);
  }
  // How many traces there are in a file.
  size_t TracesIn(const std::string& name) {
    const std::string text = folder_.Read(name);
    EXPECT_TRUE(JsonDocument().Parse(text).ok());
    size_t count = 0;
    for (size_t at = 0; (at = text.find("model_name", at)) != std::string::npos; ++at) ++count;
    return count;
  }

  TestFolder folder_;
  Executor executor_{"test", 2};
};

TEST_F(TracerTest, ModelsFallBackOnTheGlobalSettingsAndTheseOnThoseOfTheStart) {
  const auto tracer = New({.level = kTimestamps, .rate = 2, .count = 9, .log_frequency = 4});
  ASSERT_TRUE(tracer->Update("a", Rate(3)).ok());
  EXPECT_EQ(tracer->Settings("a"), (TraceSettings{.level = kTimestamps, .rate = 3, .count = 9, .log_frequency = 4}));
  EXPECT_EQ(tracer->Settings("b"), tracer->Settings(""));

  ASSERT_TRUE(
      tracer->Update("", {.rate = std::optional<uint32_t>(5), .log_frequency = std::optional<uint32_t>(1)}).ok());
  EXPECT_EQ(tracer->Settings("a"), (TraceSettings{.level = kTimestamps, .rate = 3, .count = 9, .log_frequency = 1}));
  EXPECT_EQ(tracer->Settings("b").rate, 5U);

  ASSERT_TRUE(tracer->Update("a", Rate(std::nullopt)).ok());
  EXPECT_EQ(tracer->Settings("a").rate, 5U);
  ASSERT_TRUE(tracer->Update("", Rate(std::nullopt)).ok());
  EXPECT_EQ(tracer->Settings("a").rate, 2U);
  EXPECT_EQ(tracer->Settings("").rate, 2U);
}

TEST_F(TracerTest, ModelsWithoutSettingsOfTheirOwnCountTogether) {
  const auto tracer = New({.level = kTimestamps, .rate = 3});
  ASSERT_TRUE(tracer->Update("own", Rate(2)).ok());
  std::string sampled;
  for (const char* model : {"a", "own", "b", "a", "own", "b", "b", "b"}) sampled += SampleTimes(*tracer, model, 1);
  EXPECT_EQ(sampled, "...xx..x");
}

TEST_F(TracerTest, WhatStaysTheSameGoesOnCounting) {
  const auto tracer = New({.level = kTimestamps, .rate = 3});
  EXPECT_EQ(SampleTimes(*tracer, "m", 2), "..");
  ASSERT_TRUE(tracer->Update("", {}).ok());
  EXPECT_EQ(SampleTimes(*tracer, "m", 1), "x");
}

TEST_F(TracerTest, CountsRunDownAndOnlyAChangeOfTheCountChangesThem) {
  const auto tracer = New({.level = kTimestamps, .rate = 1, .count = 5});
  EXPECT_EQ(SampleTimes(*tracer, "m", 2), "xx");
  ASSERT_TRUE(tracer->Update("m", Rate(2)).ok());
  EXPECT_EQ(tracer->Settings("m").count, 3);
  EXPECT_EQ(SampleTimes(*tracer, "m", 4), ".x.x");
  EXPECT_EQ(tracer->Settings("m").count, 1);
  EXPECT_EQ(tracer->Settings("").count, 3);
  ASSERT_TRUE(tracer->Update("", Level(kTimestamps | TRITONSERVER_TRACE_LEVEL_TENSORS)).ok());
  EXPECT_EQ(tracer->Settings("m").count, 1);
  ASSERT_TRUE(tracer->Update("", Count(7)).ok());
  EXPECT_EQ(tracer->Settings("m").count, 7) << "it has no count of its own";
  ASSERT_TRUE(tracer->Update("m", Count(2)).ok());
  ASSERT_TRUE(tracer->Update("", Count(std::nullopt)).ok());
  EXPECT_EQ(tracer->Settings("").count, 5);
  EXPECT_EQ(tracer->Settings("m").count, 2);
  ASSERT_TRUE(tracer->Update("m", Count(std::nullopt)).ok());
  EXPECT_EQ(tracer->Settings("m").count, 5);
}

TEST_F(TracerTest, IsOnWhileAnythingMayBeTraced) {
  const auto tracer = New({.level = 0});
  EXPECT_FALSE(tracer->is_on());
  ASSERT_TRUE(tracer
                  ->Update("m", {.level = std::optional<uint32_t>(kTimestamps),
                                 .rate = std::optional<uint32_t>(1),
                                 .count = std::optional<int32_t>(1)})
                  .ok());
  EXPECT_TRUE(tracer->is_on());
  EXPECT_EQ(SampleTimes(*tracer, "other", 2), "..");
  EXPECT_EQ(SampleTimes(*tracer, "m", 2), "x.");
  EXPECT_FALSE(tracer->is_on());
  ASSERT_TRUE(tracer->Update("", Level(kTimestamps)).ok());
  EXPECT_TRUE(tracer->is_on());
  ASSERT_TRUE(tracer->Update("", Level(std::nullopt)).ok());
  EXPECT_FALSE(tracer->is_on());
}

TEST_F(TracerTest, AWrongUpdateChangesNothing) {
  const auto tracer = New(kEvery);
  const Status status = tracer->Update("", {.rate = std::optional<uint32_t>(0), .count = std::optional<int32_t>(1)});
  EXPECT_THAT(status.message(), HasSubstr("sample rate must be non-zero"));
  EXPECT_EQ(tracer->Settings(""), kEvery);
  EXPECT_FALSE(tracer->Update("m", Rate(0)).ok());
  EXPECT_EQ(tracer->Settings("m"), kEvery);
}

TEST_F(TracerTest, AWrongStartTracesNothingUntilItIsPutRight) {
  const auto tracer = New({.level = kTimestamps, .rate = 0});
  EXPECT_FALSE(tracer->is_on());
  EXPECT_FALSE(tracer->Update("", Count(1)).ok());
  ASSERT_TRUE(tracer->Update("", Rate(1)).ok());
  EXPECT_EQ(SampleTimes(*tracer, "m", 1), "x");
}

TEST_F(TracerTest, AChangeWritesWhatIsThere) {
  auto tracer = New(kEvery);
  Trace(*tracer, "first");
  ASSERT_TRUE(tracer->Update("m", Rate(1)).ok());
  Trace(*tracer, "m");
  auto late = tracer->Sample("late");
  ASSERT_TRUE(tracer->Update("", Count(5)).ok());
  Run(*late, "late");
  late.reset();
  Trace(*tracer, "last");
  tracer.reset();
  JsonDocument document;
  ASSERT_TRUE(document.Parse(folder_.Read("t")).ok());
  std::vector<std::string> names;
  for (const auto& element : document.root().GetArray()) {
    if (element.HasMember("model_name")) names.emplace_back(element["model_name"].GetString());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("first", "m", "late", "last"));
}

TEST_F(TracerTest, SettingsShareTheNumbersOfFiles) {
  auto tracer = New({.level = kTimestamps, .rate = 1, .log_frequency = 2});
  ASSERT_TRUE(tracer->Update("m", Rate(1)).ok());
  for (const char* model : {"m", "a", "m", "a", "m"}) Trace(*tracer, model);
  ASSERT_TRUE(tracer->Update("m", Rate(std::nullopt)).ok());
  Trace(*tracer, "a");
  tracer.reset();
  EXPECT_EQ(TracesIn("t.0"), 2U);
  EXPECT_EQ(TracesIn("t.1"), 2U);
  EXPECT_EQ(TracesIn("t.2"), 1U);
  EXPECT_EQ(TracesIn("t.3"), 1U);
  EXPECT_FALSE(folder_.Has("t.4"));
}

TEST_F(TracerTest, ATraceMayEndAfterTheTracer) {
  auto tracer = New(kEvery);
  auto trace = tracer->Sample("m");
  tracer.reset();
  EXPECT_FALSE(folder_.Has("t"));
  Run(*trace, "late");
  trace.reset();
  EXPECT_THAT(folder_.Read("t"), HasSubstr("\"late\""));
}

TEST_F(TracerTest, RequestsAndUpdatesMeet) {
  auto tracer = New({.level = kTimestamps, .rate = 2, .log_frequency = 3});
  std::vector<std::thread> threads;
  std::atomic<size_t> traced = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, model = std::string(t % 2 == 0 ? "a" : "b")] {
      for (int i = 0; i < 400; ++i) {
        const auto trace = tracer->Sample(model);
        if (trace == nullptr) continue;
        Run(*trace, model);
        ++traced;
      }
    });
  }
  for (uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(tracer->Update(i % 3 == 0 ? "a" : "", Rate(1 + i % 2)).ok());
    tracer->Settings("a");
  }
  for (std::thread& thread : threads) thread.join();
  tracer.reset();
  size_t written = 0;
  for (int i = 0; folder_.Has("t." + std::to_string(i)); ++i) written += TracesIn("t." + std::to_string(i));
  EXPECT_EQ(written, traced);
}

}  // namespace
}  // namespace neso
