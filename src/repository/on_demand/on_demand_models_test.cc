#include "repository/on_demand/on_demand_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <thread>
#include <utility>

#include "base/test_support.h"
#include "repository/fake_loader_for_test.h"

namespace neso {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Nobody but models takes anything; as long as nobody says how much, they take what their files have.
class MemoryOfModels final : public MemoryReader {
 public:
  explicit MemoryOfModels(FakeLoader& loader) : loader_(loader) {}
  MemoryReading Read() const override {
    const int64_t models = loader_.live();
    MemoryReading reading{.heap = models * each_};
    if (each_of_gpu_ > 0) reading.gpus[0] = models * each_of_gpu_;
    return reading;
  }
  MemoryReading ReadAfter(const MemoryReading&) const override {
    if (auto work = std::exchange(after_load_, nullptr)) work();
    return Read();
  }
  // Once, when a model has been loaded, and nobody has it yet.
  void AfterTheNextLoad(std::function<void()> work) { after_load_ = std::move(work); }
  void EachTakes(int64_t bytes, int64_t of_gpu = 0) {
    each_ = bytes;
    each_of_gpu_ = of_gpu;
  }

 private:
  FakeLoader& loader_;
  int64_t each_ = 0, each_of_gpu_ = 0;
  mutable std::function<void()> after_load_;
};

class OnDemandModelsTest : public ::testing::Test {
 protected:
  static constexpr int64_t kModel = 1000;

  void AddModel(const std::string& name) const {
    folder_.AddModel(name);
    folder_.Write(name + "/1/model", std::string(kModel, 'x'));
  }
  OnDemandModels& Start(OnDemandOptions options, std::set<std::string> startup_models = {}) {
    RepositoryOptions repository;
    repository.paths = {folder_.path()};
    repository.control_mode = TRITONSERVER_MODEL_CONTROL_EXPLICIT;
    repository.startup_models = std::move(startup_models);
    auto created = ModelRepository::Create(std::move(repository), loader_);
    EXPECT_TRUE(created.ok()) << created.status().ToString();
    repository_ = *std::move(created);
    models_.emplace(options, OnDemandModels::Parts{*repository_, memory_, executor_, timers_, activities_});
    EXPECT_TRUE(models_->LoadStartupModels().ok());
    return *models_;
  }
  ~OnDemandModelsTest() override { Stop(); }
  void Stop() {
    models_.reset();
    repository_->UnloadAll();
    EXPECT_TRUE(repository_->lifecycle().WaitUntilEmpty(SteadyClock::Instance().Now() + std::chrono::seconds(20)));
  }
  std::future<Expected<ModelHandle>> Ask(const std::string& name) {
    auto answer = std::make_shared<std::promise<Expected<ModelHandle>>>();
    models_->Bring(name, -1, [answer](Expected<ModelHandle> model) { answer->set_value(std::move(model)); });
    return answer->get_future();
  }
  // The error of a request, or "".
  std::string Get(const std::string& name) {
    const Expected<ModelHandle> model = Ask(name).get();
    return model ? "" : model.error().message();
  }
  std::vector<std::string> Loaded() const {
    std::vector<std::string> names;
    for (const auto& model : repository_->lifecycle().serving().All()) names.push_back(model->id());
    return names;
  }

