#include "observe/request_trace.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "core/abi.h"
#include "observe/trace_file.h"

namespace neso {
namespace {

constexpr uint32_t kTimestamps = TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;
constexpr uint32_t kTensors = TRITONSERVER_TRACE_LEVEL_TENSORS;

class RequestTraceTest : public ::testing::Test {
 protected:
  RequestTraceTest() { file_->Close(); }

  std::shared_ptr<RequestTrace> Start(uint32_t level) {
    const auto collector =
        std::make_shared<TraceCollector>(TraceSettings{.level = level, .rate = 1, .log_frequency = 1}, *file_);
    EXPECT_TRUE(collector->Sample());
    return std::make_shared<RequestTrace>(collector);
  }

  // The file with the numbers of traces counted from `first`.
  std::string Written(uint64_t first) {
    std::string text = folder_.Read("t.0");
    for (uint64_t i = 0; i < 4; ++i) {
      for (const char* key : {"\"id\":", "\"parent_id\":"}) {
        const std::string number = key + std::to_string(first + i) + (key[1] == 'i' ? "," : "}");
        const std::string counted = key + std::to_string(1 + i) + (key[1] == 'i' ? "," : "}");
        for (size_t at = text.find(number); at != std::string::npos; at = text.find(number, at + counted.size())) {
          text.replace(at, number.size(), counted);
        }
      }
    }
    return text;
  }

  TestFolder folder_;
  Executor executor_{"test", 1};
  const std::shared_ptr<TraceFile> file_ = std::make_shared<TraceFile>(folder_.Path("t"), executor_);
};

TEST_F(RequestTraceTest, ElementsStandInTheOrderOfTheirReports) {
  std::shared_ptr<RequestTrace> trace = Start(kTimestamps);
  trace->Report("HTTP_RECV_START", 5);
  InferenceTrace* core = trace->NewCoreTrace();
  const uint64_t id = core->id();
  core->SetModel("m\"x", 3, "r\n\xFF");
  core->Report(TRITONSERVER_TRACE_REQUEST_START, 7);
  core->ReportCustom("MY \"STEP\"", 8);
  trace->Report("HTTP_SEND_START", 9);
  trace.reset();
  EXPECT_FALSE(folder_.Has("t.0"));
  InferenceTrace::Release(core);
  EXPECT_EQ(Written(id), R"([{"id":1,"timestamps":[{"name":"HTTP_RECV_START","ns":5}]},)"
                         R"({"id":1,"model_name":"m\"x","model_version":3,"request_id":"r\nÿ"},)"
                         R"({"id":1,"timestamps":[{"name":"REQUEST_START","ns":7}]},)"
                         R"({"id":1,"timestamps":[{"name":"MY \"STEP\"","ns":8}]},)"
                         R"({"id":1,"timestamps":[{"name":"HTTP_SEND_START","ns":9}]}])");
}

TEST_F(RequestTraceTest, TensorsAreText) {
  std::shared_ptr<RequestTrace> trace = Start(kTensors);
  trace->Report("HTTP_RECV_START", 5);  // not at this level
  InferenceTrace* core = trace->NewCoreTrace();
  const uint64_t id = core->id();
  core->SetModel("m", 1, "");
  core->Report(TRITONSERVER_TRACE_REQUEST_START, 7);  // nor this
  const float values[] = {1.5F, -2};
  core->ReportTensor(TRITONSERVER_TRACE_TENSOR_QUEUE_INPUT, "IN", DataType::kFp32, values, sizeof values, {1, 2}, {});
  BufferAttributes gpu;
  gpu.memory_type = MemoryType::kGpu;
  core->ReportTensor(TRITONSERVER_TRACE_TENSOR_BACKEND_OUTPUT, "OUT", DataType::kInt8, values, 8, {}, gpu);
  const char text[] = "\3\0\0\0a\"b";
  core->ReportTensor(TRITONSERVER_TRACE_TENSOR_BACKEND_OUTPUT, "S", DataType::kBytes, text, 7, {1}, {});
  InferenceTrace::Release(core);
  trace.reset();
  EXPECT_EQ(
      Written(id),
      R"([{"id":1,"model_name":"m","model_version":1},)"
      R"({"id":1,"activity":"TENSOR_QUEUE_INPUT","tensor":{"name":"IN","data":"1.5,-2","shape":"1,2","dtype":"FP32"}},)"
      R"({"id":1,"activity":"TENSOR_BACKEND_OUTPUT","tensor":{"name":"OUT","data":"","shape":"","dtype":"INT8"}},)"
      R"({"id":1,"activity":"TENSOR_BACKEND_OUTPUT",)"
      R"("tensor":{"name":"S","data":"\"a\\\"b\"","shape":"1","dtype":"BYTES"}}])");
}

TEST_F(RequestTraceTest, NestedCallsComeBeforeWhatTheyAreNestedIn) {
  std::shared_ptr<RequestTrace> trace = Start(kTimestamps);
  InferenceTrace* core = trace->NewCoreTrace();
  const uint64_t id = core->id();
  const auto begin = [](InferenceTrace* of, const char* model) {
    of->SetModel(model, 1, "");
    of->Report(TRITONSERVER_TRACE_REQUEST_START, 5);
  };
  begin(core, "root");
  InferenceTrace* child = core->SpawnChild();
  InferenceTrace* grandchild = child->SpawnChild();
  InferenceTrace* unused = core->SpawnChild();
  begin(child, "child");
  begin(grandchild, "grandchild");
  trace.reset();
  InferenceTrace::Release(core);
  InferenceTrace::Release(child);
  InferenceTrace::Release(unused);
  EXPECT_FALSE(folder_.Has("t.0"));
  InferenceTrace::Release(grandchild);
  EXPECT_EQ(Written(id), R"([{"id":3,"model_name":"grandchild","model_version":1,"parent_id":2},)"
                         R"({"id":3,"timestamps":[{"name":"REQUEST_START","ns":5}]},)"
                         R"({"id":2,"model_name":"child","model_version":1,"parent_id":1},)"
                         R"({"id":2,"timestamps":[{"name":"REQUEST_START","ns":5}]},)"
                         R"({"id":1,"model_name":"root","model_version":1},)"
                         R"({"id":1,"timestamps":[{"name":"REQUEST_START","ns":5}]}])");
}

TEST_F(RequestTraceTest, WhatIsSentReportsWhenItIsGone) {
  std::shared_ptr<RequestTrace> trace = Start(kTimestamps);
  InferenceTrace* core = trace->NewCoreTrace();
  core->Report(TRITONSERVER_TRACE_REQUEST_START, 7);
  InferenceTrace::Release(core);
  auto payload = std::make_shared<int>(1);
  const std::weak_ptr<int> payload_lives = payload;
  std::shared_ptr<void> sent = RequestTrace::ReportWhenGone(std::move(trace), "HTTP_SEND_END", std::move(payload));
  EXPECT_FALSE(payload_lives.expired());
  EXPECT_FALSE(folder_.Has("t.0"));
  sent.reset();
  EXPECT_TRUE(payload_lives.expired());
  EXPECT_NE(folder_.Read("t.0").find(R"({"name":"HTTP_SEND_END","ns":)"), std::string::npos);
}

TEST_F(RequestTraceTest, ARequestThatNeverCameToItsModelTellsNothing) {
  std::shared_ptr<RequestTrace> trace = Start(kTimestamps);
  trace->Report("HTTP_RECV_START", 5);
  trace.reset();
  EXPECT_FALSE(folder_.Has("t.0"));
}

}  // namespace
}  // namespace neso
