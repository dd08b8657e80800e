// Models come, change and go while the server runs.
#include <filesystem>

#include "embedding.h"

namespace embedding {
namespace {

using ::testing::HasSubstr;

std::string Load(const EmbeddedServer& server, const char* name) {
  return Text(TRITONSERVER_ServerLoadModel(server.get(), name));
}

std::string Unload(const EmbeddedServer& server, const char* name) {
  return Text(TRITONSERVER_ServerUnloadModel(server.get(), name));
}

TEST(ModelsTest, AnUnloadWaitsForTheRequestInFlight) {
  ModelFolder models;
  models.Add("slow", "slow");
  EmbeddedServer server(models);
  {
    Call call(server, "slow");
    call.SetInput(200);
    ASSERT_EQ(call.Send(), "");
    ASSERT_EQ(Unload(server, "slow"), "");
    EXPECT_EQ(server.Index(), R"([{"name":"slow","version":"1","state":"UNLOADING"}])");
    EXPECT_EQ(Call(server, "slow").error(), "Not found: Request for unknown model: 'slow' has no available versions");
    EXPECT_EQ(call.Wait().value, 200);
  }
  server.WaitForIndex(R"([{"name":"slow","version":"1","state":"UNAVAILABLE","reason":"unloaded"}])");
}

TEST(ModelsTest, LoadsOnlyWhatItIsTold) {
  ModelFolder models;
  models.Add("a", "slow");
  models.Add("b", "slow");
  EmbeddedServer server(models, {.startup_models = {"a"}});
  EXPECT_EQ(server.Index(), R"([{"name":"a","version":"1","state":"READY"},{"name":"b"}])");
  ASSERT_EQ(Load(server, "b"), "");
  EXPECT_EQ(EmbeddedServer::Json([&](TRITONSERVER_Message** message) {
              return TRITONSERVER_ServerModelIndex(server.get(), TRITONSERVER_INDEX_FLAG_READY, message);
            }),
            R"([{"name":"a","version":"1","state":"READY"},{"name":"b","version":"1","state":"READY"}])");
  EXPECT_EQ(Load(server, "none"), "Internal: failed to load 'none', failed to poll from model repository");
}

TEST(ModelsTest, AFailedLoadNamesVersionAndReason) {
  ModelFolder models;
  models.Add("m", "no_such_backend");
  EmbeddedServer server(models, {.startup_models = {}});
  EXPECT_EQ(
      Load(server, "m"),
      "Invalid argument: load failed for model 'm': version 1 is at UNAVAILABLE state: Invalid argument: unable to "
      "find backend library for backend 'no_such_backend', try specifying runtime on the model configuration.;\n");
}

TEST(ModelsTest, AFailedReloadKeepsServing) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models);
  models.Add("m", "no_such_backend");
  EXPECT_THAT(Load(server, "m"), HasSubstr("unable to find backend library"));
  Call call(server, "m");
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  EXPECT_EQ(call.Wait().value, 1);
  EXPECT_EQ(server.Index(), R"([{"name":"m","version":"1","state":"READY"}])");
}

TEST(ModelsTest, ALoadRequestBringsConfigurationAndFiles) {
  ModelFolder models;
  EmbeddedServer server(models, {.startup_models = {}});
  const std::string json = ModelFolder::ConfigJson("slow");
  TRITONSERVER_Parameter* config = TRITONSERVER_ParameterNew("config", TRITONSERVER_PARAMETER_STRING, json.c_str());
  TRITONSERVER_Parameter* file = TRITONSERVER_ParameterBytesNew("file:1/model.bin", "abc", 3);
  const TRITONSERVER_Parameter* parameters[] = {config, file};
  EXPECT_EQ(Text(TRITONSERVER_ServerLoadModelWithParameters(server.get(), "sent", parameters, 2)), "");
  EXPECT_EQ(server.Index(), R"([{"name":"sent","version":"1","state":"READY"}])");

  const bool flag = true;
  TRITONSERVER_Parameter* wrong = TRITONSERVER_ParameterNew("config", TRITONSERVER_PARAMETER_BOOL, &flag);
  const TRITONSERVER_Parameter* wrongs[] = {wrong};
  EXPECT_EQ(Text(TRITONSERVER_ServerLoadModelWithParameters(server.get(), "sent", wrongs, 1)),
            "Invalid argument: Unrecognized load parameter 'config' with type 'BOOL'");
  for (TRITONSERVER_Parameter* parameter : {config, file, wrong}) TRITONSERVER_ParameterDelete(parameter);
}

