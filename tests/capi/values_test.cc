// The small things of the interface: versions, texts of enumerations, errors, parameters, messages, null arguments.
#include "embedding.h"
#include "triton/core/tritoncache.h"
#include "triton/core/tritonrepoagent.h"

// Exported for the tests of cache libraries, and not declared.
extern "C" TRITONSERVER_Error* TRITONCACHE_CacheEntryNew(TRITONCACHE_CacheEntry** entry);
extern "C" TRITONSERVER_Error* TRITONCACHE_CacheEntryDelete(TRITONCACHE_CacheEntry* entry);

namespace embedding {
namespace {

using ::testing::HasSubstr;

TEST(ValuesTest, VersionsAreThoseOfTheHeaders) {
  uint32_t major = 0, minor = 0;
  ASSERT_EQ(Text(TRITONSERVER_ApiVersion(&major, &minor)), "");
  EXPECT_EQ(major, 1U);
  EXPECT_EQ(minor, 34U);
  ASSERT_EQ(Text(TRITONCACHE_ApiVersion(&major, &minor)), "");
  EXPECT_EQ(minor, 1U);
  ASSERT_EQ(Text(TRITONREPOAGENT_ApiVersion(&major, &minor)), "");
  EXPECT_EQ(minor, 1U);
}

TEST(ValuesTest, EnumerationsHaveTexts) {
  EXPECT_STREQ(TRITONSERVER_DataTypeString(TRITONSERVER_TYPE_BF16), "BF16");
  EXPECT_STREQ(TRITONSERVER_DataTypeString(static_cast<TRITONSERVER_DataType>(99)), "<invalid>");
  EXPECT_EQ(TRITONSERVER_StringToDataType("BYTES"), TRITONSERVER_TYPE_BYTES);
  EXPECT_EQ(TRITONSERVER_StringToDataType("bytes"), TRITONSERVER_TYPE_INVALID);
  EXPECT_EQ(TRITONSERVER_StringToDataType(nullptr), TRITONSERVER_TYPE_INVALID);
  EXPECT_EQ(TRITONSERVER_DataTypeByteSize(TRITONSERVER_TYPE_FP64), 8U);
  EXPECT_EQ(TRITONSERVER_DataTypeByteSize(TRITONSERVER_TYPE_BYTES), 0U);
  EXPECT_STREQ(TRITONSERVER_MemoryTypeString(TRITONSERVER_MEMORY_CPU_PINNED), "CPU_PINNED");
  EXPECT_STREQ(TRITONSERVER_ParameterTypeString(TRITONSERVER_PARAMETER_DOUBLE), "DOUBLE");
  EXPECT_STREQ(TRITONSERVER_InstanceGroupKindString(TRITONSERVER_INSTANCEGROUPKIND_MODEL), "MODEL");
  EXPECT_STREQ(TRITONSERVER_InferenceTraceLevelString(TRITONSERVER_TRACE_LEVEL_TENSORS), "TENSORS");
  EXPECT_STREQ(TRITONSERVER_InferenceTraceActivityString(TRITONSERVER_TRACE_TENSOR_BACKEND_OUTPUT),
               "TENSOR_BACKEND_OUTPUT");
}

TEST(ValuesTest, ErrorsKeepCodeAndMessage) {
  TRITONSERVER_Error* error = TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_NOT_FOUND, "gone");
  EXPECT_EQ(TRITONSERVER_ErrorCode(error), TRITONSERVER_ERROR_NOT_FOUND);
  EXPECT_STREQ(TRITONSERVER_ErrorCodeString(error), "Not found");
  EXPECT_STREQ(TRITONSERVER_ErrorMessage(error), "gone");
  TRITONSERVER_ErrorDelete(error);
  TRITONSERVER_ErrorDelete(nullptr);
  EXPECT_EQ(Text(TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_CANCELLED, "x")), "<invalid code>: x");
}

TEST(ValuesTest, MessagesAreJson) {
  const std::string json = R"({"a":[1,2.5,"x"]})";
  EXPECT_EQ(EmbeddedServer::Json([&](TRITONSERVER_Message** message) {
              return TRITONSERVER_MessageNewFromSerializedJson(message, json.data(), json.size());
            }),
            json);
  TRITONSERVER_Message* message = nullptr;
  EXPECT_THAT(Text(TRITONSERVER_MessageNewFromSerializedJson(&message, "{\"a", 3)),
              HasSubstr("failed to parse the request JSON buffer: "));
}

