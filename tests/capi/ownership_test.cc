// Who owns what the interface hands out and takes, function by function (docs/c-interface.md). What is the caller's is
// deleted here, and as early as it may be; a sanitizer tells a second owner from none.
#include <filesystem>

#include "embedding.h"

namespace embedding {
namespace {

using ::testing::HasSubstr;

class OwnershipTest : public ::testing::Test {
 protected:
  OwnershipTest() {
    models_.Add("m", "accountant");
    models_.Add("nested_0", "accountant");
    models_.Add("nested_1", "nested");
    server_ = std::make_unique<EmbeddedServer>(models_);
    EXPECT_EQ(server_->error(), "");
  }
  ModelFolder models_;
  std::unique_ptr<EmbeddedServer> server_;
};

// The errors of one failed response, asked for twice.
struct Errors {
  std::mutex mutex;
  std::condition_variable changed;
  TRITONSERVER_Error* first = nullptr;
  TRITONSERVER_Error* second = nullptr;
};

void KeepErrors(TRITONSERVER_InferenceResponse* response, uint32_t, void* userp) {
  auto& errors = *static_cast<Errors*>(userp);
  std::lock_guard lock(errors.mutex);
  errors.first = TRITONSERVER_InferenceResponseError(response);
  errors.second = TRITONSERVER_InferenceResponseError(response);
  EXPECT_EQ(Text(TRITONSERVER_InferenceResponseDelete(response)), "");
  errors.changed.notify_all();
}

TRITONSERVER_Error* AllocateNothing(TRITONSERVER_ResponseAllocator*, const char*, size_t, TRITONSERVER_MemoryType,
                                    int64_t, void*, void**, void**, TRITONSERVER_MemoryType*, int64_t*) {
  return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "no memory on purpose");
}
TRITONSERVER_Error* FreeNothing(TRITONSERVER_ResponseAllocator*, void*, void*, size_t, TRITONSERVER_MemoryType,
                                int64_t) {
  return nullptr;
}

TEST_F(OwnershipTest, TheErrorOfAResponseIsTheCallersAndOutlivesIt) {
  Call call(*server_, "m");
  call.SetInput(-1);
  TRITONSERVER_ResponseAllocator* allocator = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_ResponseAllocatorNew(&allocator, AllocateNothing, FreeNothing, nullptr)), "");
  Errors errors;
  ASSERT_EQ(
      Text(TRITONSERVER_InferenceRequestSetResponseCallback(call.request(), allocator, nullptr, KeepErrors, &errors)),
      "");
  ASSERT_EQ(call.Send(), "");
  {
    std::unique_lock lock(errors.mutex);
    errors.changed.wait(lock, [&] { return errors.second != nullptr; });
  }
  call.WaitForRelease();
  EXPECT_NE(errors.first, errors.second);
  const std::string expected = "Unavailable: no memory on purpose";
  EXPECT_EQ(Text(errors.first), expected);
  EXPECT_EQ(Text(errors.second), expected);
  ASSERT_EQ(Text(TRITONSERVER_ResponseAllocatorDelete(allocator)), "");
}

TEST_F(OwnershipTest, APlugInDeletesTheErrorOfAModelThatItCalled) {
  Call call(*server_, "nested_1");
  for (int round = 0; round < 3; ++round) {
    call.SetInput(-1);  // nested_1 asks nested_0, which answers with an error
    ASSERT_EQ(call.Send(), "");
    EXPECT_EQ(call.Wait().error, "Internal: negative on purpose");
    call.WaitForRelease();
  }
}

TEST_F(OwnershipTest, ABackendOwnsWhatItMakesAndNothingElse) {
  Call call(*server_, "m");
  for (int32_t value : {1, -1, 2}) {
    call.SetInput(value);
    ASSERT_EQ(call.Send(), "");
    const Answer answer = call.Wait();
    EXPECT_EQ(answer.error, value < 0 ? "Internal: negative on purpose" : "");
    EXPECT_EQ(answer.value, value < 0 ? 0 : value);
    call.WaitForRelease();
  }
  // Copied from attributes that are gone by now.
  EXPECT_THAT(server_->Statistics("m"), HasSubstr(R"("byte_size":1000)"));
  EXPECT_THAT(server_->Statistics("m"), HasSubstr(R"("byte_size":24)"));
}

