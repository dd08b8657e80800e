#include "repository/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/test_support.h"
#include "repository/fake_loader_for_test.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

std::vector<std::string> Texts(const std::vector<ModelIndexEntry>& entries) {
  std::vector<std::string> texts;
  for (const ModelIndexEntry& entry : entries) {
    std::string text = entry.name;
    if (entry.version != -1) text += ":" + std::to_string(entry.version);
    if (entry.state != ModelState::kUnknown) text += std::string(" ") + ModelStateName(entry.state);
    if (!entry.reason.empty()) text += " " + entry.reason;
    texts.push_back(text);
  }
  return texts;
}

class ModelRepositoryTest : public ::testing::Test {
 protected:
  ModelRepository& Start(TRITONSERVER_ModelControlMode mode = TRITONSERVER_MODEL_CONTROL_EXPLICIT,
                         std::set<std::string> startup_models = {}) {
    RepositoryOptions options;
    options.paths = {folder_.path()};
    if (second_) options.paths.insert(second_->path());
    options.control_mode = mode;
    options.startup_models = std::move(startup_models);
    options.lifecycle.load_retries = retries_;
    options.lifecycle.namespacing = namespacing_;
    auto created = ModelRepository::Create(std::move(options), loader_);
    EXPECT_TRUE(created.ok()) << created.status().ToString();
    repository_ = *std::move(created);
    startup_ = repository_->LoadStartupModels();
    return *repository_;
  }
  ~ModelRepositoryTest() override {
    if (repository_ == nullptr) return;
    repository_->UnloadAll();
    EXPECT_TRUE(WaitUntilEmpty());
  }
  bool WaitUntilEmpty() {
    return repository_->lifecycle().WaitUntilEmpty(SteadyClock::Instance().Now() + std::chrono::seconds(20));
  }
  ModelHandle Find(const std::string& name, int64_t version = -1) {
    return repository_->lifecycle().serving().Find(name, version);
  }
  std::string WhyNot(const std::string& name, int64_t version = -1) {
    return repository_->lifecycle().WhyNotServing(name, version).ToString();
  }

  RepositoryFolder folder_;
  std::unique_ptr<RepositoryFolder> second_;
  FakeLoader loader_;
  unsigned retries_ = 0;
  bool namespacing_ = false;
  Status startup_;
  std::unique_ptr<ModelRepository> repository_;
};

TEST_F(ModelRepositoryTest, NoneLoadsAllAndRefusesLoads) {
  folder_.AddModel("a", 2);
  folder_.AddModel("b", 2, "version_policy { all {} }");
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_NONE);
  EXPECT_TRUE(startup_.ok()) << startup_.ToString();
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:2 READY", "b:1 READY", "b:2 READY"));
  EXPECT_EQ(Find("b")->version(), 2);
  EXPECT_EQ(Find("b", 1)->version(), 1);
  EXPECT_EQ(repository.LoadModel("a", {}).ToString(),
            "Unavailable: explicit model load / unload is not allowed if polling is enabled");
  EXPECT_EQ(repository.UnloadModel("a", false).code(), StatusCode::kUnavailable);
  EXPECT_EQ(repository.RegisterRepository("/tmp", {}).code(), StatusCode::kUnsupported);
}

TEST_F(ModelRepositoryTest, ABadModelDoesNotStopTheGoodOnes) {
  folder_.AddModel("good");
  folder_.AddModel("fails");
  folder_.Write("unreadable/config.pbtxt", "no_such_field: 1");
  folder_.AddModel("empty", 0);
  loader_.Fail("fails", "cannot");
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_NONE);
  EXPECT_EQ(startup_.ToString(), "Internal: failed to load all models");
  EXPECT_THAT(Texts(repository.Index(false)),
              ElementsAre(StartsWith("empty UNAVAILABLE at least one version must be available"),
                          "fails:1 UNAVAILABLE Internal: cannot", "good:1 READY",
                          StartsWith("unreadable UNAVAILABLE Invalid argument: failed to read text proto")));
  EXPECT_THAT(Texts(repository.Index(true)), ElementsAre("good:1 READY"));
  EXPECT_THAT(Texts(repository.lifecycle().States()),
              ElementsAre(StartsWith("empty at least one version must be available under the version policy of model "
                                     "'empty' (found config.pbtxt in "),
                          "fails:1 UNAVAILABLE Internal: cannot", "good:1 READY"));
  EXPECT_THAT(repository.StartupFailures(),
              ElementsAre(Pair("empty", HasSubstr("expected a folder for each version")),
                          Pair("fails", "version 1: Internal: cannot"), Pair("unreadable", HasSubstr("text proto"))));
}

