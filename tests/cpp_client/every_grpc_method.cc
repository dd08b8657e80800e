// What is the gRPC client's own; with either_client.cc every method, once as it should be and once as it should not. The
// server is that of every_http_method.cc, and has "talkative", a decoupled identity model that answers as often as "repeat"
// says.
#include <dirent.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "either_client.h"
#include "shm_utils.h"

namespace {

using GrpcClientTest = ClientTest;

TEST_F(GrpcClientTest, TellsMetadata) {
  inference::ServerMetadataResponse server;
  EXPECT_OK(client->ServerMetadata(&server, {{"X-Any", "value"}}, 60'000'000));
  EXPECT_GT(server.extensions_size(), 3);
  inference::ModelMetadataResponse model;
  EXPECT_OK(client->ModelMetadata(&model, "identity"));
  EXPECT_EQ(model.outputs(0).name(), "OUTPUT0");
  inference::ModelConfigResponse config;
  EXPECT_OK(client->ModelConfig(&config, "identity", "1"));
  EXPECT_EQ(config.config().max_batch_size(), 8);
  inference::ModelStatisticsResponse statistics;
  EXPECT_OK(client->ModelInferenceStatistics(&statistics));
  EXPECT_GT(statistics.model_stats_size(), 1);
  EXPECT_OK(client->ModelInferenceStatistics(&statistics, "identity"));
  EXPECT_EQ(statistics.model_stats_size(), 1);
  EXPECT_NE(client->ModelMetadata(&model, "nobody").Message().find("unknown model"), std::string::npos);
  EXPECT_EQ(model.name(), "");
  EXPECT_FALSE(client->ModelConfig(&config, "nobody").IsOk());
  EXPECT_FALSE(client->ModelInferenceStatistics(&statistics, "nobody").IsOk());
}

TEST_F(GrpcClientTest, TellsWhyNobodyAnswers) {
  const auto nowhere = Connect("127.0.0.1:1");
  bool live = true;
  EXPECT_FALSE(nowhere->IsServerLive(&live).IsOk());
  EXPECT_FALSE(live);
  tc::InferResult* answer = nullptr;
  const tc::Error error = nowhere->Infer(&answer, options, {input.get()});
  const std::unique_ptr<tc::InferResult> result(answer);
  EXPECT_FALSE(error.IsOk());
  EXPECT_EQ(result->RequestStatus().Message(), error.Message());
}

TEST_F(GrpcClientTest, TellsWhichHeaderCannotBeSent) {
  bool live;
  EXPECT_EQ(client->IsServerLive(&live, {{"two words", "x"}}).Message(),
            "header 'two words': expected a name of letters, digits, '-', '_' and '.'");
  EXPECT_EQ(client->IsServerLive(&live, {{"name", "two\nlines"}}).Message(),
            "header 'name': expected a value of visible ASCII characters and blanks");
}

TEST_F(GrpcClientTest, TellsWhichFileCannotBeRead) {
  std::unique_ptr<Client> none;
  tc::SslOptions ssl;
  ssl.private_key = "/nowhere/key";
  EXPECT_EQ(Client::Create(&none, server_url, false, true, ssl).Message(),
            "private_key: cannot read '/nowhere/key': No such file or directory");
  ssl.private_key = "/";
  EXPECT_EQ(Client::Create(&none, server_url, false, true, ssl).Message(),
            "private_key: cannot read '/': Is a directory");
}

TEST_F(GrpcClientTest, LoadsAndUnloads) {
  inference::RepositoryIndexResponse index;
  EXPECT_OK(client->ModelRepositoryIndex(&index));
  EXPECT_GT(index.models_size(), 3);
  const std::string config =
      R"({"backend": "identity", "input": [{"name": "A", "data_type": "TYPE_INT8", "dims": [2]}],)"
      R"( "output": [{"name": "B", "data_type": "TYPE_INT8", "dims": [2]}]})";
  EXPECT_OK(client->LoadModel("spare", {}, config));
  inference::ModelMetadataResponse model;
  EXPECT_OK(client->ModelMetadata(&model, "spare"));
  EXPECT_EQ(model.inputs(0).datatype(), "INT8");
  EXPECT_OK(client->UnloadModel("spare"));
  EXPECT_OK(client->LoadModel("made_here", {}, config, {{"file:1/any", {'a', '\0', 'b'}}}));
  EXPECT_OK(client->UnloadModel("made_here"));
  EXPECT_NE(client->LoadModel("nobody").Message().find("failed to load 'nobody'"), std::string::npos);
}

TEST_F(GrpcClientTest, ChangesTraceSettings) {
  inference::TraceSettingResponse settings;
  EXPECT_OK(
      client->UpdateTraceSettings(&settings, "identity", {{"trace_level", {"TIMESTAMPS"}}, {"trace_rate", {"7"}}}));
  EXPECT_EQ(settings.settings().at("trace_rate").value(0), "7");
  EXPECT_OK(client->UpdateTraceSettings(&settings, "identity", {{"trace_rate", {}}}));
  EXPECT_OK(client->GetTraceSettings(&settings));
  EXPECT_OK(client->GetTraceSettings(&settings, "identity"));
  EXPECT_NE(settings.settings().at("trace_rate").value(0), "7");
  EXPECT_FALSE(client->UpdateTraceSettings(&settings, "", {{"trace_rate", {"often"}}}).IsOk());
}

TEST_F(GrpcClientTest, TellsWhichMemoryIsShared) {
  const std::string key = "/cpp-client-status-" + std::to_string(getpid());
  int fd;
  ASSERT_OK(tc::CreateSharedMemoryRegion(key, 64, &fd));
  EXPECT_OK(client->RegisterSystemSharedMemory("shown", key, 64));
  inference::SystemSharedMemoryStatusResponse status;
  EXPECT_OK(client->SystemSharedMemoryStatus(&status, "shown"));
  EXPECT_EQ(status.regions().at("shown").key(), key);
  EXPECT_OK(client->UnregisterSystemSharedMemory("shown"));
  EXPECT_FALSE(client->SystemSharedMemoryStatus(&status, "shown").IsOk());
  inference::CudaSharedMemoryStatusResponse cuda_status;
  EXPECT_OK(client->CudaSharedMemoryStatus(&cuda_status));
  EXPECT_OK(tc::CloseSharedMemory(fd));
  EXPECT_OK(tc::UnlinkSharedMemoryRegion(key));
}

TEST_F(GrpcClientTest, SendsPiecesParametersAndStrings) {
  const std::vector<uint8_t> first(8, 1), second(8, 2);
  const auto pieces = Input("INPUT0", {1, 4}, "INT32");
  EXPECT_OK(pieces->AppendRaw(first));
  EXPECT_OK(pieces->AppendRaw(second));
  options.priority_ = 1;
  options.server_timeout_ = 10'000'000;
  options.request_parameters["text"] = {"text", "x", "string"};
  options.request_parameters["flag"] = {"flag", "true", "bool"};
  options.request_parameters["number"] = {"number", "-5", "int"};
  options.request_parameters["odd"] = {"odd", "x", "unknown"};
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {pieces.get()}));
  EXPECT_EQ(Values<int32_t>(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT0"),
            (std::vector<int32_t>{0x01010101, 0x01010101, 0x02020202, 0x02020202}));
  options.request_parameters["number"].value = "many";
  EXPECT_EQ(client->Infer(&answer, options, {pieces.get()}).Message(),
            "request parameter 'number': expected an integer, got 'many'");

  const auto strings = Input("INPUT0", {1, 2}, "BYTES");
  EXPECT_OK(strings->AppendFromString({"caf\u00e9", ""}));
  ASSERT_OK(client->Infer(&answer, tc::InferOptions("strings"), {strings.get()}));
  std::vector<std::string> got;
  EXPECT_OK(std::unique_ptr<tc::InferResult>(answer)->StringData("OUTPUT0", &got));
  EXPECT_EQ(got, (std::vector<std::string>{"caf\u00e9", ""}));
}