TEST_F(OwnershipTest, ATraceIsTheServersWhateverBecomesOfTheRequest) {
  struct Count {
    std::mutex mutex;
    std::condition_variable changed;
    int released = 0;
  } count;
  const auto trace = [&count] {
    TRITONSERVER_InferenceTrace* made = nullptr;
    EXPECT_EQ(Text(TRITONSERVER_InferenceTraceNew(
                  &made, TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, 0,
                  [](TRITONSERVER_InferenceTrace*, TRITONSERVER_InferenceTraceActivity, uint64_t, void*) {},
                  [](TRITONSERVER_InferenceTrace* trace, void* userp) {
                    auto& count = *static_cast<Count*>(userp);
                    EXPECT_EQ(Text(TRITONSERVER_InferenceTraceDelete(trace)), "");
                    std::lock_guard lock(count.mutex);
                    ++count.released;
                    count.changed.notify_all();
                  },
                  &count)),
              "");
    return made;
  };
  Call call(*server_, "m");
  EXPECT_NE(call.Send(trace()), "");  // no input: the request stays the caller's
  call.SetInput(1);
  ASSERT_EQ(call.Send(trace()), "");
  call.Wait();
  call.WaitForRelease();
  std::unique_lock lock(count.mutex);
  count.changed.wait(lock, [&] { return count.released == 2; });
}

TEST_F(OwnershipTest, WhatARequestIsGivenIsCopied) {
  Call call(*server_, "m");
  std::string id = "request-17", key = "key", value = "value", correlation = "sequence";
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetId(call.request(), id.c_str())), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetStringParameter(call.request(), key.c_str(), value.c_str())), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetCorrelationIdString(call.request(), correlation.c_str())), "");
  for (std::string* text : {&id, &key, &value, &correlation}) text->assign(text->size(), 'x');
  const char* text = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestId(call.request(), &text)), "");
  EXPECT_STREQ(text, "request-17");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestCorrelationIdString(call.request(), &text)), "");
  EXPECT_STREQ(text, "sequence");

  // Only the tensor's bytes are not.
  call.SetInput(0);
  const int32_t number = 7;
  TRITONSERVER_BufferAttributes* attributes = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesNew(&attributes)), "");
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesSetByteSize(attributes, sizeof number)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestRemoveAllInputData(call.request(), "IN")), "");
  ASSERT_EQ(
      Text(TRITONSERVER_InferenceRequestAppendInputDataWithBufferAttributes(call.request(), "IN", &number, attributes)),
      "");
  ASSERT_EQ(Text(TRITONSERVER_BufferAttributesDelete(attributes)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetCorrelationId(call.request(), 0)), "");
  ASSERT_EQ(call.Send(), "");
  EXPECT_EQ(call.Wait().value, 7);
  call.WaitForRelease();
}

TEST_F(OwnershipTest, ParametersStayTheCallers) {
  const std::string config = ModelFolder::ConfigJson("accountant");
  TRITONSERVER_Parameter* parameter =
      TRITONSERVER_ParameterNew("config", TRITONSERVER_PARAMETER_STRING, config.c_str());
  const TRITONSERVER_Parameter* parameters[] = {parameter};
  ASSERT_EQ(Text(TRITONSERVER_ServerLoadModelWithParameters(server_->get(), "m", parameters, 1)), "");
  TRITONSERVER_ParameterDelete(parameter);

  ModelFolder more;
  std::filesystem::create_directories(more.path() + "/folder");
  parameter = TRITONSERVER_ParameterNew("folder", TRITONSERVER_PARAMETER_STRING, "mapped");
  parameters[0] = parameter;
  ASSERT_EQ(Text(TRITONSERVER_ServerRegisterModelRepository(server_->get(), more.path().c_str(), parameters, 1)), "");
  TRITONSERVER_ParameterDelete(parameter);
  EXPECT_THAT(server_->Index(), HasSubstr(R"("mapped")"));
  ASSERT_EQ(Text(TRITONSERVER_ServerUnregisterModelRepository(server_->get(), more.path().c_str())), "");
}