  RepositoryFolder folder_;
  FakeLoader loader_;
  MemoryOfModels memory_{loader_};
  Executor executor_{"test", 8};
  TimerQueue timers_;
  Gate activities_;
  std::unique_ptr<ModelRepository> repository_;
  std::optional<OnDemandModels> models_;
};

TEST_F(OnDemandModelsTest, AHerdLoadsAModelOnce) {
  AddModel("m");
  Start({});
  std::vector<std::future<Expected<ModelHandle>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(Ask("m"));
  for (auto& answer : answers) EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(loader_.loads("m:1"), 1);
  EXPECT_EQ(models_->Report().loads, 1);
}

TEST_F(OnDemandModelsTest, TheLeastRecentlyUsedLeaves) {
  for (const char* name : {"a", "b", "c"}) AddModel(name);
  Start({.budget = {.host = 2 * kModel}});
  EXPECT_EQ(Get("a"), "");
  EXPECT_EQ(Get("b"), "");
  std::this_thread::sleep_for(milliseconds(20));  // the coarse clock's step
  OnDemandModels::NoteUse(*repository_->lifecycle().serving().Find("a", -1));
  EXPECT_EQ(Get("c"), "");
  EXPECT_THAT(Loaded(), ElementsAre("a", "c"));
  EXPECT_EQ(models_->Report().left_for_room, 1);
  EXPECT_EQ(models_->Report().use.host, 2 * kModel);
}

TEST_F(OnDemandModelsTest, NobodyLeavesForTheRoomOfAModelThatIsGoneAlready) {
  for (const char* name : {"a", "b", "c"}) AddModel(name);
  Start({.budget = {.host = 2 * kModel}});
  EXPECT_EQ(Get("a"), "");
  std::this_thread::sleep_for(milliseconds(20));  // the coarse clock's step
  EXPECT_EQ(Get("b"), "");
  ASSERT_TRUE(models_->Unload("b", false).ok());
  ASSERT_TRUE(
      test::Eventually([&] { return repository_->lifecycle().UseOf("b").presence == ModelUse::Presence::kGone; }));
  EXPECT_EQ(Get("c"), "");
  EXPECT_THAT(Loaded(), ElementsAre("a", "c"));
  EXPECT_EQ(models_->Report().left_for_room, 0);
}

TEST_F(OnDemandModelsTest, WhatWasUnloadedByRequestIsLoadedAgainIntoItsOwnRoom) {
  for (const char* name : {"a", "b"}) AddModel(name);
  folder_.AddEnsemble("both", {"a", "b"});
  Start({.budget = {.host = 2 * kModel}, .load_wait = std::chrono::seconds(5)});
  EXPECT_EQ(Get("a"), "");
  EXPECT_EQ(Get("b"), "");
  ASSERT_TRUE(models_->Unload("b", false).ok());
  EXPECT_TRUE(models_->Load("b", {}).ok());
  ASSERT_TRUE(models_->Unload("b", false).ok());
  EXPECT_EQ(Get("b"), "");
  for (const char* name : {"a", "b"}) ASSERT_TRUE(models_->Unload(name, false).ok());
  EXPECT_EQ(Get("both"), "");
  ASSERT_TRUE(models_->Unload("both", /*unload_dependents=*/true).ok());
  EXPECT_EQ(Get("both"), "") << "its models left with it";
  ASSERT_TRUE(models_->Unload("a", false).ok());
  EXPECT_EQ(Get("both"), "") << "it left with its model";
  EXPECT_THAT(Loaded(), ElementsAre("a", "b", "both"));
  EXPECT_EQ(models_->Report().left_for_room, 0);
  EXPECT_EQ(models_->Report().use.host, 2 * kModel);
}

TEST_F(OnDemandModelsTest, WhatWasUnloadedByRequestIsWaitedForNotReplaced) {
  for (const char* name : {"a", "b"}) AddModel(name);
  Start({.budget = {.host = 2 * kModel}});
  EXPECT_EQ(Get("a"), "");
  Expected<ModelHandle> held = Ask("b").get();
  ASSERT_TRUE(models_->Unload("b", false).ok());
  std::future<Expected<ModelHandle>> again = Ask("b");
  EXPECT_EQ(again.wait_for(milliseconds(100)), std::future_status::timeout);
  held = ModelHandle();
  EXPECT_TRUE(again.get().ok());
  EXPECT_THAT(Loaded(), ElementsAre("a", "b"));
  EXPECT_EQ(models_->Report().left_for_room, 0);
}

TEST_F(OnDemandModelsTest, AnotherLeavesForWhatIsUnloadedAndHeldForLong) {
  for (const char* name : {"a", "b", "c"}) AddModel(name);
  Start({.budget = {.host = 2 * kModel}});
  EXPECT_EQ(Get("a"), "");
  Expected<ModelHandle> held = Ask("b").get();
  ASSERT_TRUE(models_->Unload("b", false).ok());
  EXPECT_EQ(Get("c"), "");
  EXPECT_THAT(Loaded(), ElementsAre("c"));
  EXPECT_EQ(models_->Report().use.host, 2 * kModel) << "b is there as long as somebody holds it";
  held = ModelHandle();
  EXPECT_TRUE(test::Eventually([&] { return models_->Report().use.host == kModel; }));
}

// Before its load the memory has b, afterwards it has not, so that it grows by nothing.
TEST_F(OnDemandModelsTest, ALoadDuringWhichAnUnloadedModelGoesCountsWithWhatWasExpected) {
  for (const char* name : {"b", "c"}) AddModel(name);
  memory_.EachTakes(3 * kModel, 5 * kModel);
  Start({});
  Expected<ModelHandle> held = Ask("b").get();
  ASSERT_TRUE(models_->Unload("b", false).ok());
  std::promise<void> may_load;
  loader_.DelayLoad("c", may_load.get_future().share());
  std::future<Expected<ModelHandle>> c = Ask("c");
  EXPECT_TRUE(test::Eventually([&] { return loader_.loads("c:1") == 1; }));
  held = ModelHandle();
  EXPECT_TRUE(test::Eventually([&] { return models_->Report().models.empty(); })) << "b is known to have gone";
  may_load.set_value();
  EXPECT_TRUE(c.get().ok());
  const std::vector<OnDemandReport::LoadedModel> models = models_->Report().models;
  ASSERT_EQ(models.size(), 1);
  EXPECT_EQ(models[0].use, (MemoryUse{.host = 3 * kModel, .gpus = {{0, 5 * kModel}}}));
}

TEST_F(OnDemandModelsTest, AModelInUseIsWaitedFor) {
  for (const char* name : {"a", "b"}) AddModel(name);
  Start({.budget = {.host = kModel}});
  Expected<ModelHandle> held = Ask("a").get();
  ASSERT_TRUE(held.ok());
  std::future<Expected<ModelHandle>> waiting = Ask("b");
  EXPECT_EQ(waiting.wait_for(milliseconds(100)), std::future_status::timeout);
  held = ModelHandle();
  EXPECT_TRUE(waiting.get().ok());
  EXPECT_THAT(Loaded(), ElementsAre("b"));
}

TEST_F(OnDemandModelsTest, AWaitEndsWithTheReason) {
  for (const char* name : {"a", "b"}) AddModel(name);
  Start({.budget = {.host = kModel}, .load_wait = milliseconds(50)});
  const Expected<ModelHandle> held = Ask("a").get();
  ASSERT_TRUE(held.ok());
  const Expected<ModelHandle> refused = Ask("b").get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("model 'b' found no room within 50 ms: it takes about 1.0 kB"));
}