TEST(ValuesTest, NullArgumentsAreErrors) {
  bool flag = false;
  EXPECT_THAT(Text(TRITONSERVER_ServerIsLive(nullptr, &flag)), HasSubstr("Invalid argument"));
  EXPECT_THAT(Text(TRITONSERVER_ServerOptionsNew(nullptr)), HasSubstr("Invalid argument"));
  EXPECT_THAT(Text(TRITONSERVER_ServerNew(nullptr, nullptr)), HasSubstr("Invalid argument"));
  EXPECT_THAT(Text(TRITONSERVER_InferenceRequestSetId(nullptr, "x")), HasSubstr("Invalid argument"));
  EXPECT_THAT(Text(TRITONSERVER_ResponseAllocatorNew(nullptr, nullptr, nullptr, nullptr)),
              HasSubstr("Invalid argument"));
  EXPECT_THAT(Text(TRITONSERVER_MetricNew(nullptr, nullptr, nullptr, 0)), HasSubstr("Invalid argument"));
  EXPECT_THAT(Text(TRITONREPOAGENT_State(nullptr, nullptr)), HasSubstr("Invalid argument"));
  EXPECT_EQ(Text(TRITONSERVER_ServerDelete(nullptr)), "");
  EXPECT_EQ(TRITONSERVER_ParameterNew(nullptr, TRITONSERVER_PARAMETER_INT, nullptr), nullptr);
}

TEST(ValuesTest, ModesThatThereAreNotAreRefused) {
  TRITONSERVER_ServerOptions* options = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_ServerOptionsNew(&options)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetModelControlMode(options, static_cast<TRITONSERVER_ModelControlMode>(3))),
            "Invalid argument: unknown control mode '3'");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetModelControlMode(options, TRITONSERVER_MODEL_CONTROL_POLL)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetRateLimiterMode(options, TRITONSERVER_RATE_LIMIT_EXEC_COUNT)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsDelete(options)), "");
}

TEST(ValuesTest, CacheEntriesAreBuffers) {
  TRITONCACHE_CacheEntry* entry = nullptr;
  ASSERT_EQ(Text(TRITONCACHE_CacheEntryNew(&entry)), "");
  TRITONSERVER_BufferAttributes* attributes = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesNew(&attributes)), "");
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetByteSize(attributes, 5)), "");
  int first = 0, second = 0;
  EXPECT_EQ(Text(TRITONCACHE_CacheEntryAddBuffer(entry, &first, attributes)), "");
  EXPECT_EQ(Text(TRITONCACHE_CacheEntrySetBuffer(entry, 0, &second, nullptr)), "");
  size_t count = 0, byte_size = 0;
  EXPECT_EQ(Text(TRITONCACHE_CacheEntryBufferCount(entry, &count)), "");
  EXPECT_EQ(count, 1U);
  void* base = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetByteSize(attributes, 0)), "");
  EXPECT_EQ(Text(TRITONCACHE_CacheEntryGetBuffer(entry, 0, &base, attributes)), "");
  EXPECT_EQ(base, &second);
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesByteSize(attributes, &byte_size)), "");
  EXPECT_EQ(byte_size, 5U);
  EXPECT_EQ(Text(TRITONCACHE_CacheEntryGetBuffer(entry, 1, &base, attributes)),
            "Invalid argument: out of bounds index 1: the cache entry has 1 buffers");
  EXPECT_THAT(Text(TRITONCACHE_CacheEntrySetBuffer(entry, 7, &first, nullptr)), HasSubstr("out of bounds index 7"));
  EXPECT_THAT(Text(TRITONCACHE_Copy(nullptr, entry)), HasSubstr("unexpected null"));
  EXPECT_EQ(Text(TRITONSERVER_BufferAttributesDelete(attributes)), "");
  EXPECT_EQ(Text(TRITONCACHE_CacheEntryDelete(entry)), "");
}

TEST(ValuesTest, LogSettingsNeedNoOptions) {
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetLogVerbose(nullptr, 1)), "");
  EXPECT_TRUE(TRITONSERVER_LogIsEnabled(TRITONSERVER_LOG_VERBOSE));
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetLogVerbose(nullptr, 0)), "");
  EXPECT_FALSE(TRITONSERVER_LogIsEnabled(TRITONSERVER_LOG_VERBOSE));
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetLogInfo(nullptr, false)), "");
  EXPECT_FALSE(TRITONSERVER_LogIsEnabled(TRITONSERVER_LOG_INFO));
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetLogInfo(nullptr, true)), "");
  EXPECT_EQ(Text(TRITONSERVER_LogMessage(TRITONSERVER_LOG_INFO, __FILE__, __LINE__, "from an embedder")), "");
}

}  // namespace
}  // namespace embedding
