// Every method of the HTTP client, once as it should be and once as it should not. The server has the model "simple" and
// the identity models "identity" (INT32), "floats" and "strings", allows shared memory, and loads models when asked to.
#include "http_client.h"
#include "shm_utils.h"
#include "support.h"

namespace {

using Client = tc::InferenceServerHttpClient;
using Compression = Client::CompressionType;

std::unique_ptr<Client> Connect(const std::string& url = server_url) {
  std::unique_ptr<Client> client;
  EXPECT_OK(Client::Create(&client, url));
  return client;
}

const std::vector<int32_t> kNumbers = {1, -2, 3, 2147483647};

class HttpClientTest : public testing::Test {
 protected:
  std::unique_ptr<Client> client = Connect();
  std::unique_ptr<tc::InferInput> input = Input("INPUT0", "INT32", kNumbers);
  std::unique_ptr<tc::InferRequestedOutput> output = Output("OUTPUT0");
  tc::InferOptions options{"identity"};
  std::string text;
};

TEST_F(HttpClientTest, TellsHealthAndMetadata) {
  bool yes = false;
  EXPECT_OK(client->IsServerLive(&yes));
  EXPECT_TRUE(yes);
  EXPECT_OK(client->IsServerReady(&yes));
  EXPECT_TRUE(yes);
  EXPECT_OK(client->IsModelReady(&yes, "identity", "1"));
  EXPECT_TRUE(yes);
  EXPECT_OK(client->IsModelReady(&yes, "nobody"));
  EXPECT_FALSE(yes);
  EXPECT_OK(client->ServerMetadata(&text, {{"X-Any", "value"}}, {{"any", "value"}}));
  EXPECT_NE(text.find("\"extensions\""), std::string::npos);
  EXPECT_OK(client->ModelMetadata(&text, "identity"));
  EXPECT_NE(text.find("OUTPUT0"), std::string::npos);
  EXPECT_OK(client->ModelConfig(&text, "identity", "1"));
  EXPECT_NE(text.find("max_batch_size"), std::string::npos);
  EXPECT_OK(client->ModelInferenceStatistics(&text));
  EXPECT_OK(client->ModelInferenceStatistics(&text, "identity"));
  EXPECT_NE(text.find("model_stats"), std::string::npos);
  EXPECT_NE(client->ModelMetadata(&text, "nobody").Message().find("unknown model"), std::string::npos);
  EXPECT_FALSE(client->ModelConfig(&text, "nobody").IsOk());
  EXPECT_FALSE(client->ModelInferenceStatistics(&text, "nobody").IsOk());
}

TEST_F(HttpClientTest, TellsWhyNobodyAnswers) {
  const auto nowhere = Connect("127.0.0.1:1");
  bool live = true;
  EXPECT_EQ(nowhere->IsServerLive(&live).Message().rfind("HTTP client failed: ", 0), 0u);
  EXPECT_FALSE(live);
  tc::InferResult* result = nullptr;
  const tc::Error error = nowhere->Infer(&result, options, {input.get()});
  EXPECT_EQ(error.Message().rfind("HTTP client failed: ", 0), 0u) << error;
  delete result;
  std::unique_ptr<Client> none;
  EXPECT_FALSE(Client::Create(&none, "").IsOk());
}

TEST_F(HttpClientTest, LoadsAndUnloads) {
  EXPECT_OK(client->ModelRepositoryIndex(&text));
  EXPECT_NE(text.find("\"spare\""), std::string::npos);
  const std::string config =
      R"({"backend": "identity", "input": [{"name": "A", "data_type": "TYPE_INT8", "dims": [2]}],)"
      R"( "output": [{"name": "B", "data_type": "TYPE_INT8", "dims": [2]}]})";
  EXPECT_OK(client->LoadModel("spare", {}, {}, config));
  EXPECT_OK(client->ModelMetadata(&text, "spare"));
  EXPECT_NE(text.find("INT8"), std::string::npos);
  EXPECT_OK(client->UnloadModel("spare"));
  EXPECT_OK(client->LoadModel("made_here", {}, {}, config, {{"file:1/any", {'a', '\0', 'b'}}}));
  EXPECT_OK(client->UnloadModel("made_here"));
  EXPECT_NE(client->LoadModel("nobody").Message().find("failed to load 'nobody'"), std::string::npos);
}

TEST_F(HttpClientTest, ChangesTraceSettings) {
  EXPECT_OK(client->UpdateTraceSettings(&text, "identity", {{"trace_level", {"TIMESTAMPS"}}, {"trace_rate", {"7"}}}));
  EXPECT_NE(text.find(R"("trace_rate":"7")"), std::string::npos) << text;
  EXPECT_OK(client->UpdateTraceSettings(&text, "identity", {{"trace_rate", {}}}));
  EXPECT_OK(client->GetTraceSettings(&text));
  EXPECT_OK(client->GetTraceSettings(&text, "identity"));
  EXPECT_EQ(text.find(R"("trace_rate":"7")"), std::string::npos) << text;
  EXPECT_FALSE(client->UpdateTraceSettings(&text, "", {{"trace_rate", {"often"}}}).IsOk());
}

TEST_F(HttpClientTest, SharesMemory) {
  constexpr size_t kPage = 4096;
  const std::string key = "/cpp-client-" + std::to_string(getpid());
  int fd;
  void* memory;
  ASSERT_OK(tc::CreateSharedMemoryRegion(key, kPage, &fd));
  ASSERT_OK(tc::MapSharedMemory(fd, 0, kPage, &memory));
  EXPECT_OK(tc::CloseSharedMemory(fd));
  EXPECT_OK(client->RegisterSystemSharedMemory("region", key, kPage));
  EXPECT_OK(client->SystemSharedMemoryStatus(&text, "region"));
  EXPECT_NE(text.find(key), std::string::npos);

  auto* numbers = static_cast<int32_t*>(memory);
  std::copy(kNumbers.begin(), kNumbers.end(), numbers);
  EXPECT_OK(input->SetSharedMemory("region", 16));
  EXPECT_OK(output->SetSharedMemory("region", 16, 64));
  tc::InferResult* result = nullptr;
  EXPECT_OK(client->Infer(&result, options, {input.get()}, {output.get()}));
  EXPECT_EQ(std::vector<int32_t>(numbers + 16, numbers + 20), kNumbers);
  delete result;

  EXPECT_OK(client->UnregisterSystemSharedMemory("region"));
  EXPECT_FALSE(client->SystemSharedMemoryStatus(&text, "region").IsOk());
  EXPECT_OK(client->UnregisterSystemSharedMemory());
  EXPECT_OK(client->CudaSharedMemoryStatus(&text));
  EXPECT_FALSE(client->RegisterCudaSharedMemory("gpu", tc::cudaIpcMemHandle_t(), 0, 64).IsOk());
  EXPECT_OK(client->UnregisterCudaSharedMemory());
  EXPECT_OK(tc::UnmapSharedMemory(memory, kPage));
  EXPECT_OK(tc::UnlinkSharedMemoryRegion(key));
}

TEST(SharedMemoryTest, TellsWhatFailed) {
  int fd;
  void* memory;
  EXPECT_EQ(tc::CreateSharedMemoryRegion("/a/b", 8, &fd).Message(),
            "unable to get shared memory descriptor for shared-memory key '/a/b'");
  EXPECT_EQ(tc::MapSharedMemory(-1, 0, 8, &memory).Message(),
            "unable to process address space or shared-memory descriptor: -1");
  EXPECT_EQ(tc::CloseSharedMemory(-1).Message(), "unable to close shared-memory descriptor: -1");
  EXPECT_EQ(tc::UnlinkSharedMemoryRegion("/nobody").Message(), "unable to unlink shared memory for key '/nobody'");
  EXPECT_EQ(tc::UnmapSharedMemory(reinterpret_cast<void*>(1), 8).Message(), "unable to munmap shared memory region");
}

TEST_F(HttpClientTest, Infers) {
  options.request_id_ = "one";
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {output.get()}));
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers);
  std::vector<int64_t> shape;
  EXPECT_OK(result->Shape("OUTPUT0", &shape));
  EXPECT_EQ(shape, (std::vector<int64_t>{1, 4}));
  EXPECT_OK(result->Datatype("OUTPUT0", &text));
  EXPECT_EQ(text, "INT32");
  EXPECT_OK(result->ModelName(&text));
  EXPECT_EQ(text, "identity");
  EXPECT_OK(result->ModelVersion(&text));
  EXPECT_EQ(text, "1");
  EXPECT_OK(result->Id(&text));
  EXPECT_EQ(text, "one");
  bool last = false, nothing = true;
  EXPECT_OK(result->IsFinalResponse(&last));
  EXPECT_OK(result->IsNullResponse(&nothing));
  EXPECT_TRUE(last);
  EXPECT_FALSE(nothing);
  EXPECT_NE(result->DebugString().find("OUTPUT0"), std::string::npos);

  const uint8_t* data;
  size_t byte_size;
  std::vector<std::string> strings;
  EXPECT_EQ(result->RawData("x", &data, &byte_size).Message(),
            "The response does not contain results for output name x");
  EXPECT_EQ(result->StringData("OUTPUT0", &strings).Message(),
            "This function supports tensors with datatype 'BYTES', requested output tensor 'OUTPUT0' with datatype "
            "'INT32'");
  EXPECT_EQ(result->IsFinalResponse(nullptr).Message(), "is_final_response cannot be nullptr");
  EXPECT_EQ(result->IsNullResponse(nullptr).Message(), "is_null_response cannot be nullptr");
}