TEST_F(ModelRepositoryTest, ExplicitLoadsWhatItIsTold) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT, {"a"});
  EXPECT_TRUE(startup_.ok());
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 READY", "b"));
  EXPECT_TRUE(repository.LoadModel("b", {}).ok());
  EXPECT_THAT(Texts(repository.Index(true)), ElementsAre("a:1 READY", "b:1 READY"));
}

TEST_F(ModelRepositoryTest, StarLoadsAllAndAnUnknownNameIsAnError) {
  folder_.AddModel("a");
  Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT, {"*"});
  EXPECT_NE(Find("a"), nullptr);
  repository_->UnloadAll();
  ASSERT_TRUE(WaitUntilEmpty());
  Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT, {"none"});
  EXPECT_EQ(startup_.message(), "failed to load all models");
}

TEST_F(ModelRepositoryTest, LookupErrorsSayWhatIsMissing) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  ModelRepository& repository = Start();
  EXPECT_EQ(WhyNot("b"), "Not found: Request for unknown model: 'b' is not found");
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(WhyNot("a", 7), "Not found: Request for unknown model: 'a' version 7 is not found");
  ASSERT_TRUE(repository.UnloadModel("a", false).ok());
  ASSERT_TRUE(WaitUntilEmpty());
  EXPECT_EQ(WhyNot("a"), "Not found: Request for unknown model: 'a' has no available versions");
  EXPECT_EQ(WhyNot("a", 1), "Unavailable: Request for unknown model: 'a' version 1 is not at ready state");
}

TEST_F(ModelRepositoryTest, UnloadWaitsForTheLastReference) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  ModelHandle in_flight = Find("a");
  ASSERT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 UNLOADING"));
  in_flight.reset();
  ASSERT_TRUE(WaitUntilEmpty());
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 UNAVAILABLE unloaded"));
  EXPECT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_TRUE(repository.UnloadModel("never seen", false).ok());
}

TEST_F(ModelRepositoryTest, ALoadDuringUnloadWinsOverTheOldCopysEnd) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  ModelHandle in_flight = Find("a");
  ASSERT_TRUE(repository.UnloadModel("a", false).ok());
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_NE(Find("a"), in_flight);
  in_flight.reset();
  ASSERT_TRUE(test::Eventually([&] { return repository.lifecycle().LiveCount() == 1; }));
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 READY"));
}

TEST_F(ModelRepositoryTest, AReloadWithoutChangeDoesNothing) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(loader_.loads("a:1"), 1);
  EXPECT_EQ(loader_.updates(), 0);
}

TEST_F(ModelRepositoryTest, AChangedFileReloadsAndSwaps) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  const ModelHandle old = Find("a");
  folder_.Write("a/1/model", "longer than before");
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(loader_.loads("a:1"), 2);
  EXPECT_NE(Find("a"), old);
}

TEST_F(ModelRepositoryTest, AFailedReloadKeepsTheOldAndIsTriedAgain) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  const ModelHandle old = Find("a");
  folder_.Write("a/1/model", "broken now");
  loader_.Fail("a", "no good");
  EXPECT_EQ(repository.LoadModel("a", {}).ToString(),
            "Invalid argument: load failed for model 'a': version 1 is at UNAVAILABLE state: Internal: no good;\n");
  EXPECT_EQ(Find("a"), old);
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 READY"));
  loader_.Heal("a");
  EXPECT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_NE(Find("a"), old);
}

// What nobody expected to throw; the others of the group are loaded.
TEST_F(ModelRepositoryTest, ALoadThatEndsEarlyIsReportedAsSuch) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  loader_.Fail("a", FakeLoader::kThrowLate);
  ModelRepository& repository = Start();
  EXPECT_EQ(repository.LoadModel("a", {}).message(),
            "load failed for model 'a': the load ended early; the log says why\n");
  EXPECT_TRUE(repository.LoadModel("b", {}).ok());
}

