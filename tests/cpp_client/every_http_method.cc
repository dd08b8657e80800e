// What is the HTTP client's own; with either_client.cc every method, once as it should be and once as it should not. The
// server has the model "simple" and the identity models "identity" (INT32), "floats" and "strings", allows shared memory, and
// loads models when asked to.
#include "either_client.h"
#include "json_utils.h"
#include "shm_utils.h"

namespace {

using HttpClientTest = ClientTest;
using Compression = Client::CompressionType;

TEST_F(HttpClientTest, TellsMetadata) {
  EXPECT_OK(client->ServerMetadata(&text, {{"X-Any", "value"}}, {{"any", "value"}}));
  rapidjson::Document json;
  EXPECT_OK(tc::ParseJson(&json, text));
  EXPECT_GT(json["extensions"].Size(), 3u);
  EXPECT_FALSE(tc::ParseJson(&json, text + "}").IsOk());
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

TEST_F(HttpClientTest, TellsWhichMemoryIsShared) {
  const std::string key = "/cpp-client-status-" + std::to_string(getpid());
  int fd;
  ASSERT_OK(tc::CreateSharedMemoryRegion(key, 64, &fd));
  EXPECT_OK(client->RegisterSystemSharedMemory("shown", key, 64));
  EXPECT_OK(client->SystemSharedMemoryStatus(&text, "shown"));
  EXPECT_NE(text.find(key), std::string::npos);
  EXPECT_OK(client->UnregisterSystemSharedMemory("shown"));
  EXPECT_FALSE(client->SystemSharedMemoryStatus(&text, "shown").IsOk());
  EXPECT_OK(client->CudaSharedMemoryStatus(&text));
  EXPECT_OK(tc::CloseSharedMemory(fd));
  EXPECT_OK(tc::UnlinkSharedMemoryRegion(key));
}

TEST_F(HttpClientTest, SaysWhatItsAccessorsLack) {
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {output.get()}));
  const uint8_t* data;
  size_t byte_size;
  EXPECT_EQ(std::unique_ptr<tc::InferResult>(answer)->RawData("x", &data, &byte_size).Message(),
            "The response does not contain results for output name x");
  const tc::Error error = client->Infer(&answer, tc::InferOptions("nobody"), {input.get()});
  const std::unique_ptr<tc::InferResult> failed(answer);
  EXPECT_EQ(failed->ModelName(&text).Message(), error.Message());
  std::vector<int64_t> shape;
  EXPECT_EQ(failed->Shape("OUTPUT0", &shape).Message(), error.Message());
  EXPECT_EQ(client->AsyncInferMulti(nullptr, {options}, {{input.get()}}).Message(),
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

TEST_F(HttpClientTest, ArraysMayNestDeeperThanCalls) {
  const std::string nested(1'000'000, '['), closed(1'000'000, ']');
  const std::string json =
      R"({"outputs":[{"name":"y","datatype":"INT8","shape":[2],"data":)" + nested + "5],[6" + closed + "}]}";
  tc::InferResult* answer = nullptr;
  ASSERT_OK(Client::ParseResponseBody(&answer, {json.begin(), json.end()}));
  EXPECT_EQ(Values<int8_t>(*std::unique_ptr<tc::InferResult>(answer), "y"), (std::vector<int8_t>{5, 6}));
}

TEST_F(HttpClientTest, TellsWhichHeaderCannotBeSent) {
  bool live = true;
  for (const std::string name : {"", "two words", "a:b", "a\r\nb"}) {
    EXPECT_EQ(client->IsServerLive(&live, {{name, "x"}}).Message(),
              "header '" + name + "': expected a name without colons, blanks and line ends");
    EXPECT_FALSE(live);
  }
  const std::string message = "header 'X': expected a value without line ends";
  EXPECT_EQ(client->ServerMetadata(&text, {{"X", "a\r\nY: b"}}).Message(), message);
  EXPECT_EQ(client->UnloadModel("spare", {{"X", "a\r\nY: b"}}).Message(), message);
  tc::InferResult* answer = nullptr;
  EXPECT_EQ(client->Infer(&answer, options, {input.get()}, {}, {{"X", "a\r\nY: b"}}).Message(), message);
  EXPECT_OK(client->IsServerLive(&live, {{"X", "caf\u00e9 a\tb"}}));
}

TEST_F(HttpClientTest, AUrlMayEndInASlash) {
  bool live = false;
  EXPECT_OK(Connect("http://" + server_url + "/")->IsServerLive(&live));
  EXPECT_TRUE(live);
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
