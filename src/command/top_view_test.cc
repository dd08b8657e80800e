#include "command/top_view.h"

#include <gtest/gtest.h>

#include "base/display_width.h"
#include "base/text.h"

namespace neso::command {
namespace {

ModelStatistics Counted(const std::string& name, uint64_t requests, uint64_t rows, uint64_t executions) {
  return {.name = name,
          .version = "1",
          .inferences = rows,
          .executions = executions,
          .success = {requests, requests * 5'000'000},
          .failure = {requests / 10, 0},
          .queue = {requests, requests * 1'000'000},
          .input = {requests, requests * 500'000},
          .infer = {requests, requests * 3'000'000},
          .output = {requests, requests * 500'000},
          .cache_hit = {}};
}

ServerLook At(int seconds, std::vector<ModelStatistics> models, const char* metrics = "") {
  return {.at = std::chrono::steady_clock::time_point(std::chrono::seconds(seconds)),
          .models = std::move(models),
          .metrics = *client::ParseMetrics(metrics)};
}

TEST(TopViewTest, ShowsWhatCameInBetween) {
  const auto loads = LoadsBetween(At(10, {Counted("a", 100, 100, 100)}), At(12, {Counted("a", 300, 900, 200)}));
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0].requests_per_s, 100);
  EXPECT_EQ(loads[0].inferences_per_s, 400);
  EXPECT_EQ(loads[0].failures_per_s, 10);
  EXPECT_EQ(loads[0].batch, 8);
  EXPECT_EQ(loads[0].total_ms, 5);
  EXPECT_EQ(loads[0].queue_ms, 1);
  EXPECT_EQ(loads[0].compute_ms, 4);
  EXPECT_EQ(loads[0].waiting, -1);
}

TEST(TopViewTest, TheBusiestComesFirstAndAnIdleOneIsThere) {
  const ServerLook before = At(0, {Counted("idle", 5, 5, 5), Counted("busy", 5, 5, 5)});
  const auto loads = LoadsBetween(before, At(1, {Counted("idle", 5, 5, 5), Counted("busy", 15, 15, 15)}));
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[0].name, "busy");
  EXPECT_EQ(loads[1].total_ms, 0);
}

TEST(TopViewTest, AModelThatWasLoadedAnewCountsFromThen) {
  const auto loads = LoadsBetween(At(0, {Counted("a", 100, 100, 100)}), At(1, {Counted("a", 10, 10, 10)}));
  EXPECT_EQ(loads[0].requests_per_s, 10);
}

TEST(TopViewTest, MetricsTellWhatWaitsAndOfTheMachine) {
  const ServerLook now = At(1, {Counted("a", 1, 1, 1)},
                            "nv_inference_pending_request_count{model=\"b\",version=\"1\"} 3\n"
                            "nv_inference_pending_request_count{model=\"a\",version=\"1\"} 7\n"
                            "nv_cpu_utilization 0.372\nnv_cpu_memory_used_bytes 1073741824\n"
                            "nv_cpu_memory_total_bytes 4294967296\nnv_gpu_utilization{gpu_uuid=\"x\"} 0.8\n");
  const auto loads = LoadsBetween(At(0, {}), now);
  EXPECT_EQ(loads[0].waiting, 7);
  EXPECT_EQ(MachineText(now.metrics), "CPU 37 %, memory 1.0 of 4.0 GiB, GPU 0 80 %");
  EXPECT_EQ(MachineText({}), "");
  EXPECT_EQ(TopRows(loads)[1],
            (std::vector<std::string>{"a", "1", "1.0", "1.0", "0.0", "1.0", "7", "5.00", "1.00", "4.00"}));
  EXPECT_NE(TopJson(loads).find(R"("waiting":7,"total_ms":5.000)"), std::string::npos);
}

std::vector<ModelLoad> Loads(size_t count, const std::string& name) {
  std::vector<ModelLoad> loads;
  for (size_t i = 0; i < count; ++i) loads.push_back({.name = fmt::format("{}{}", name, i), .version = "1"});
  return loads;
}

std::vector<std::string> LinesOf(const std::string& screen) {
  std::vector<std::string> lines;
  for (const std::string_view line : Split(screen, '\n')) lines.emplace_back(line);
  return lines;
}

TEST(TopViewTest, AScreenHasNoMoreLinesThanTheTerminal) {
  for (const size_t rows : {10U, 24U, 50U}) {
    const std::vector<std::string> lines =
        LinesOf(TopScreen("head", Loads(100, "m"), 1, {.columns = 200, .rows = rows}));
    EXPECT_EQ(lines.size(), rows) << "the last is that of the cursor";
    EXPECT_NE(lines[4].find("| m0 "), std::string::npos);
    EXPECT_EQ(lines[rows - 2], fmt::format("every 1 s; Ctrl-C ends; models not shown: {}", 100 - (rows - 7)));
  }
  EXPECT_EQ(LinesOf(TopScreen("head", Loads(3, "m"), 1, {.columns = 200, .rows = 24})).size(), 10U);
  EXPECT_EQ(LinesOf(TopScreen("head", Loads(30, "m"), 1, {.columns = 200, .rows = 0})).size(), 37U);
}

TEST(TopViewTest, AScreenIsNoWiderThanTheTerminal) {
  for (const std::string& name :
       {std::string("m"), std::string(60, 'n'), std::string("ä模型模型模型模型模型模型模型")}) {
    for (const size_t columns : {40U, 60U, 80U, 100U, 120U}) {
      const std::string head(90, 'h');
      for (const std::string& line : LinesOf(TopScreen(head, Loads(3, name), 1, {.columns = columns, .rows = 24})))
        EXPECT_LE(DisplayWidth(line), columns) << line;
    }
  }
  const std::string screen = TopScreen("head", Loads(1, "resnet"), 1, {.columns = 80, .rows = 24});
  EXPECT_NE(screen.find("| model   | version | infer/s | requests/s | failed/s | batch | waiting | ms   |"),
            std::string::npos)
      << screen;
  EXPECT_NE(screen.find("no room for compute, queue\n"), std::string::npos);
}

}  // namespace
}  // namespace neso::command