TEST_F(HttpClientTest, GivesTheServersErrorFromEveryAccessor) {
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, tc::InferOptions("nobody"), {input.get()});
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_NE(error.Message().find("unknown model"), std::string::npos) << error;
  EXPECT_EQ(result->RequestStatus().Message(), error.Message());
  EXPECT_EQ(result->ModelName(&text).Message(), error.Message());
  std::vector<int64_t> shape;
  EXPECT_EQ(result->Shape("OUTPUT0", &shape).Message(), error.Message());
}

TEST_F(HttpClientTest, InfersAsynchronously) {
  Answer<tc::InferResult*> answer;
  ASSERT_OK(client->AsyncInfer(answer.callback(), options, {input.get()}));
  const std::unique_ptr<tc::InferResult> result(answer.Wait());
  EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers);
  EXPECT_EQ(client->AsyncInfer(nullptr, options, {input.get()}).Message(),
            "Callback function must be provided along with AsyncInfer() call.");
  tc::InferStat stat;
  EXPECT_OK(client->ClientInferStat(&stat));
  EXPECT_EQ(stat.completed_request_count, 1u);
  EXPECT_GE(stat.cumulative_total_request_time_ns, stat.cumulative_send_time_ns + stat.cumulative_receive_time_ns);
}

TEST_F(HttpClientTest, InfersSeveral) {
  const std::vector<std::vector<tc::InferInput*>> inputs(3, {input.get()});
  std::vector<tc::InferResult*> results;
  EXPECT_OK(client->InferMulti(&results, {options}, inputs));
  EXPECT_EQ(results.size(), 3u);
  for (tc::InferResult* result : results) EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers), delete result;

  results.clear();
  const tc::InferOptions unknown("nobody");
  EXPECT_FALSE(client->InferMulti(&results, {options, unknown, options}, inputs).IsOk());
  EXPECT_EQ(results.size(), 2u);
  for (tc::InferResult* result : results) delete result;

  EXPECT_EQ(client->InferMulti(&results, {options, options}, inputs).Message(),
            "'options' must either contain 1 element or match size of 'inputs'");
  EXPECT_EQ(client->InferMulti(&results, {options}, inputs, {{}, {}}).Message(),
            "'outputs' must either contain 0/1 element or match size of 'inputs'");
}