TEST(ModelsTest, InstancesAreAddedWhileTheModelServes) {
  ModelFolder models;
  models.Add("m", "slow", "instance_group { count: 1 kind: KIND_CPU }");
  EmbeddedServer server(models);
  models.Add("m", "slow", "instance_group { count: 3 kind: KIND_CPU }");
  ASSERT_EQ(Load(server, "m"), "");
  EXPECT_THAT(EmbeddedServer::Json([&](TRITONSERVER_Message** message) {
                return TRITONSERVER_ServerModelConfig(server.get(), "m", -1, 1, message);
              }),
              HasSubstr(R"("count":3)"));
  Call call(server, "m");
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  EXPECT_EQ(call.Wait().value, 1);
}

TEST(ModelsTest, RepositoriesAreRegisteredWithNames) {
  ModelFolder models, more;
  more.Add("folder", "slow");
  EmbeddedServer server(models, {.startup_models = {}});
  TRITONSERVER_Parameter* mapping = TRITONSERVER_ParameterNew("folder", TRITONSERVER_PARAMETER_STRING, "mapped");
  const TRITONSERVER_Parameter* mappings[] = {mapping};
  ASSERT_EQ(Text(TRITONSERVER_ServerRegisterModelRepository(server.get(), more.path().c_str(), mappings, 1)), "");
  TRITONSERVER_ParameterDelete(mapping);
  ASSERT_EQ(Load(server, "mapped"), "");
  EXPECT_EQ(server.Index(), R"([{"name":"mapped","version":"1","state":"READY"}])");
  EXPECT_EQ(Text(TRITONSERVER_ServerUnregisterModelRepository(server.get(), more.path().c_str())), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerPollModelRepository(server.get())), "Unavailable: polling is disabled");
}

TEST(ModelsTest, APollTakesWhatTheRepositoryHoldsNow) {
  ModelFolder models;
  models.Add("m", "slow");
  EmbeddedServer server(models, {.mode = TRITONSERVER_MODEL_CONTROL_POLL, .startup_models = {}});
  ASSERT_EQ(server.error(), "");
  EXPECT_EQ(server.Index(), R"([{"name":"m","version":"1","state":"READY"}])");
  EXPECT_EQ(Load(server, "m"), "Unavailable: explicit model load / unload is not allowed if polling is enabled");
  models.Add("n", "slow");
  ASSERT_EQ(Text(TRITONSERVER_ServerPollModelRepository(server.get())), "");
  EXPECT_EQ(server.Index(),
            R"([{"name":"m","version":"1","state":"READY"},{"name":"n","version":"1","state":"READY"}])");
  std::filesystem::remove_all(models.path() + "/m");
  ASSERT_EQ(Text(TRITONSERVER_ServerPollModelRepository(server.get())), "");
  EXPECT_EQ(server.Index(), R"([{"name":"n","version":"1","state":"READY"}])");
}

TEST(ModelsTest, LoadedAndUnloadedOverAndOverUnderLoad) {
  ModelFolder models;
  models.Add("m", "nested");
  EmbeddedServer server(models);
  std::atomic<bool> done{false};
  std::thread client([&] {
    while (!done) {
      Call call(server, "m");
      if (!call.error().empty()) continue;
      call.SetInput(1);
      if (call.Send().empty()) call.Wait();
    }
  });
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(Unload(server, "m"), "");
    ASSERT_EQ(Load(server, "m"), "");
  }
  done = true;
  client.join();
  server.WaitForIndex("READY");
}

}  // namespace
}  // namespace embedding