TEST_F(ModelRepositoryTest, OneLineNamesEveryFailedVersion) {
  folder_.AddModel("a", 2, "version_policy { all {} }");
  loader_.Fail("a", "x");
  ModelRepository& repository = Start();
  EXPECT_EQ(repository.LoadModel("a", {}).message(),
            "load failed for model 'a': version 1 is at UNAVAILABLE state: Internal: x;"
            "version 2 is at UNAVAILABLE state: Internal: x;\n");
}

TEST_F(ModelRepositoryTest, ChangedInstanceGroupsAreAppliedInPlace) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  const ModelHandle old = Find("a");
  folder_.AddModel("a", 0, "instance_group { count: 3 kind: KIND_CPU }");
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(loader_.updates(), 1);
  EXPECT_EQ(Find("a"), old);
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(loader_.updates(), 1);
}

TEST_F(ModelRepositoryTest, ANewVersionReplacesTheOldOne) {
  folder_.AddModel("a", 1);
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  folder_.Write("a/2/model", "x");
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  ASSERT_TRUE(test::Eventually([&] { return repository.lifecycle().LiveCount() == 1; }));
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 UNAVAILABLE unloaded", "a:2 READY"));
}

TEST_F(ModelRepositoryTest, RetriesAsOftenAsTold) {
  retries_ = 2;
  folder_.AddModel("a");
  loader_.Fail("a", "x");
  ModelRepository& repository = Start();
  EXPECT_FALSE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(loader_.loads("a:1"), 3);
}

TEST_F(ModelRepositoryTest, UnusableFoldersAreToldFromFailedLoads) {
  folder_.Write("broken/config.pbtxt", "no_such_field: 1");
  folder_.AddModel("empty", 0);
  ModelRepository& repository = Start();
  EXPECT_EQ(repository.LoadModel("broken", {}).ToString(),
            "Internal: failed to load 'broken', failed to poll from model repository");
  EXPECT_EQ(repository.LoadModel("none", {}).ToString(),
            "Internal: failed to load 'none', failed to poll from model repository");
  EXPECT_EQ(repository.LoadModel("empty", {}).ToString(),
            "Invalid argument: load failed for model 'empty': at least one version must be available under the "
            "version policy of model 'empty'\n");
  EXPECT_EQ(WhyNot("empty"), "Not found: Request for unknown model: 'empty' has no available versions");
  EXPECT_EQ(repository.LoadModel("../x", {}).code(), StatusCode::kInvalidArg);
}

TEST_F(ModelRepositoryTest, ANameInTwoRepositoriesServesNowhere) {
  second_ = std::make_unique<RepositoryFolder>();
  folder_.AddModel("a");
  second_->AddModel("a");
  second_->AddModel("b");
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_NONE);
  EXPECT_FALSE(startup_.ok());
  EXPECT_THAT(Texts(repository.Index(false)),
              ElementsAre("a UNAVAILABLE model appears in two or more repositories", "b:1 READY"));
}

TEST_F(ModelRepositoryTest, RepositoriesComeAndGo) {
  second_ = std::make_unique<RepositoryFolder>();
  RepositoryFolder third;
  third.AddModel("folder");
  third.AddModel("plain");
  ModelRepository& repository = Start();
  EXPECT_EQ(repository.RegisterRepository("/no/such/place", {}).ToString(),
            "Invalid argument: failed to register '/no/such/place', repository not found");
  ASSERT_TRUE(repository.RegisterRepository(third.path(), {{"folder", "mapped"}}).ok());
  EXPECT_EQ(repository.RegisterRepository(third.path(), {}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(repository.RegisterRepository(second_->path(), {{"x", "mapped"}}).code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("mapped", "plain"));
  EXPECT_FALSE(repository.LoadModel("folder", {}).ok());
  ASSERT_TRUE(repository.LoadModel("mapped", {}).ok());
  EXPECT_EQ(loader_.last_directory(), third.path() + "/folder");
  EXPECT_EQ(Find("mapped")->name(), "mapped");
  ASSERT_TRUE(repository.UnregisterRepository(third.path()).ok());
  EXPECT_EQ(repository.UnregisterRepository(third.path()).code(), StatusCode::kInvalidArg);
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("mapped:1 READY"));
}

constexpr const char* kOverride =
    R"({"backend":"fake","parameters":{"k":{"string_value":"v"}},"input":[{"name":"I","data_type":"TYPE_FP32","dims":[1]}],)"
    R"("output":[{"name":"O","data_type":"TYPE_FP32","dims":[1]}]})";

TEST_F(ModelRepositoryTest, AnUnloadEndsTheLoadThatHangsAndGoesBeforeThoseThatWait) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  loader_.Hang("a");
  const auto load = [&repository] { return repository.LoadModel("a", {}); };
  std::future<Status> hangs = std::async(std::launch::async, load);
  loader_.WaitUntilHanging(1);
  std::future<Status> waits = std::async(std::launch::async, load);
  EXPECT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_EQ(
      hangs.get().message(),
      "load failed for model 'a': version 1 is at UNAVAILABLE state: Unavailable: the load was ended: the model is "
      "to be unloaded;\n");
  loader_.WaitUntilHanging(2);
  EXPECT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_THAT(waits.get().message(), HasSubstr("the load was ended"));
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("a:1 UNAVAILABLE unloaded"));
}