TEST_F(OnDemandModelsTest, AModelThatIsTooLargeIsRefused) {
  AddModel("m");
  Start({.budget = {.host = kModel - 1}});
  EXPECT_THAT(Get("m"), HasSubstr("model 'm' takes about 1.0 kB, and all models together may take 1.0 kB"));
}

TEST_F(OnDemandModelsTest, AModelThatWasMeasuredToBeTooLargeIsTriedAgain) {
  AddModel("m");
  Start({.budget = {.host = 2 * kModel}, .oversized_pause = milliseconds(50)});
  memory_.EachTakes(5 * kModel);
  EXPECT_EQ(Get("m"), "") << "its files would fit";
  EXPECT_TRUE(test::Eventually([&] { return models_->Report().models.empty(); })) << "it leaves at once";
  memory_.EachTakes(kModel);  // somebody else's had been taken for its own
  EXPECT_TRUE(test::Eventually([&] { return Get("m").empty(); }));
  EXPECT_EQ(models_->Report().use.host, kModel);
}

TEST_F(OnDemandModelsTest, AModelThatWasMeasuredToBeTooLargeDoesNotTurnOthersOutAtEachRequest) {
  AddModel("m");
  Start({.budget = {.host = 2 * kModel}});
  memory_.EachTakes(5 * kModel);
  EXPECT_EQ(Get("m"), "");
  EXPECT_TRUE(test::Eventually([&] { return models_->Report().models.empty(); }));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Get("m"), HasSubstr("takes about 5.0 kB"));
  EXPECT_THAT(models_->Load("m", {}).message(), HasSubstr("takes about 5.0 kB")) << "it would stay";
  EXPECT_EQ(loader_.loads("m:1"), 1);
}