TEST_F(HttpClientTest, InfersSeveralAsynchronously) {
  const std::vector<std::vector<tc::InferInput*>> inputs(3, {input.get()});
  Answer<std::vector<tc::InferResult*>> answer;
  const tc::InferOptions unknown("nobody");
  ASSERT_OK(client->AsyncInferMulti(answer.callback(), {options, unknown, options}, inputs, {{output.get()}}));
  const auto results = answer.Wait();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_OK(results[0]->RequestStatus());
  EXPECT_FALSE(results[1]->RequestStatus().IsOk());
  EXPECT_EQ(Values<int32_t>(*results[2], "OUTPUT0"), kNumbers);
  for (tc::InferResult* result : results) delete result;
  EXPECT_EQ(client->AsyncInferMulti(nullptr, {options}, inputs).Message(),
            "Callback function must be provided along with AsyncInfer() call.");
}

TEST_F(HttpClientTest, CompressesBothWays) {
  const std::vector<int32_t> many(100'000, 7);
  const auto large = Input("INPUT0", "INT32", many);
  for (const Compression type : {Compression::DEFLATE, Compression::GZIP, Compression::NONE}) {
    tc::InferResult* answer = nullptr;
    ASSERT_OK(client->Infer(&answer, options, {large.get()}, {}, {}, {}, type, type));
    const std::unique_ptr<tc::InferResult> result(answer);
    EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), many);
  }
}