TEST_F(ModelRepositoryTest, AnUnloadWaitsForALoadThatEndsSoon) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  std::promise<void> may_load;
  loader_.DelayLoad("a", may_load.get_future().share());
  std::future<Status> loads = std::async(std::launch::async, [&repository] { return repository.LoadModel("a", {}); });
  ASSERT_TRUE(test::Eventually([this] { return loader_.loads("a:1") == 1; }));
  std::future<Status> ends =
      std::async(std::launch::async, [&repository] { return repository.UnloadModel("a", false); });
  may_load.set_value();
  EXPECT_TRUE(loads.get().ok());
  EXPECT_TRUE(ends.get().ok());
  EXPECT_EQ(Find("a"), nullptr);
}

TEST_F(ModelRepositoryTest, LoadThreadsThatHangAreFreeAfterTheUnload) {
  const std::vector<std::string> hanging = {"a", "b", "c", "d"};  // as many as there are
  for (const std::string& name : hanging) folder_.AddModel(name);
  folder_.AddModel("e");
  ModelRepository& repository = Start();
  std::vector<std::future<Status>> loads;
  for (const std::string& name : hanging) {
    loader_.Hang(name);
    loads.push_back(std::async(std::launch::async, [&repository, name] { return repository.LoadModel(name, {}); }));
  }
  loader_.WaitUntilHanging(4);
  std::future<Status> last = std::async(std::launch::async, [&repository] { return repository.LoadModel("e", {}); });
  EXPECT_TRUE(repository.UnloadModel("c", false).ok());
  EXPECT_TRUE(last.get().ok());
  repository.lifecycle().StopLoads();
  for (std::future<Status>& load : loads) EXPECT_FALSE(load.get().ok());
}

TEST_F(ModelRepositoryTest, AnUnloadEndsAnUpdateThatHangs) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  loader_.Hang("a");
  folder_.AddModel("a", 1, "instance_group { count: 2 }");
  std::future<Status> update = std::async(std::launch::async, [&repository] { return repository.LoadModel("a", {}); });
  loader_.WaitUntilHanging(1);
  EXPECT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_THAT(update.get().message(), HasSubstr("the load was ended: the model is to be unloaded"));
  EXPECT_EQ(Find("a"), nullptr);
}

TEST_F(ModelRepositoryTest, LoadsEndWhenTheServerDoesAndAreNotTriedAgain) {
  retries_ = 3;
  folder_.AddModel("a");
  folder_.AddModel("b");
  ModelRepository& repository = Start();
  loader_.Hang("a");
  std::future<Status> hangs = std::async(std::launch::async, [&repository] { return repository.LoadModel("a", {}); });
  loader_.WaitUntilHanging(1);
  repository.lifecycle().StopLoads();
  EXPECT_THAT(hangs.get().message(), HasSubstr("the load was ended: the server exits"));
  EXPECT_THAT(repository.LoadModel("b", {}).message(), HasSubstr("the load was ended: the server exits"));
  EXPECT_EQ(loader_.loads("a:1"), 1);
  EXPECT_EQ(loader_.loads("b:1"), 0);
}

