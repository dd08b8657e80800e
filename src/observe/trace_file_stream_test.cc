#include "observe/trace_file_stream.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace neso {
namespace {

class TraceFileStreamTest : public ::testing::Test {
 protected:
  // Files are written on the calling thread.
  TraceFileStreamTest() { file_->Close(); }

  // A trace of spans of these models, in version 1.
  static TracedRequest TraceOf(std::initializer_list<const char*> models) {
    TracedRequest trace;
    for (const char* model : models) {
      TraceSpan& span = trace.spans.emplace_back();
      span.id = trace.spans.size();
      span.model_name = model;
      span.model_version = 1;
    }
    return trace;
  }
  static std::string Json(uint64_t id, const std::string& model) {
    return "{\"id\":" + std::to_string(id) + ",\"model_name\":\"" + model + "\",\"model_version\":1}";
  }

  TestFolder folder_;
  Executor executor_{"test", 1};
  const std::shared_ptr<TraceFile> file_ = std::make_shared<TraceFile>(folder_.Path("t"), executor_);
};

TEST_F(TraceFileStreamTest, OneFileIsWrittenWhenTheStreamGoes) {
  {
    TraceFileStream stream(file_, 0);
    stream.Add(TraceOf({"a", "b"}));
    stream.Add(TraceOf({"c"}));
    EXPECT_FALSE(folder_.Has("t"));
  }
  EXPECT_EQ(folder_.Read("t"), "[" + Json(1, "a") + "," + Json(2, "b") + "," + Json(1, "c") + "]");
}

TEST_F(TraceFileStreamTest, OneFileIsWrittenWhenItIsFlushed) {
  TraceFileStream stream(file_, 0);
  stream.Add(TraceOf({"a"}));
  stream.Flush();
  stream.Flush();
  EXPECT_EQ(folder_.Read("t"), "[" + Json(1, "a") + "]");
}

TEST_F(TraceFileStreamTest, OneFileDoesNotWaitInMemoryForEver) {
  TraceFileStream stream(file_, 0);
  const std::string name(1000, 'm');
  for (int i = 0; i < 1100; ++i) stream.Add(TraceOf({name.c_str()}));
  EXPECT_GT(folder_.Read("t").size(), 1'000'000U);
}

TEST_F(TraceFileStreamTest, ManyFilesHaveAsManyTracesAsAskedFor) {
  {
    TraceFileStream stream(file_, 2);
    for (const char* model : {"a", "b", "c", "d", "e"}) stream.Add(TraceOf({model}));
    EXPECT_EQ(folder_.Read("t.0"), "[" + Json(1, "a") + "," + Json(1, "b") + "]");
    EXPECT_EQ(folder_.Read("t.1"), "[" + Json(1, "c") + "," + Json(1, "d") + "]");
    EXPECT_FALSE(folder_.Has("t.2"));
  }
  EXPECT_EQ(folder_.Read("t.2"), "[" + Json(1, "e") + "]");
  EXPECT_FALSE(folder_.Has("t"));
}

}  // namespace
}  // namespace neso