TEST_F(OwnershipTest, AMetricKeepsItsLabelsAndBounds) {
  TRITONSERVER_MetricFamily* family = nullptr;
  ASSERT_EQ(
      Text(TRITONSERVER_MetricFamilyNew(&family, TRITONSERVER_METRIC_KIND_HISTOGRAM, "owned_histogram", "about it")),
      "");
  TRITONSERVER_MetricArgs* args = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_MetricArgsNew(&args)), "");
  double bounds[] = {1, 2};
  ASSERT_EQ(Text(TRITONSERVER_MetricArgsSetHistogram(args, bounds, 2)), "");
  bounds[0] = bounds[1] = -1;
  TRITONSERVER_Parameter* label = TRITONSERVER_ParameterNew("who", TRITONSERVER_PARAMETER_STRING, "me");
  const TRITONSERVER_Parameter* labels[] = {label};
  TRITONSERVER_Metric* metric = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_MetricNewWithArgs(&metric, family, labels, 1, args)), "");
  TRITONSERVER_ParameterDelete(label);
  ASSERT_EQ(Text(TRITONSERVER_MetricArgsDelete(args)), "");
  ASSERT_EQ(Text(TRITONSERVER_MetricObserve(metric, 1.5)), "");
  EXPECT_THAT(server_->Metrics(), HasSubstr(R"(owned_histogram_bucket{who="me",le="2"} 1)"));
  EXPECT_THAT(Text(TRITONSERVER_MetricFamilyDelete(family)), HasSubstr("Must call MetricDelete"));
  ASSERT_EQ(Text(TRITONSERVER_MetricDelete(metric)), "");
  ASSERT_EQ(Text(TRITONSERVER_MetricFamilyDelete(family)), "");
}

TEST(OwnershipOfValuesTest, AMessageCopiesItsTextAndLendsIt) {
  std::string json = R"({"a":1})";
  TRITONSERVER_Message* message = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_MessageNewFromSerializedJson(&message, json.data(), json.size())), "");
  json.assign(json.size(), 'x');
  const char* base = nullptr;
  size_t size = 0;
  ASSERT_EQ(Text(TRITONSERVER_MessageSerializeToJson(message, &base, &size)), "");
  EXPECT_EQ(std::string(base, size), R"({"a":1})");
  ASSERT_EQ(Text(TRITONSERVER_MessageDelete(message)), "");
}

TEST(OwnershipOfValuesTest, AnErrorCopiesItsText) {
  std::string text = "reason";
  TRITONSERVER_Error* error = TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, text.c_str());
  text.assign(text.size(), 'x');
  EXPECT_EQ(Text(error), "Internal: reason");
}

TEST(OwnershipOfValuesTest, AChildTraceIsItsSpawnersAndKeepsAContextOfItsOwn) {
  TRITONSERVER_InferenceTrace* trace = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceNew(
                &trace, TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, 0,
                [](TRITONSERVER_InferenceTrace*, TRITONSERVER_InferenceTraceActivity, uint64_t, void*) {},
                [](TRITONSERVER_InferenceTrace*, void*) {}, nullptr)),
            "");
  std::string context = R"({"a":"b"})";
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceSetContext(trace, context.c_str())), "");
  context.assign(context.size(), 'x');
  TRITONSERVER_InferenceTrace* child = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceSpawnChildTrace(trace, &child)), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceDelete(trace)), "");
  const char* text = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceContext(child, &text)), "");
  EXPECT_STREQ(text, R"({"a":"b"})");
  ASSERT_EQ(Text(TRITONSERVER_InferenceTraceDelete(child)), "");
}

}  // namespace
}  // namespace embedding