TEST_F(HttpClientTest, SendsAndReadsJson) {
  EXPECT_OK(input->SetBinaryData(false));
  EXPECT_OK(output->SetBinaryData(false));
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {output.get()}));
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_EQ(Values<int32_t>(*result, "OUTPUT0"), kNumbers);

  const std::vector<float> numbers = {0.1f, -1e30f};
  const auto floats = Input("INPUT0", "FP32", numbers);
  EXPECT_OK(floats->SetBinaryData(false));
  ASSERT_OK(client->Infer(&answer, tc::InferOptions("floats"), {floats.get()}, {output.get()}));
  EXPECT_EQ(Values<float>(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT0"), numbers);

  const auto strings = Input("INPUT0", {1, 2}, "BYTES");
  EXPECT_OK(strings->AppendFromString({"caf\u00e9", ""}));
  EXPECT_OK(strings->SetBinaryData(false));
  ASSERT_OK(client->Infer(&answer, tc::InferOptions("strings"), {strings.get()}, {output.get()}));
  std::vector<std::string> got;
  EXPECT_OK(std::unique_ptr<tc::InferResult>(answer)->StringData("OUTPUT0", &got));
  EXPECT_EQ(got, (std::vector<std::string>{"caf\u00e9", ""}));

  const auto half = Input("INPUT0", {1, 1}, "FP16");
  EXPECT_OK(half->SetBinaryData(false));
  EXPECT_EQ(client->Infer(&answer, options, {half.get()}).Message(),
            "datatype 'FP16' is not supported with JSON. Please use the binary data format");
}

TEST_F(HttpClientTest, MakesAndReadsBodiesAlone) {
  options.request_id_ = "r";
  options.sequence_id_str_ = "s";
  options.sequence_start_ = true;
  options.priority_ = 2;
  options.server_timeout_ = 5;
  options.request_parameters["a"] = {"a", "12", "int"};
  options.request_parameters["b"] = {"b", "x", "unknown"};
  std::vector<char> body;
  size_t header_length;
  ASSERT_OK(Client::GenerateRequestBody(&body, &header_length, options, {input.get()}));
  EXPECT_EQ(std::string(body.data(), header_length),
            R"({"id":"r","parameters":{"sequence_id":"s","sequence_start":true,"sequence_end":false,"priority":2,)"
            R"("timeout":5,"binary_data_output":true,"a":12},"inputs":[{"name":"INPUT0","shape":[1,4],)"
            R"("datatype":"INT32","parameters":{"binary_data_size":16}}]})");
  EXPECT_EQ(body.size(), header_length + 16);
  options.request_parameters["a"].value = "many";
  EXPECT_EQ(Client::GenerateRequestBody(&body, &header_length, options, {input.get()}).Message(),
            "request parameter 'a': expected an integer, got 'many'");

  const std::string json =
      R"({"model_name":"m","outputs":[{"name":"y","datatype":"INT8","shape":[2],"parameters":{"binary_data_size":2}}]})";
  body.assign(json.begin(), json.end());
  body.insert(body.end(), {5, 6});
  tc::InferResult* answer = nullptr;
  ASSERT_OK(Client::ParseResponseBody(&answer, body, json.size()));
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_EQ(Values<int8_t>(*result, "y"), (std::vector<int8_t>{5, 6}));
  EXPECT_EQ(result->Id(&text).Message(), "model id was not returned in the response");
  body.pop_back();
  EXPECT_EQ(Client::ParseResponseBody(&answer, body, json.size()).Message(),
            "output 'y' should have 2 bytes, but 1 came");
  delete answer;
}

TEST_F(HttpClientTest, GivesUpAfterItsTimeout) {
  options.model_name_ = "slow";
  options.client_timeout_ = 20'000;
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, options, {input.get()});
  EXPECT_EQ(error.Message().rfind("HTTP client failed (Deadline Exceeded): ", 0), 0u) << error;
  delete answer;
  Answer<tc::InferResult*> later;
  ASSERT_OK(client->AsyncInfer(later.callback(), options, {input.get()}));
  const std::unique_ptr<tc::InferResult> result(later.Wait());
  EXPECT_EQ(result->RequestStatus().Message(), "Deadline Exceeded");
}

TEST_F(HttpClientTest, DropsWhatIsUnderWayWhenItGoes) {
  options.model_name_ = "slow";
  bool called = false;
  ASSERT_OK(client->AsyncInfer([&called](tc::InferResult*) { called = true; }, options, {input.get()}));
  client.reset();
  EXPECT_FALSE(called);
}

}  // namespace