TEST_F(ModelRepositoryTest, AConfigOverrideReplacesTheFile) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("a", {{"config", false, kOverride}}).ok());
  EXPECT_EQ(Find("a")->config().parameters().at("k").string_value(), "v");
  const Status bad = repository.LoadModel("a", {{"config", false, R"({"nonsense":1})"}});
  EXPECT_EQ(bad.code(), StatusCode::kInvalidArg);
  EXPECT_THAT(bad.message(), HasSubstr("Invalid config override: "));
  EXPECT_EQ(repository.LoadModel("a", {{"other", false, ""}}).ToString(),
            "Invalid argument: Unrecognized load parameter 'other' with type 'STRING'");
}

TEST_F(ModelRepositoryTest, FilesOfALoadRequestAreTheModelsFolder) {
  ModelRepository& repository = Start();
  const std::vector<LoadParameter> files = {{"config", false, kOverride}, {"file:1/model.bin", true, "weights"}};
  ASSERT_TRUE(repository.LoadModel("sent", files).ok());
  const std::string directory = loader_.last_directory();
  EXPECT_TRUE(std::filesystem::exists(directory + "/1/model.bin"));
  EXPECT_THAT(Texts(repository.Index(false)), ElementsAre("sent:1 READY"));

  EXPECT_FALSE(repository.LoadModel("sent", {{"file:1/x", true, "no config"}}).ok());
  EXPECT_FALSE(repository.LoadModel("sent", {{"config", false, kOverride}, {"file:../x", true, "x"}}).ok());
  EXPECT_NE(Find("sent"), nullptr);

  ASSERT_TRUE(repository.UnloadModel("sent", false).ok());
  ASSERT_TRUE(WaitUntilEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory));
}

// --- ensembles -------------------------------------------------------------------------------------------------------

TEST_F(ModelRepositoryTest, AnEnsembleBringsItsModels) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  folder_.AddEnsemble("ab", {"a", "b"});
  folder_.AddEnsemble("outer", {"ab", "b"});
  ModelRepository& repository = Start();
  EXPECT_EQ(repository.LoadModel("outer", {}).ToString(), "OK");
  EXPECT_THAT(Texts(repository.Index(true)), ElementsAre("a:1 READY", "ab:1 READY", "b:1 READY", "outer:1 READY"));
  EXPECT_EQ(repository.LoadModel("outer", {}).ToString(), "OK");
  EXPECT_EQ(loader_.loads("outer:1"), 1);
}

TEST_F(ModelRepositoryTest, AModelsNewCopyIsANewCopyOfItsEnsembles) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  folder_.AddEnsemble("ab", {"a", "b"});
  folder_.AddEnsemble("outer", {"ab"});
  folder_.AddEnsemble("other", {"b"});
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT, {"*"});
  folder_.Write("a/1/model", "changed");
  EXPECT_EQ(repository.LoadModel("a", {}).ToString(), "OK");
  EXPECT_EQ(loader_.loads("ab:1"), 2);
  EXPECT_EQ(loader_.loads("outer:1"), 2);
  EXPECT_EQ(loader_.loads("other:1"), 1);
  EXPECT_EQ(loader_.loads("b:1"), 1);
}

TEST_F(ModelRepositoryTest, AnEnsembleGoesWithTheModelThatFitsNoMoreAndComesBackWithIt) {
  folder_.AddModel("a");
  folder_.AddEnsemble("e", {"a"});
  folder_.AddEnsemble("outer", {"e"});
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT, {"*"});
  ASSERT_NE(Find("outer"), nullptr);
  folder_.Write("a/config.pbtxt",
                "backend: \"fake\"\ninput { name: \"I\" data_type: TYPE_INT32 dims: 1 }\n"
                "output { name: \"O\" data_type: TYPE_INT32 dims: 1 }\n");
  EXPECT_EQ(repository.LoadModel("a", {}).ToString(), "OK");
  EXPECT_NE(Find("a"), nullptr);
  EXPECT_EQ(Find("e"), nullptr);
  EXPECT_EQ(Find("outer"), nullptr);
  folder_.AddModel("a");
  EXPECT_EQ(repository.LoadModel("a", {}).ToString(), "OK");
  EXPECT_NE(Find("e"), nullptr);
  EXPECT_NE(Find("outer"), nullptr);
}