TEST_F(GrpcClientTest, RefusesWhatNoMessageCanHold) {
  const auto huge = Input("INPUT0", {1, 1 << 30}, "INT32");
  EXPECT_OK(huge->AppendRaw(reinterpret_cast<const uint8_t*>(kNumbers.data()), size_t{4} << 30));  // never read
  tc::InferResult* answer = nullptr;
  EXPECT_EQ(client->Infer(&answer, options, {huge.get()}).Message(),
            "Request has byte size 4294967296 which exceed gRPC's byte size limit 2147483647.");
}

TEST_F(GrpcClientTest, ClassifiesAndKeepsSequences) {
  const auto classes = Output("OUTPUT0", 2);
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {classes.get()}));
  std::vector<std::string> best;
  EXPECT_OK(std::unique_ptr<tc::InferResult>(answer)->StringData("OUTPUT0", &best));
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[1].substr(best[1].find(':')), ":2");  // the second best is the third value

  const std::vector<int32_t> five = {5};
  const auto value = Input("INPUT", "INT32", five);
  tc::InferOptions sequence("simple_sequence");
  sequence.sequence_id_str_ = "grpc-" + std::to_string(getpid());
  sequence.sequence_start_ = true;
  for (const int32_t sum : {5, 10, 15}) {
    sequence.sequence_end_ = sum == 15;
    ASSERT_OK(client->Infer(&answer, sequence, {value.get()}));
    EXPECT_EQ(Values<int32_t>(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT"), std::vector<int32_t>{sum});
    sequence.sequence_start_ = false;
  }
}

TEST_F(GrpcClientTest, SaysWhatItsAccessorsLack) {
  tc::InferResult* answer = nullptr;
  ASSERT_OK(client->Infer(&answer, options, {input.get()}, {output.get()}));
  const std::unique_ptr<tc::InferResult> result(answer);
  const uint8_t* data;
  size_t byte_size;
  std::vector<int64_t> shape;
  EXPECT_EQ(result->RawData("x", &data, &byte_size).Message(),
            "The response does not contain results for output name 'x'");
  EXPECT_EQ(result->Shape("x", &shape).Message(), "The response does not contain shape for output name 'x'");
  EXPECT_EQ(result->Datatype("x", &text).Message(), "The response does not contain datatype for output name 'x'");
  const tc::Error error = client->Infer(&answer, tc::InferOptions("nobody"), {input.get()});
  const std::unique_ptr<tc::InferResult> failed(answer);
  EXPECT_OK(failed->ModelName(&text));
  EXPECT_EQ(text, "");
  EXPECT_EQ(failed->DebugString(), error.Message());
  EXPECT_EQ(client->AsyncInferMulti(nullptr, {options}, {{input.get()}}).Message(),
            "Callback function must be provided along with AsyncInferMulti() call.");
}

TEST_F(GrpcClientTest, CompressesRequests) {
  const std::vector<int32_t> many(100'000, 7);
  const auto large = Input("INPUT0", "INT32", many);
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP, GRPC_COMPRESS_NONE}) {
    tc::InferResult* answer = nullptr;
    ASSERT_OK(client->Infer(&answer, options, {large.get()}, {}, {}, algorithm));
    EXPECT_EQ(Values<int32_t>(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT0"), many);
  }
}

TEST_F(GrpcClientTest, GivesUpAfterItsTimeout) {
  options.model_name_ = "slow";
  options.client_timeout_ = 20'000;
  tc::InferResult* answer = nullptr;
  EXPECT_EQ(client->Infer(&answer, options, {input.get()}).Message(), "Deadline Exceeded");
  EXPECT_EQ(std::unique_ptr<tc::InferResult>(answer)->RequestStatus().Message(), "Deadline Exceeded");
  Answer<tc::InferResult*> later;
  ASSERT_OK(client->AsyncInfer(later.callback(), options, {input.get()}));
  EXPECT_EQ(std::unique_ptr<tc::InferResult>(later.Wait())->RequestStatus().Message(), "Deadline Exceeded");
}

TEST_F(GrpcClientTest, OtherCallsGiveUpAfterTheirsInMicroseconds) {
  const SilentSocket silent;
  const auto waiting = Connect(silent.url());
  const auto begin = std::chrono::steady_clock::now();
  bool live;
  EXPECT_EQ(waiting->IsServerLive(&live, {}, 30'000).Message(), "Deadline Exceeded");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(GrpcClientTest, DropsWhatIsUnderWayWhenItGoes) {
  options.model_name_ = "slow";
  bool called = false;
  const auto callback = [&called](tc::InferResult* result) {
    called = true;
    delete result;
  };
  ASSERT_OK(client->AsyncInfer(callback, options, {input.get()}));
  ASSERT_OK(client->StartStream(callback));
  ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
  client.reset();
  EXPECT_FALSE(called);
}

// The results of a stream, in the order in which they came.
class Results {
 public:
  std::function<void(tc::InferResult*)> callback() {
    return [this](tc::InferResult* result) {
      const std::lock_guard<std::mutex> lock(mutex_);
      results_.emplace_back(result);
      changed_.notify_all();
    };
  }
  size_t Wait(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return results_.size() >= count; });
    return results_.size();
  }
  const tc::InferResult& operator[](size_t i) { return *results_.at(i); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<tc::InferResult>> results_;
};

TEST_F(GrpcClientTest, Streams) {
  Results results;
  ASSERT_OK(client->StartStream(results.callback()));
  EXPECT_EQ(client->StartStream(results.callback()).Message(),
            "cannot start another stream with one already running. 'InferenceServerClient' supports only a single "
            "active stream at a given time.");
  for (const char* id : {"a", "b", "c"}) {
    options.request_id_ = id;
    ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}, {output.get()}));
  }
  ASSERT_OK(client->StopStream());
  ASSERT_EQ(results.Wait(3), 3u);
  EXPECT_OK(results[2].Id(&text));
  EXPECT_EQ(text, "c");
  EXPECT_EQ(Values<int32_t>(results[2], "OUTPUT0"), kNumbers);
  tc::InferStat stat;
  EXPECT_OK(client->ClientInferStat(&stat));
  EXPECT_EQ(stat.completed_request_count, 3u);
}

