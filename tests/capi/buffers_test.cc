// Requests as data: what is set is what is read.
#include <memory>

#include "embedding.h"

namespace embedding {
namespace {

using ::testing::HasSubstr;

TEST(BufferAttributesTest, KeepWhatIsSet) {
  TRITONSERVER_BufferAttributes* attributes = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesNew(&attributes)), "");
  int handle = 0;
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetByteSize(attributes, 64)), "");
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetMemoryType(attributes, TRITONSERVER_MEMORY_GPU)), "");
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetMemoryTypeId(attributes, 3)), "");
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetCudaIpcHandle(attributes, &handle)), "");
  size_t size = 0;
  TRITONSERVER_MemoryType type;
  int64_t id = 0;
  void* found = nullptr;
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesByteSize(attributes, &size)), "");
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesMemoryType(attributes, &type)), "");
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesMemoryTypeId(attributes, &id)), "");
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesCudaIpcHandle(attributes, &found)), "");
  EXPECT_EQ(size, 64U);
  EXPECT_EQ(type, TRITONSERVER_MEMORY_GPU);
  EXPECT_EQ(id, 3);
  EXPECT_EQ(found, &handle);
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesSetMemoryType(attributes, static_cast<TRITONSERVER_MemoryType>(3))),
            "Invalid argument: unknown memory type 3");
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesDelete(attributes)), "");
}

class RequestTest : public ::testing::Test {
 protected:
  RequestTest() {
    models_.Add("m", "slow");
    server_ = std::make_unique<EmbeddedServer>(models_);
    EXPECT_EQ(Text(TRITONSERVER_InferenceRequestNew(&request_, server_->get(), "m", -1)), "");
  }
  ~RequestTest() override { EXPECT_EQ(Text(TRITONSERVER_InferenceRequestDelete(request_)), ""); }

  ModelFolder models_;
  std::unique_ptr<EmbeddedServer> server_;
  TRITONSERVER_InferenceRequest* request_ = nullptr;
};

TEST_F(RequestTest, KeepsItsProperties) {
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetId(request_, "x")), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetFlags(request_, TRITONSERVER_REQUEST_FLAG_SEQUENCE_START)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetPriorityUInt64(request_, 1ULL << 40)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetTimeoutMicroseconds(request_, 99)), "");
  const char* id = nullptr;
  uint32_t flags = 0, priority = 0;
  uint64_t long_priority = 0, timeout = 0;
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestId(request_, &id)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestFlags(request_, &flags)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestPriority(request_, &priority)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestPriorityUInt64(request_, &long_priority)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestTimeoutMicroseconds(request_, &timeout)), "");
  EXPECT_STREQ(id, "x");
  EXPECT_EQ(flags, 1U);
  EXPECT_EQ(priority, 0xFFFFFFFFU);
  EXPECT_EQ(long_priority, 1ULL << 40);
  EXPECT_EQ(timeout, 99U);
}

TEST_F(RequestTest, ItsSequenceIsANumberOrAText) {
  uint64_t number = 0;
  const char* text = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetCorrelationId(request_, 5)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestCorrelationId(request_, &number)), "");
  EXPECT_EQ(number, 5U);
  EXPECT_THAT(Text(TRITONSERVER_InferenceRequestCorrelationIdString(request_, &text)), HasSubstr("Invalid argument"));
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetCorrelationIdString(request_, "five")), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestCorrelationIdString(request_, &text)), "");
  EXPECT_STREQ(text, "five");
  EXPECT_THAT(Text(TRITONSERVER_InferenceRequestCorrelationId(request_, &number)), HasSubstr("Invalid argument"));
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestSetCorrelationIdString(request_, std::string(129, 'x').c_str())),
            "Invalid argument: string correlation ID cannot be longer than 128 characters");
}

TEST_F(RequestTest, InputsAreAddedOnceAndFilledByName) {
  const int64_t shape[] = {1, 1};
  const auto add = [&](const char* name) {
    return Text(TRITONSERVER_InferenceRequestAddInput(request_, name, TRITONSERVER_TYPE_INT32, shape, 2));
  };
  EXPECT_EQ(add("IN"), "");
  EXPECT_EQ(add("IN"), "Invalid argument: [request id: <id_unknown>] input 'IN' already exists in request");
  int32_t data = 0;
  EXPECT_THAT(
      Text(TRITONSERVER_InferenceRequestAppendInputData(request_, "OTHER", &data, 4, TRITONSERVER_MEMORY_CPU, 0)),
      HasSubstr("input 'OTHER' does not exist in request"));
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestAppendInputData(request_, "IN", &data, 4,
                                                              static_cast<TRITONSERVER_MemoryType>(3), 0)),
            "Invalid argument: unknown memory type 3");
  EXPECT_THAT(
      Text(TRITONSERVER_InferenceRequestAppendInputData(request_, "IN", nullptr, 4, TRITONSERVER_MEMORY_CPU, 0)),
      HasSubstr("null data"));
  EXPECT_THAT(Text(TRITONSERVER_InferenceRequestAddRawInput(request_, "RAW")), HasSubstr("Invalid argument"));
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestRemoveInput(request_, "IN")), "");
  EXPECT_EQ(add("IN"), "");
}

}  // namespace
}  // namespace embedding
