// Control mode POLL: what a look at changed folders does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "repository/fake_loader_for_test.h"
#include "repository/repository.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RepositoryChangesTest : public ::testing::Test {
 protected:
  ~RepositoryChangesTest() override {
    if (repository_ == nullptr) return;
    repository_->UnloadAll();
    EXPECT_TRUE(repository_->lifecycle().WaitUntilEmpty(SteadyClock::Instance().Now() + std::chrono::seconds(20)));
  }
  void Start(TRITONSERVER_ModelControlMode mode = TRITONSERVER_MODEL_CONTROL_POLL) {
    RepositoryOptions options;
    options.paths = {folder_.path(), second_.path()};
    options.control_mode = mode;
    auto created = ModelRepository::Create(std::move(options), loader_);
    ASSERT_TRUE(created.ok()) << created.status().ToString();
    repository_ = *std::move(created);
    static_cast<void>(repository_->LoadStartupModels());
  }
  // Changes are complete when this is called.
  void Poll() {
    const Status polled = repository_->PollChanges(PollCare::kAtOnce);
    EXPECT_TRUE(polled.ok()) << polled.ToString();
  }
  void LookCarefully() {
    const Status polled = repository_->PollChanges(PollCare::kUntilStill);
    EXPECT_TRUE(polled.ok()) << polled.ToString();
  }
  std::vector<std::string> Index() {
    std::vector<std::string> texts;
    for (const ModelIndexEntry& entry : repository_->Index(false)) {
      texts.push_back(fmt::format("{}:{} {} {}", entry.name, entry.version, ModelStateName(entry.state), entry.reason));
    }
    return texts;
  }
  bool Serves(const std::string& name) { return repository_->lifecycle().serving().Find(name, -1) != nullptr; }
  void Move(const std::string& from, const std::string& to) {
    std::filesystem::rename(folder_.path() + "/" + from, folder_.path() + "/" + to);
  }

  RepositoryFolder folder_, second_;
  FakeLoader loader_;
  std::unique_ptr<ModelRepository> repository_;
};

TEST_F(RepositoryChangesTest, OnlyInPollMode) {
  Start(TRITONSERVER_MODEL_CONTROL_EXPLICIT);
  EXPECT_EQ(repository_->PollChanges(PollCare::kAtOnce).ToString(), "Unavailable: polling is disabled");
}

TEST_F(RepositoryChangesTest, LoadAndUnloadRequestsAreRefused) {
  folder_.AddModel("a");
  Start();
  EXPECT_EQ(repository_->LoadModel("a", {}).ToString(),
            "Unavailable: explicit model load / unload is not allowed if polling is enabled");
  EXPECT_EQ(repository_->UnloadModel("a", false).code(), StatusCode::kUnavailable);
}

TEST_F(RepositoryChangesTest, WhatStaysTheSameIsNotLoadedAgain) {
  folder_.AddModel("a");
  Start();
  Poll();
  LookCarefully();
  EXPECT_EQ(loader_.loads("a:1"), 1);
}

TEST_F(RepositoryChangesTest, NewModelsAreLoaded) {
  Start();
  folder_.AddModel("a");
  Poll();
  EXPECT_THAT(Index(), ElementsAre("a:1 READY "));
}

TEST_F(RepositoryChangesTest, VersionsComeAndGo) {
  folder_.AddModel("a", 1, "version_policy { all {} }");
  Start();
  folder_.Write("a/2/model", "x");
  Poll();
  EXPECT_THAT(Index(), ElementsAre("a:1 READY ", "a:2 READY "));
  EXPECT_EQ(loader_.loads("a:1"), 1);
  folder_.Remove("a/1");
  Poll();
  ASSERT_TRUE(Serves("a"));
  EXPECT_EQ(repository_->lifecycle().serving().Versions("a").size(), 1U);
  EXPECT_EQ(loader_.loads("a:2"), 1);
}

TEST_F(RepositoryChangesTest, ChangedFilesAreLoadedAgain) {
  folder_.AddModel("a");
  Start();
  folder_.Write("a/1/model", "another");
  Poll();
  EXPECT_EQ(loader_.loads("a:1"), 2);
  folder_.AddModel("a", 1, "instance_group { kind: KIND_CPU count: 2 }");
  Poll();
  EXPECT_EQ(loader_.loads("a:1"), 3) << "the version's file was written again";
}

TEST_F(RepositoryChangesTest, RemovedModelsLeaveTheIndexAndComeBack) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  Start();
  folder_.Remove("a");
  Poll();
  EXPECT_THAT(Index(), ElementsAre("b:1 READY "));
  EXPECT_EQ(repository_->lifecycle().WhyNotServing("a", -1).ToString(),
            "Not found: Request for unknown model: 'a' has no available versions");
  folder_.AddModel("a");
  Poll();
  EXPECT_THAT(Index(), ElementsAre("a:1 READY ", "b:1 READY "));
}

