#include <stdexcept>

#include "embedding.h"

namespace embedding {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

// What a trace reported, until it came back.
struct Report {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> activities;
  std::string model;
  std::string request_id;
  int released = 0;

  void WaitForRelease(int count = 1) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return released >= count; });
  }
};

void OnActivity(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity, uint64_t time_ns,
                void* userp) {
  auto& report = *static_cast<Report*>(userp);
  EXPECT_NE(time_ns, 0U);
  std::lock_guard lock(report.mutex);
  report.activities.emplace_back(TRITONSERVER_InferenceTraceActivityString(activity));
}

void OnTraceRelease(TRITONSERVER_InferenceTrace* trace, void* userp) {
  auto& report = *static_cast<Report*>(userp);
  const char* text = "";
  std::lock_guard lock(report.mutex);
  EXPECT_EQ(Text(TRITONSERVER_InferenceTraceModelName(trace, &text)), "");
  report.model = text;
  EXPECT_EQ(Text(TRITONSERVER_InferenceTraceRequestId(trace, &text)), "");
  report.request_id = text;
  EXPECT_EQ(Text(TRITONSERVER_InferenceTraceDelete(trace)), "");
  ++report.released;
  report.changed.notify_all();
}

TRITONSERVER_InferenceTrace* NewTrace(Report& report) {
  TRITONSERVER_InferenceTrace* trace = nullptr;
  EXPECT_EQ(Text(TRITONSERVER_InferenceTraceNew(&trace, TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, 0, OnActivity,
                                                OnTraceRelease, &report)),
            "");
  return trace;
}

TEST(TraceTest, ReportsAnInferenceFromStartToEnd) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models);
  Report report;
  Call call(server, "m");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetId(call.request(), "id-7")), "");
  call.SetInput(1);
  ASSERT_EQ(call.Send(NewTrace(report)), "");
  call.Wait();
  report.WaitForRelease();
  for (const char* activity : {"REQUEST_START", "QUEUE_START", "COMPUTE_START", "COMPUTE_INPUT_END",
                               "COMPUTE_OUTPUT_START", "COMPUTE_END", "REQUEST_END"}) {
    EXPECT_THAT(report.activities, Contains(activity));
  }
  EXPECT_EQ(report.activities.front(), "REQUEST_START");
  EXPECT_EQ(report.model, "m");
  EXPECT_EQ(report.request_id, "id-7");
}

TEST(TraceTest, ComesBackFromARefusedRequestToo) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models);
  Report report;
  Call call(server, "m");
  EXPECT_NE(call.Send(NewTrace(report)), "");
  report.WaitForRelease();
  EXPECT_THAT(report.activities, ElementsAre("REQUEST_START", "REQUEST_END"));
  EXPECT_NE(Text(TRITONSERVER_ServerInferAsync(server.get(), nullptr, NewTrace(report))), "");
  report.WaitForRelease(2);
}

// An embedder's callbacks are not ours: what they throw ends at the border, and the inference goes on.
TEST(TraceTest, CallbacksMayThrow) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models);
  Report report;
  TRITONSERVER_InferenceTrace* trace = nullptr;
  ASSERT_EQ(
      Text(TRITONSERVER_InferenceTraceTensorNew(
          &trace,
          static_cast<TRITONSERVER_InferenceTraceLevel>(TRITONSERVER_TRACE_LEVEL_TIMESTAMPS |
                                                        TRITONSERVER_TRACE_LEVEL_TENSORS),
          0,
          [](TRITONSERVER_InferenceTrace*, TRITONSERVER_InferenceTraceActivity, uint64_t, void*) {
            throw std::runtime_error("thrown on purpose");
          },
          [](TRITONSERVER_InferenceTrace*, TRITONSERVER_InferenceTraceActivity, const char*, TRITONSERVER_DataType,
             const void*, size_t, const int64_t*, uint64_t, TRITONSERVER_MemoryType, int64_t, void*) { throw 7; },
          [](TRITONSERVER_InferenceTrace* released, void* userp) {
            OnTraceRelease(released, userp);
            throw std::runtime_error("thrown on purpose");
          },
          &report)),
      "");
  Call call(server, "m");
  call.SetInput(1);
  ASSERT_EQ(call.Send(trace), "");
  EXPECT_EQ(call.Wait().error, "");
  report.WaitForRelease();
}

TEST(TraceTest, ChildrenKnowTheirParent) {
  Report report;
  TRITONSERVER_InferenceTrace* trace = NewTrace(report);
  TRITONSERVER_InferenceTrace* child = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceSpawnChildTrace(trace, &child)), "");
  uint64_t id = 0, parent_id = 0, child_id = 0;
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceId(trace, &id)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceParentId(child, &parent_id)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceId(child, &child_id)), "");
  EXPECT_EQ(parent_id, id);
  EXPECT_NE(child_id, id);

  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceReportActivity(trace, 5, "MY_STEP")), "");
  EXPECT_THAT(report.activities, ElementsAre("CUSTOM_ACTIVITY"));
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceSetContext(trace, R"({"traceparent":"00-1"})")), "");
  const char* context = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceContext(trace, &context)), "");
  EXPECT_STREQ(context, R"({"traceparent":"00-1"})");
  EXPECT_EQ(Text(TRITONSERVER_InferenceTraceDelete(child)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceTraceDelete(trace)), "");
}

}  // namespace
}  // namespace embedding