TEST_F(GrpcClientTest, StreamsAgainAfterItStopped) {
  Results results;
  for (size_t round = 1; round <= 3; ++round) {
    ASSERT_OK(client->StartStream(results.callback(), false, 0, {}, GRPC_COMPRESS_GZIP));
    ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
    ASSERT_OK(client->StopStream());
    EXPECT_EQ(results.Wait(round), round);
  }
  EXPECT_OK(client->StopStream());
}

TEST_F(GrpcClientTest, StreamsTellErrors) {
  EXPECT_EQ(client->StartStream(nullptr).Message(),
            "Callback function must be provided along with StartStream() call.");
  EXPECT_EQ(client->AsyncStreamInfer(options, {input.get()}).Message(),
            "stream not available, use StartStream() to make one available.");
  Results results;
  ASSERT_OK(client->StartStream(results.callback()));
  ASSERT_OK(client->AsyncStreamInfer(tc::InferOptions("nobody"), {input.get()}));
  ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
  ASSERT_OK(client->StopStream());
  ASSERT_EQ(results.Wait(2), 2u);
  EXPECT_NE(results[0].RequestStatus().Message().find("unknown model"), std::string::npos);
  EXPECT_OK(results[1].RequestStatus());  // the stream went on
}

TEST_F(GrpcClientTest, AStreamEndsAtItsTimeout) {
  Results results;
  ASSERT_OK(client->StartStream(results.callback(), false, 50'000));
  ASSERT_EQ(results.Wait(1), 1u);
  EXPECT_EQ(results[0].RequestStatus().Message(), "Deadline Exceeded");
  EXPECT_EQ(client->AsyncStreamInfer(options, {input.get()}).Message(), "Stream has been closed.");
  EXPECT_OK(client->StopStream());
}

TEST_F(GrpcClientTest, AStreamIsNotStoppedWithinItsCallback) {
  Answer<std::string> answer;
  const auto set = answer.callback();
  ASSERT_OK(client->StartStream([&](tc::InferResult* result) {
    delete result;
    set(client->StopStream().Message());
  }));
  ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
  EXPECT_EQ(answer.Wait(), "StopStream() waits for the stream's callbacks: it cannot be called within one");
  EXPECT_OK(client->StopStream());
}

TEST_F(GrpcClientTest, AStreamThatStopsTakesNoMoreOfItsCallback) {
  Answer<bool> running;
  const auto set = running.callback();
  tc::Error error;
  ASSERT_OK(client->StartStream([&](tc::InferResult* result) {
    delete result;
    set(true);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the stream is about to stop
    error = client->AsyncStreamInfer(options, {input.get()});
  }));
  ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
  EXPECT_TRUE(running.Wait());
  ASSERT_OK(client->StopStream());
  EXPECT_EQ(error.Message(), "Stream has been closed.");
}

TEST_F(GrpcClientTest, AClientMayGoWhileTheCallbackOfItsStreamAsksAgain) {
  auto leaving = Connect();
  Client* const asked = leaving.get();
  Answer<bool> running;
  const auto set = running.callback();
  tc::Error error, async_error;
  ASSERT_OK(leaving->StartStream([&](tc::InferResult* result) {
    delete result;
    set(true);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the client is about to go
    error = asked->AsyncStreamInfer(options, {input.get()});
    async_error = asked->AsyncInfer([](tc::InferResult* more) { delete more; }, options, {input.get()});
  }));
  ASSERT_OK(leaving->AsyncStreamInfer(options, {input.get()}));
  EXPECT_TRUE(running.Wait());
  leaving.reset();
  EXPECT_EQ(error.Message(), "stream not available, use StartStream() to make one available.");
  EXPECT_EQ(async_error.Message(), "Client is exiting.");
}

TEST_F(GrpcClientTest, AClientMayGoWithinTheCallbackOfItsStream) {
  Client* const leaving = Connect().release();
  Answer<bool> gone;
  const auto set = gone.callback();
  ASSERT_OK(leaving->StartStream([&](tc::InferResult* result) {
    delete result;
    delete leaving;
    set(true);
  }));
  ASSERT_OK(leaving->AsyncStreamInfer(options, {input.get()}));
  EXPECT_TRUE(gone.Wait());
}

TEST_F(GrpcClientTest, AStreamMayBeStoppedByTwo) {
  for (int round = 0; round < 20; ++round) {
    Results results;
    ASSERT_OK(client->StartStream(results.callback()));
    ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
    std::thread other([this] { EXPECT_OK(client->StopStream()); });
    EXPECT_OK(client->StopStream());
    other.join();
    EXPECT_EQ(results.Wait(1), 1u);
  }
}

TEST_F(GrpcClientTest, StreamsOfDecoupledModels) {
  Results results;
  ASSERT_OK(client->StartStream(results.callback(), /*enable_stats=*/false));
  options.model_name_ = "talkative";
  options.request_parameters["repeat"] = {"repeat", "3", "int"};
  options.triton_enable_empty_final_response_ = true;
  ASSERT_OK(client->AsyncStreamInfer(options, {input.get()}));
  ASSERT_OK(client->StopStream());
  const size_t count = results.Wait(3);
  ASSERT_GE(count, 3u);  // an empty one follows if the last was not known to be the last
  bool last = true, nothing = true;
  EXPECT_OK(results[0].IsFinalResponse(&last));
  EXPECT_OK(results[0].IsNullResponse(&nothing));
  EXPECT_FALSE(last);
  EXPECT_FALSE(nothing);
  EXPECT_OK(results[count - 1].IsFinalResponse(&last));
  EXPECT_OK(results[count - 1].IsNullResponse(&nothing));
  EXPECT_TRUE(last);
  EXPECT_EQ(nothing, count == 4);
}

// Connections of this process to the server.
size_t Connections() {
  size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(folder)) {
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    count += getpeername(std::atoi(entry->d_name), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  }
  closedir(folder);
  return count;
}

// Those of clients that have gone end a moment later.
void AwaitNoConnections() {
  for (int i = 0; i < 10'000 && Connections() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_EQ(Connections(), 0u);
}

std::unique_ptr<Client> ConnectApart(bool may_share) {
  std::unique_ptr<Client> client;
  EXPECT_OK(Client::Create(&client, server_url, false, false, tc::SslOptions(), tc::KeepAliveOptions(), may_share));
  return client;
}

// One more, which has connected.
void Add(std::vector<std::unique_ptr<Client>>* clients, bool may_share = true) {
  clients->push_back(ConnectApart(may_share));
  bool live;
  ASSERT_OK(clients->back()->IsServerLive(&live));
}

TEST(GrpcChannelsTest, SixClientsShareOne) {
  std::vector<std::unique_ptr<Client>> clients;
  AwaitNoConnections();
  for (int i = 0; i < 6; ++i) Add(&clients);
  EXPECT_EQ(Connections(), 1u);
  Add(&clients);
  EXPECT_EQ(Connections(), 2u);
  EXPECT_EQ(clients[0]->GetNumCachedChannels(), 1u);
  Add(&clients, /*may_share=*/false);
  EXPECT_EQ(Connections(), 3u);
  EXPECT_EQ(clients[0]->GetNumCachedChannels(), 1u);
  const auto other = Connect("localhost:1");
  EXPECT_EQ(other->GetNumCachedChannels(), 2u);
  clients.clear();
  EXPECT_EQ(other->GetNumCachedChannels(), 1u);
}

TEST(GrpcChannelsTest, HowManyShareOneIsAVariable) {
  setenv("TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT", "2", 1);
  std::vector<std::unique_ptr<Client>> clients;
  AwaitNoConnections();
  for (int i = 0; i < 5; ++i) Add(&clients);
  EXPECT_EQ(Connections(), 3u);
  setenv("TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT", "two", 1);
  std::unique_ptr<Client> none;
  EXPECT_EQ(Client::Create(&none, server_url).Message(),
            "TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT: expected a number, got 'two'");
  unsetenv("TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT");
}

TEST(GrpcChannelsTest, ArgumentsAreTakenAsTheyAre) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(1000);
  std::unique_ptr<Client> client;
  ASSERT_OK(Client::Create(&client, server_url, arguments));
  const std::vector<int32_t> many(1000, 7);
  const auto large = Input("INPUT0", "INT32", many);
  tc::InferResult* answer = nullptr;
  const tc::Error error = client->Infer(&answer, tc::InferOptions("identity"), {large.get()});
  EXPECT_NE(error.Message().find("larger than max"), std::string::npos) << error;
  delete answer;
}

}  // namespace