TEST_F(RepositoryChangesTest, AModelThatFailedAndIsRemovedLeavesNothing) {
  folder_.AddModel("a");
  loader_.Fail("a", "cannot");
  Start();
  EXPECT_THAT(Index(), ElementsAre("a:1 UNAVAILABLE Internal: cannot"));
  folder_.Remove("a");
  Poll();
  EXPECT_THAT(Index(), IsEmpty());
  EXPECT_THAT(repository_->lifecycle().States(), IsEmpty()) << "the server's readiness asks them";
}

TEST_F(RepositoryChangesTest, AFailedReloadKeepsWhatServesAndIsTriedAgain) {
  folder_.AddModel("a");
  Start();
  loader_.Fail("a", "cannot");
  folder_.Write("a/1/model", "another");
  Poll();
  Poll();
  EXPECT_EQ(loader_.loads("a:1"), 3);
  EXPECT_THAT(Index(), ElementsAre("a:1 READY "));
  loader_.Heal("a");
  Poll();
  Poll();
  EXPECT_EQ(loader_.loads("a:1"), 4);
}

TEST_F(RepositoryChangesTest, AnUnreadableConfigurationKeepsWhatServesAndStopsNobody) {
  folder_.AddModel("a");
  Start();
  folder_.Write("a/config.pbtxt", "{");
  folder_.AddModel("b");
  Poll();
  EXPECT_THAT(Index(), ElementsAre("a:1 READY ", "b:1 READY "));
  EXPECT_EQ(loader_.loads("a:1"), 1);
}

TEST_F(RepositoryChangesTest, ARepositoryOutOfReachChangesNothing) {
  folder_.AddModel("a");
  Start();
  std::filesystem::rename(folder_.path(), folder_.path() + ".away");
  EXPECT_EQ(repository_->PollChanges(PollCare::kAtOnce).code(), StatusCode::kInternal);
  EXPECT_TRUE(Serves("a"));
  std::filesystem::rename(folder_.path() + ".away", folder_.path());
  Poll();
  EXPECT_EQ(loader_.loads("a:1"), 1);
}

TEST_F(RepositoryChangesTest, AModelThatTwoRepositoriesHaveIsServedByNeither) {
  folder_.AddModel("a");
  Start();
  second_.AddModel("a");
  Poll();
  EXPECT_FALSE(Serves("a"));
  EXPECT_THAT(Index(), ElementsAre("a:-1 UNAVAILABLE model appears in two or more repositories"));
  folder_.Remove("a");
  Poll();
  EXPECT_TRUE(Serves("a"));
  EXPECT_EQ(loader_.last_directory(), second_.path() + "/a");
}

TEST_F(RepositoryChangesTest, EnsemblesFollowTheirModels) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  folder_.AddEnsemble("e", {"a", "b"});
  Start();
  ASSERT_TRUE(Serves("e"));
  folder_.Write("a/1/model", "another");
  Poll();
  EXPECT_EQ(loader_.loads("e:1"), 2);
  folder_.Remove("a");
  Poll();
  EXPECT_FALSE(Serves("e"));
  EXPECT_TRUE(Serves("b"));
  folder_.AddModel("a");
  Poll();
  EXPECT_TRUE(Serves("e"));
}

TEST_F(RepositoryChangesTest, AnEnsembleThatDoesWithoutAModelOutlivesIt) {
  folder_.AddModel("a");
  folder_.AddModel("b");
  folder_.AddEnsemble("e", {"a", "b"});
  Start();
  folder_.Remove("a");
  folder_.AddEnsemble("e", {"b", "b"});
  Poll();
  EXPECT_TRUE(Serves("e"));
  EXPECT_FALSE(Serves("a"));
}

TEST_F(RepositoryChangesTest, AnEnsembleAndItsModelsComeTogether) {
  folder_.AddEnsemble("e", {"a"});
  Start();
  EXPECT_FALSE(Serves("e"));
  folder_.AddModel("a");
  Poll();
  EXPECT_TRUE(Serves("e"));
}

TEST_F(RepositoryChangesTest, AFolderThatIsBeingWrittenIsLeftAlone) {
  folder_.AddModel("a");
  Start();
  for (int i = 0; i < 3; ++i) {
    folder_.Write("a/1/model", std::string(100 + i, 'x'));
    LookCarefully();
  }
  EXPECT_EQ(loader_.loads("a:1"), 1);
  LookCarefully();
  EXPECT_EQ(loader_.loads("a:1"), 2);
}

TEST_F(RepositoryChangesTest, WhatIsMovedIntoPlaceIsTakenAtTheFirstLook) {
  folder_.AddModel(".new/a");
  Start();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of the file system ticks
  Move(".new/a", "a");
  if (!LocalDisk().ReadModelFolder(folder_.path() + "/a", "")->arrived_whole) {
    GTEST_SKIP() << "this file system does not tell a renamed folder from one that was written just now";
  }
  LookCarefully();
  EXPECT_TRUE(Serves("a"));
}

}  // namespace
}  // namespace neso