TEST_F(OnDemandModelsTest, FilesThatComeWithALoadRequestCountAndFindRoom) {
  for (const char* name : {"a", "b"}) AddModel(name);
  Start({.budget = {.host = 2 * kModel}});
  for (const char* name : {"a", "b"}) EXPECT_EQ(Get(name), "");
  const auto sent = [](int64_t bytes) {
    return std::vector<LoadParameter>{{"config", false, R"({"backend":"fake"})"},
                                      {"file:1/model", true, std::string(static_cast<size_t>(bytes), 'x')}};
  };
  EXPECT_TRUE(models_->Load("sent", sent(kModel)).ok());
  EXPECT_EQ(Loaded().size(), 2) << "one has left for it";
  EXPECT_EQ(models_->Report().use.host, 2 * kModel);
  EXPECT_TRUE(models_->Load("sent", sent(2 * kModel)).ok());
  EXPECT_THAT(Loaded(), ElementsAre("sent"));
  EXPECT_EQ(models_->Report().use.host, 2 * kModel);
  EXPECT_THAT(models_->Load("sent", sent(3 * kModel)).message(),
              HasSubstr("model 'sent' takes about 3.0 kB, and all models together may take 2.0 kB"));
  EXPECT_THAT(Loaded(), ElementsAre("sent")) << "what serves stays";
}

TEST_F(OnDemandModelsTest, AReloadIsExpectedToTakeWhatItsFilesHaveNow) {
  for (const char* name : {"a", "b", "c"}) AddModel(name);
  Start({.budget = {.host = 3 * kModel}});
  EXPECT_TRUE(models_->Load("a", {}).ok());
  for (const char* name : {"b", "c"}) EXPECT_EQ(Get(name), "");
  EXPECT_TRUE(models_->Load("a", {}).ok());
  EXPECT_EQ(Loaded().size(), 3) << "nothing has changed";
  folder_.Write("a/1/model", std::string(2 * kModel, 'x'));
  EXPECT_TRUE(models_->Load("a", {}).ok());
  EXPECT_EQ(Loaded().size(), 2) << "one has left for what it takes more";
  EXPECT_EQ(models_->Report().use.host, 3 * kModel);
  folder_.Write("a/1/model", std::string(4 * kModel, 'x'));
  EXPECT_THAT(models_->Load("a", {}).message(), HasSubstr("model 'a' takes about 4.0 kB"));
  EXPECT_EQ(Loaded().size(), 2);
  loader_.Fail("a", "no weights");
  folder_.Write("a/1/model", std::string(3 * kModel, 'x'));
  EXPECT_FALSE(models_->Load("a", {}).ok());
  EXPECT_EQ(models_->Report().use.host, 2 * kModel) << "the copy from before serves";
}

TEST_F(OnDemandModelsTest, RoomIsMadeForWhatModelsOfItsKindHaveTaken) {
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f"};
  for (const std::string& name : names) AddModel(name);
  memory_.EachTakes(3 * kModel);
  constexpr int64_t kBudget = 6 * kModel;
  Start({.budget = {.host = kBudget}});
  for (const std::string& name : names) {
    EXPECT_EQ(Get(name), "");
    EXPECT_LE(models_->Report().use.host, kBudget) << name;
    EXPECT_LE(Loaded().size(), 2) << name;
  }
  EXPECT_EQ(models_->Report().use.host, kBudget);
}

TEST_F(OnDemandModelsTest, WhatIsOnlyGuessedKeepsNoModelOut) {
  for (const char* name : {"a", "b"}) AddModel(name);
  memory_.EachTakes(3 * kModel);
  Start({.budget = {.host = 4 * kModel}}, {"a"});
  EXPECT_EQ(Get("b"), "") << "its kind takes 3 kB, of which there is one left, but its files have no more";
}