TEST_F(ModelRepositoryTest, AnUnloadedModelTakesItsEnsemblesAlongUntilItIsLoadedAgain) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  folder_.AddEnsemble("ab", {"a", "b"});
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("ab", {}).ok());
  EXPECT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_EQ(Find("ab"), nullptr);
  EXPECT_NE(Find("b"), nullptr);
  EXPECT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_NE(Find("ab"), nullptr);
  // One that was unloaded itself stays so.
  EXPECT_TRUE(repository.UnloadModel("ab", false).ok());
  EXPECT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(Find("ab"), nullptr);
}

TEST_F(ModelRepositoryTest, AFailedReloadOfAModelLeavesItsEnsemblesAlone) {
  folder_.AddModel("a");
  folder_.AddEnsemble("e", {"a"});
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT, {"*"});
  loader_.Fail("a", "no luck");
  folder_.Write("a/1/model", "changed");
  EXPECT_THAT(repository.LoadModel("a", {}).ToString(), HasSubstr("no luck"));
  EXPECT_NE(Find("a"), nullptr);
  EXPECT_NE(Find("e"), nullptr);
  EXPECT_EQ(loader_.loads("e:1"), 1);
}

TEST_F(ModelRepositoryTest, UnloadingAnEnsembleMayTakeTheModelsAlongThatNobodyElseAskedFor) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  folder_.AddEnsemble("ab", {"a", "b"});
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel("b", {}).ok());
  ASSERT_TRUE(repository.LoadModel("ab", {}).ok());
  EXPECT_TRUE(repository.UnloadModel("ab", true).ok());
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_NE(Find("b"), nullptr);
}

// --- many at once ----------------------------------------------------------------------------------------------------

