// The server's own life, and what it says about itself.
#include <chrono>

#include "embedding.h"

namespace embedding {
namespace {

using ::testing::HasSubstr;

TEST(ServerTest, DescribesItselfAndItsModels) {
  ModelFolder models;
  models.Add("m", "slow", "", 8);
  EmbeddedServer server(models, {.mode = TRITONSERVER_MODEL_CONTROL_NONE});
  bool yes = false;
  ASSERT_EQ(Text(TRITONSERVER_ServerIsLive(server.get(), &yes)), "");
  EXPECT_TRUE(yes);
  ASSERT_EQ(Text(TRITONSERVER_ServerIsReady(server.get(), &yes)), "");
  EXPECT_TRUE(yes);
  ASSERT_EQ(Text(TRITONSERVER_ServerModelIsReady(server.get(), "m", 1, &yes)), "");
  EXPECT_TRUE(yes);
  EXPECT_EQ(Text(TRITONSERVER_ServerModelIsReady(server.get(), "n", 1, &yes)),
            "Not found: Request for unknown model: 'n' is not found");
  EXPECT_FALSE(yes);

  EXPECT_EQ(
      EmbeddedServer::Json([&](TRITONSERVER_Message** m) { return TRITONSERVER_ServerMetadata(server.get(), m); }),
      R"json({"name":"triton","version":"2.73.0","extensions":["classification","sequence","model_repository",)json"
      R"json("model_repository(unload_dependents)","schedule_policy","model_configuration","system_shared_memory",)json"
      R"json("cuda_shared_memory","binary_tensor_data","parameters","statistics","trace","logging"]})json");
  EXPECT_EQ(
      EmbeddedServer::Json(
          [&](TRITONSERVER_Message** m) { return TRITONSERVER_ServerModelMetadata(server.get(), "m", -1, m); }),
      R"({"name":"m","versions":["1"],"platform":"slow","inputs":[{"name":"IN","datatype":"INT32","shape":[-1,1]}],)"
      R"("outputs":[{"name":"OUT","datatype":"INT32","shape":[-1,1]}]})");
  EXPECT_EQ(EmbeddedServer::Json(
                [&](TRITONSERVER_Message** m) { return TRITONSERVER_ServerModelConfig(server.get(), "m", -1, 2, m); }),
            "Invalid argument: model configuration version 2 not supported, supported versions are: 1");

  uint32_t flags = 0;
  void* nothing = &flags;
  ASSERT_EQ(Text(TRITONSERVER_ServerModelBatchProperties(server.get(), "m", -1, &flags, &nothing)), "");
  EXPECT_EQ(flags, static_cast<uint32_t>(TRITONSERVER_BATCH_FIRST_DIM));
  EXPECT_EQ(nothing, nullptr);
  ASSERT_EQ(Text(TRITONSERVER_ServerModelTransactionProperties(server.get(), "m", -1, &flags, &nothing)), "");
  EXPECT_EQ(flags, static_cast<uint32_t>(TRITONSERVER_TXN_ONE_TO_ONE));
  EXPECT_EQ(Text(TRITONSERVER_ServerLoadModel(server.get(), "m")),
            "Unavailable: explicit model load / unload is not allowed if polling is enabled");
}

TEST(ServerTest, CountsWhatModelsDid) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models);
  EXPECT_THAT(server.Statistics("m"),
              HasSubstr(R"({"model_stats":[{"name":"m","version":"1","last_inference":0,"inference_count":0,)"
                        R"("execution_count":0,"inference_stats":{"success":{"count":0,"ns":0},"fail":)"));
  Call call(server, "m");
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  call.Wait();
  call.WaitForRelease();
  EXPECT_THAT(server.Statistics("m"), HasSubstr(R"("inference_count":1,"execution_count":1)"));
  EXPECT_THAT(server.Statistics(), HasSubstr(R"("batch_stats":[{"batch_size":1,"compute_input":{"count":1,"ns":)"));
  EXPECT_EQ(server.Statistics("none"), "Invalid argument: requested model 'none' is not available");
}

TEST(ServerTest, AFailedStartSaysWhy) {
  ModelFolder models;
  models.Add("bad", "no_such_backend");
  EXPECT_EQ(EmbeddedServer(models).error(), "Internal: failed to load all models");

  EmbeddedServer server(models, {.exit_on_error = false});
  EXPECT_EQ(server.error(), "");
  bool ready = true;
  ASSERT_EQ(Text(TRITONSERVER_ServerIsReady(server.get(), &ready)), "");
  EXPECT_FALSE(ready);

  TRITONSERVER_ServerOptions* options = nullptr;
  TRITONSERVER_Server* none = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_ServerOptionsNew(&options)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerNew(&none, options)), "Invalid argument: --model-repository must be specified");
  ASSERT_EQ(Text(TRITONSERVER_ServerOptionsSetModelRepositoryPath(options, "/no/such/folder")), "");
  ASSERT_EQ(Text(TRITONSERVER_ServerOptionsSetModelControlMode(options, TRITONSERVER_MODEL_CONTROL_NONE)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerNew(&none, options)), "Internal: failed to stat file /no/such/folder");
  ASSERT_EQ(Text(TRITONSERVER_ServerOptionsDelete(options)), "");
}

TEST(ServerTest, AStopWaitsForRequestsAndRefusesNewOnes) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models);
  std::thread stopper;
  {
    Call running(server, "m"), late(server, "m");
    running.SetInput(300);
    late.SetInput(0);
    ASSERT_EQ(running.Send(), "");
    stopper = std::thread([&] { EXPECT_EQ(Text(TRITONSERVER_ServerStop(server.get())), ""); });
    bool live = true;
    while (Text(TRITONSERVER_ServerIsLive(server.get(), &live)).empty()) std::this_thread::yield();
    EXPECT_EQ(Text(TRITONSERVER_ServerIsReady(server.get(), &live)), "Unavailable: Server exiting");
    EXPECT_EQ(running.Wait().error, "");
    running.WaitForRelease();
    EXPECT_THAT(late.Send(), HasSubstr("Server is stopping, scheduler for model has stopped accepting new inference "
                                       "requests"));
  }
  // Requests hold their model; the stop goes on when they are gone.
  stopper.join();
}

TEST(ServerTest, AnExpiredTimeoutIsAnErrorAndTheServerCanStopLater) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models, {.exit_timeout_seconds = 0});
  {
    Call call(server, "m");
    call.SetInput(300);
    ASSERT_EQ(call.Send(), "");
    EXPECT_EQ(Text(TRITONSERVER_ServerStop(server.get())), "Internal: Exit timeout expired. Exiting immediately.");
    call.Wait();
  }
  ASSERT_EQ(Text(TRITONSERVER_ServerSetExitTimeout(server.get(), 30)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerStop(server.get())), "");
}

TEST(ServerTest, StartsAndStopsOften) {
  ModelFolder models;
  for (int i = 0; i < 20; ++i) models.Add("m" + std::to_string(i), "slow");
  for (int round = 0; round < 5; ++round) {
    EmbeddedServer server(models);
    EXPECT_EQ(server.error(), "");
  }
}

}  // namespace
}  // namespace embedding