// With 4 kB both may turn out to take twice what they are expected to, with 3 kB they may not.
TEST_F(OnDemandModelsTest, ModelsOfUnknownSizeLoadSideBySideWhereThereIsRoomForDoubt) {
  constexpr auto kLongerThanALongLoad = milliseconds(400);
  for (const int64_t budget : {4 * kModel, 3 * kModel}) {
    std::promise<void> may_load;
    const std::string first = "a" + std::to_string(budget), second = "b" + std::to_string(budget);
    for (const std::string& name : {first, second}) AddModel(name);
    loader_.DelayLoad(first, may_load.get_future().share());
    Start({.budget = {.host = budget}});
    std::future<Expected<ModelHandle>> slow = Ask(first);
    ASSERT_TRUE(test::Eventually([&] { return loader_.loads(first + ":1") == 1; }));
    std::future<Expected<ModelHandle>> other = Ask(second);
    const bool is_early =
        other.wait_for(kLongerThanALongLoad * (budget == 4 * kModel ? 20 : 1)) == std::future_status::ready;
    EXPECT_EQ(is_early, budget == 4 * kModel);
    may_load.set_value();
    EXPECT_TRUE(slow.get().ok());
    EXPECT_TRUE(other.get().ok());
    Stop();
  }
}

TEST_F(OnDemandModelsTest, PinnedModelsStayUntilTheyAreUnloaded) {
  for (const char* name : {"a", "b", "c"}) AddModel(name);
  Start({.budget = {.host = 2 * kModel}, .load_wait = milliseconds(400)}, {"a"});
  EXPECT_TRUE(models_->Load("b", {}).ok());
  EXPECT_THAT(Get("c"), HasSubstr("found no room"));
  EXPECT_THAT(Loaded(), ElementsAre("a", "b"));
  EXPECT_TRUE(models_->Unload("b", false).ok());
  EXPECT_EQ(Get("c"), "");
  EXPECT_EQ(Get("b"), "") << "c leaves, a stays";
  EXPECT_THAT(Loaded(), ElementsAre("a", "b"));
}

TEST_F(OnDemandModelsTest, AFailedLoadIsNotTriedAgainAtOnceUnlessFilesChange) {
  AddModel("m");
  loader_.Fail("m", "no weights");
  Start({});
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Get("m"), HasSubstr("no weights"));
  EXPECT_EQ(loader_.loads("m:1"), 1);
  EXPECT_FALSE(models_->CheckAvailable("m", -1).ok());
  loader_.Heal("m");
  folder_.Write("m/1/more", "x");
  EXPECT_TRUE(test::Eventually([&] { return Get("m").empty(); }));
}

TEST_F(OnDemandModelsTest, UnknownModelsAreNotFound) {
  AddModel("m");
  Start({});
  EXPECT_EQ(Get("nobody"), "Request for unknown model: 'nobody' is not found");
  EXPECT_THAT(Get("../m"), HasSubstr("invalid model name"));
  EXPECT_FALSE(models_->CheckAvailable("nobody", -1).ok());
  EXPECT_TRUE(models_->CheckAvailable("m", 1).ok());
  EXPECT_FALSE(models_->CheckAvailable("m", 2).ok());
}

TEST_F(OnDemandModelsTest, WhoWaitsForAModelThatIsUnloadedMeanwhileGetsItLoadedAgain) {
  AddModel("m");
  Start({});
  memory_.AfterTheNextLoad([&] { EXPECT_TRUE(models_->Unload("m", false).ok()); });
  EXPECT_EQ(Get("m"), "");
  EXPECT_EQ(loader_.loads("m:1"), 2);
}

TEST_F(OnDemandModelsTest, WhatNoRequestCanHaveIsNotAvailable) {
  AddModel("m");
  folder_.Write("m/2/model", "newer");
  folder_.Write("empty/config.pbtxt", "backend: \"fake\"");
  Start({});
  EXPECT_TRUE(models_->CheckAvailable("m", -1).ok());
  EXPECT_TRUE(models_->CheckAvailable("m", 2).ok());
  EXPECT_FALSE(models_->CheckAvailable("m", 1).ok()) << "its policy is the latest version";
  EXPECT_THAT(models_->CheckAvailable("empty", -1).message(), HasSubstr("at least one version must be available"));
}