TEST_F(ModelRepositoryTest, OperationsOnManyModelsFromManyThreads) {
  constexpr int kThreads = 4;
  for (int i = 0; i < kThreads; ++i) folder_.AddModel("m" + std::to_string(i));
  ModelRepository& repository = Start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 2 * kThreads; ++i) {
    threads.emplace_back([&repository, name = "m" + std::to_string(i % kThreads)] {
      for (int round = 0; round < 20; ++round) {
        EXPECT_TRUE(repository.LoadModel(name, {}).ok());
        repository.lifecycle().serving().Find(name, -1);
        EXPECT_TRUE(repository.UnloadModel(name, round % 2 == 0).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(WaitUntilEmpty());
}

TEST_F(ModelRepositoryTest, ManyModelsStartAndStop) {
  constexpr int kModels = 200;
  for (int i = 0; i < kModels; ++i) folder_.AddModel("m" + std::to_string(i));
  ModelRepository& repository = Start(TRITONSERVER_MODEL_CONTROL_NONE);
  EXPECT_TRUE(startup_.ok());
  EXPECT_EQ(repository.lifecycle().serving().All().size(), static_cast<size_t>(kModels));
}

TEST_F(ModelRepositoryTest, AnExceptionIsTheLoadsError) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  loader_.Fail("a", FakeLoader::kThrow);
  EXPECT_EQ(repository.LoadModel("a", {}).message(),
            "load failed for model 'a': version 1 is at UNAVAILABLE state: Unavailable: out of memory;\n");
  loader_.Heal("a");
  EXPECT_TRUE(repository.LoadModel("a", {}).ok());
}

TEST_F(ModelRepositoryTest, APlainLoadKeepsAnOverrideWhileTheFolderStandsStill) {
  folder_.AddModel("a");
  ModelRepository& repository = Start();
  const LoadParameter config{"config", false, R"({"backend": "fake", "max_batch_size": 5})"};
  const auto batch_size = [&] { return Find("a")->config().max_batch_size(); };
  ASSERT_TRUE(repository.LoadModel("a", {config}).ok());
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(batch_size(), 5);
  EXPECT_EQ(loader_.loads("a:1"), 1);

  folder_.Write("a/labels.txt", "x");
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(batch_size(), 0);

  ASSERT_TRUE(repository.LoadModel("a", {config}).ok());
  ASSERT_TRUE(repository.UnloadModel("a", false).ok());
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(batch_size(), 0);
}

class NamespacesTest : public ModelRepositoryTest {
 protected:
  NamespacesTest() {
    namespacing_ = true;
    second_ = std::make_unique<RepositoryFolder>();
    folder_.AddModel("a");
    second_->AddModel("a");
  }
  std::string First(const std::string& name) const { return folder_.path() + "::" + name; }
  std::string Second(const std::string& name) const { return second_->path() + "::" + name; }
};

TEST_F(NamespacesTest, AnIdMeansOneModelANameAllThatHaveIt) {
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel(Second("a"), {}).ok());
  EXPECT_EQ(Find("a")->name_space(), second_->path());
  EXPECT_EQ(Find(First("a")), nullptr);
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(loader_.loads("a:1"), 2);
  EXPECT_EQ(Find(First("a"))->id(), First("a"));
  EXPECT_EQ(WhyNot("a"),
            "Invalid argument: There are 2 identifiers of model 'a' in global map, model namespace must be provided to "
            "resolve ambiguity.");
  ASSERT_TRUE(repository.UnloadModel(First("a"), false).ok());
  EXPECT_EQ(Find("a"), Find(Second("a")));
  EXPECT_EQ(WhyNot("a", 7), "Not found: Request for unknown model: '" + Second("a") + "' version 7 is not found");
  ASSERT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_EQ(WhyNot("a"), "Not found: Identifier of model 'a' is not found in global map");
  EXPECT_EQ(WhyNot(First("a")), "Not found: Request for unknown model: '" + First("a") + "' has no available versions");
}

TEST_F(NamespacesTest, AConfigurationIsKeptForTheModelThatItWasGivenTo) {
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.LoadModel(First("a"), {{"config", false, kOverride}}).ok());
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_EQ(Find(First("a"))->config().parameters_size(), 1);
  EXPECT_EQ(Find(Second("a"))->config().parameters_size(), 0);
}

TEST_F(NamespacesTest, AModelWithoutARepositoryIsKnownByItsName) {
  ModelRepository& repository = Start();
  const std::vector<LoadParameter> files = {{"config", false, kOverride}, {"file:1/model.bin", true, "weights"}};
  EXPECT_FALSE(repository.LoadModel("/nowhere::a", files).ok());
  ASSERT_TRUE(repository.LoadModel(First("a"), {}).ok());
  ASSERT_TRUE(repository.LoadModel("a", files).ok());
  EXPECT_EQ(Find("a")->id(), "a");
  EXPECT_EQ(WhyNot("a", 7), "Not found: Request for unknown model: 'a' version 7 is not found");
  ASSERT_TRUE(repository.UnloadModel("a", false).ok());
  EXPECT_EQ(Find(First("a")), nullptr);
}

TEST_F(NamespacesTest, OneRepositoryHasANameOnce) {
  RepositoryFolder third;
  third.AddModel("one");
  third.AddModel("two");
  ModelRepository& repository = Start();
  ASSERT_TRUE(repository.RegisterRepository(third.path(), {{"one", "a"}, {"two", "b"}}).ok());
  ASSERT_TRUE(repository.LoadModel("a", {}).ok());
  EXPECT_NE(Find(third.path() + "::a"), nullptr) << "other repositories may have it, too";
  RepositoryFolder fourth;
  fourth.AddModel("one");
  fourth.AddModel("two");
  EXPECT_EQ(repository.RegisterRepository(fourth.path(), {{"one", "c"}, {"two", "c"}}).code(),
            StatusCode::kAlreadyExists);
}

TEST_F(ModelRepositoryTest, AFifoInAVersionIsTheLoadsError) {
  folder_.AddModel("a", 2);
  ASSERT_EQ(mkfifo((folder_.path() + "/a/2/pipe").c_str(), 0600), 0);
  ModelRepository& repository = Start();
  EXPECT_EQ(
      repository.LoadModel("a", {}).message(),
      "load failed for model 'a': version 2 is at UNAVAILABLE state: Invalid argument: '2/pipe' is a FIFO of model "
      "'a'; expected regular files and folders only;\n");
}

TEST(ModelRepositoryCreateTest, NeedsARepository) {
  FakeLoader loader;
  EXPECT_EQ(ModelRepository::Create({}, loader).error().ToString(),
            "Invalid argument: --model-repository must be specified");
}

}  // namespace
}  // namespace neso
