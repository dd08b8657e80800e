#include "observe/trace_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace neso {
namespace {

using ::testing::HasSubstr;

std::string Stamp(int id, const char* name, uint64_t ns) {
  return R"({"id":)" + std::to_string(id) + R"(,"timestamps":[{"name":")" + name + R"(","ns":)" + std::to_string(ns) +
         "}]},";
}

// A request whose phases last `unit` nanoseconds each.
std::string Request(int id, const char* model, uint64_t unit) {
  std::string text = R"({"id":)" + std::to_string(id) + R"(,"model_name":")" + model + R"(","model_version":1},)";
  uint64_t at = 1'000'000;
  for (const char* name :
       {"HTTP_RECV_START", "HTTP_RECV_END", "REQUEST_START", "QUEUE_START", "COMPUTE_START", "COMPUTE_INPUT_END",
        "COMPUTE_OUTPUT_START", "COMPUTE_END", "REQUEST_END", "HTTP_SEND_START", "HTTP_SEND_END"}) {
    text += Stamp(id, name, at += unit);
  }
  return text;
}

class TraceSummaryTest : public ::testing::Test {
 protected:
  std::string File(const std::string& name, std::string elements) {
    if (!elements.empty()) elements.pop_back();
    folder_.Write(name, "[" + elements + "]");
    return folder_.Path(name);
  }

  TestFolder folder_;
  TraceSummary summary_;
};

TEST_F(TraceSummaryTest, TellsMeansByModelOfAllFiles) {
  ASSERT_TRUE(summary_.AddFile(File("t.0", Request(1, "m", 1000) + Request(2, "other", 5000))).ok());
  ASSERT_TRUE(summary_.AddFile(File("t.1", Request(1, "m", 2000))).ok());
  EXPECT_EQ(summary_.Text(),
            "Summary for m (1): trace count = 2\n"
            "HTTP request (avg): 15.0us\n"
            "    Receive (avg): 1.5us\n"
            "    Send (avg): 1.5us\n"
            "    Handler (avg): 9.0us\n"
            "        Queue (avg): 1.5us\n"
            "        Compute (avg): 4.5us\n"
            "            Input (avg): 1.5us\n"
            "            Infer (avg): 1.5us\n"
            "            Output (avg): 1.5us\n"
            "Summary for other (1): trace count = 1\n"
            "HTTP request (avg): 50.0us\n"
            "    Receive (avg): 5.0us\n"
            "    Send (avg): 5.0us\n"
            "    Handler (avg): 30.0us\n"
            "        Queue (avg): 5.0us\n"
            "        Compute (avg): 15.0us\n"
            "            Input (avg): 5.0us\n"
            "            Infer (avg): 5.0us\n"
            "            Output (avg): 5.0us\n");
}

TEST_F(TraceSummaryTest, TensorsAreShownToWhoAsks) {
  const std::string tensor =
      R"({"id":1,"activity":"TENSOR_QUEUE_INPUT","tensor":{"name":"x","data":"1,2","shape":"1,2","dtype":"FP32"}},)";
  const std::string file = File("t", R"({"id":1,"model_name":"m","model_version":1},)" + tensor);
  ASSERT_TRUE(summary_.AddFile(file).ok());
  EXPECT_EQ(summary_.Text(), "Summary for m (1): trace count = 1\n");
  TraceSummary with_tensors(true);
  ASSERT_TRUE(with_tensors.AddFile(file).ok());
  EXPECT_THAT(with_tensors.Text(), HasSubstr("    1: TENSOR_QUEUE_INPUT x FP32 [1,2]: 1,2\n"));
}

TEST_F(TraceSummaryTest, WhatIsNoTraceFileIsAnError) {
  EXPECT_THAT(summary_.AddFile(folder_.Path("none")).message(), HasSubstr("No such file"));
  for (const char* text : {"", "{}", "3", "[", "[{\"id\":1", "[]]", "[1"}) {
    folder_.Write("t", text);
    EXPECT_THAT(summary_.AddFile(folder_.Path("t")).message(), HasSubstr("is no trace file at byte")) << text;
  }
  folder_.Write("t", "[" + std::string(100'000, '[') + std::string(100'000, ']') + "]");
  EXPECT_TRUE(summary_.AddFile(folder_.Path("t")).ok()) << "nesting costs no stack";
  EXPECT_EQ(summary_.Text(), "");
}

}  // namespace
}  // namespace neso