TEST_F(OnDemandModelsTest, EnsemblesBringTheirModelsAndLeaveWithThem) {
  for (const char* name : {"a", "b", "c"}) AddModel(name);
  folder_.AddEnsemble("both", {"a", "b"});
  Start({.budget = {.host = 2 * kModel}});
  EXPECT_EQ(Get("both"), "");
  EXPECT_THAT(Loaded(), ElementsAre("a", "b", "both"));
  EXPECT_EQ(Get("c"), "");
  EXPECT_EQ(Loaded().size(), 2);
  EXPECT_EQ(repository_->lifecycle().serving().Find("both", -1), nullptr);
}

TEST_F(OnDemandModelsTest, AModelThatHasLeftComesBackWhileAnotherIsLeaving) {
  for (const char* name : {"slow", "b"}) AddModel(name);
  folder_.AddModel("large");
  folder_.Write("large/1/model", std::string(2 * kModel, 'x'));
  std::promise<void> may_end;
  loader_.DelayEnd("slow", may_end.get_future().share());
  Start({.budget = {.host = 2 * kModel}});
  EXPECT_EQ(Get("slow"), "");
  std::this_thread::sleep_for(milliseconds(20));  // the coarse clock's step
  EXPECT_EQ(Get("b"), "");
  std::future<Expected<ModelHandle>> large = Ask("large");
  EXPECT_TRUE(test::Eventually([&] { return Loaded().empty(); })) << "both leave for it";
  std::future<Expected<ModelHandle>> again = Ask("b");
  const bool came_back = again.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  EXPECT_EQ(large.wait_for(milliseconds(0)), std::future_status::timeout);
  may_end.set_value();
  EXPECT_TRUE(came_back);
  EXPECT_TRUE(again.get().ok());
  EXPECT_TRUE(large.get().ok());
}

TEST_F(OnDemandModelsTest, IdleModelsLeave) {
  for (const char* name : {"a", "kept"}) AddModel(name);
  Start({.idle_timeout = milliseconds(50)}, {"kept"});
  EXPECT_EQ(Get("a"), "");
  EXPECT_TRUE(test::Eventually([&] { return Loaded() == std::vector<std::string>{"kept"}; }));
  EXPECT_EQ(models_->Report().left_idle, 1);
}

TEST_F(OnDemandModelsTest, TheIndexShowsWhatCanBeHadAsReady) {
  for (const char* name : {"a", "b"}) AddModel(name);
  loader_.Fail("b", "broken");
  Start({});
  std::vector<ModelIndexEntry> index = models_->Index(true);
  ASSERT_EQ(index.size(), 2);
  EXPECT_EQ(index[0].reason, "not loaded: a request loads it");
  EXPECT_EQ(Get("a"), "");
  EXPECT_NE(Get("b"), "");
  ASSERT_EQ(models_->States().size(), 2);
  EXPECT_EQ(models_->States()[1].state, ModelState::kUnavailable);
  index = models_->Index(true);
  ASSERT_EQ(index.size(), 1);
  EXPECT_EQ(index[0].reason, "");
}

TEST_F(OnDemandModelsTest, WhatBecameOfAModelThatARequestWouldLoadAgainIsNoState) {
  for (const char* name : {"a", "b"}) AddModel(name);
  folder_.Write("unreadable/config.pbtxt", "no configuration");
  loader_.Fail("b", "broken");
  Start({});
  EXPECT_EQ(Get("a"), "");
  EXPECT_NE(Get("b"), "");
  EXPECT_NE(Get("unreadable"), "");
  EXPECT_EQ(models_->States().size(), 3);
  EXPECT_TRUE(models_->Unload("a", false).ok());
  EXPECT_TRUE(models_->Unload("b", false).ok()) << "which forgets the failure";
  EXPECT_TRUE(test::Eventually([&] { return models_->States().size() == 1; }));
  EXPECT_EQ(models_->States()[0].name, "unreadable");
}

TEST_F(OnDemandModelsTest, WhoeverWaitsAtTheEndHearsSo) {
  for (const char* name : {"a", "b"}) AddModel(name);
  Start({.budget = {.host = kModel}});
  Expected<ModelHandle> held = Ask("a").get();
  std::future<Expected<ModelHandle>> waiting = Ask("b");
  models_->Close();
  EXPECT_EQ(waiting.get().error().message(), "Server exiting");
  EXPECT_EQ(Get("b"), "Server exiting");
}

}  // namespace
}  // namespace neso
