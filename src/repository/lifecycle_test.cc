#include "repository/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "repository/fake_loader_for_test.h"

namespace neso {
namespace {

using ::testing::HasSubstr;

// A storage elsewhere: models have to be copied to this machine before they can be loaded.
class CopyingStorage final : public Storage {
 public:
  Status CheckRepository(const std::string&) const override { return {}; }
  Expected<RepositoryListing> ListRepository(const std::string&) const override { return RepositoryListing{}; }
  bool IsFolder(const std::string&) const override { return true; }
  Expected<FolderSnapshot> ReadModelFolder(const std::string&, const std::string&) const override {
    return FolderSnapshot{};
  }
  Expected<LocalFolder> Localize(const std::string& path) const override {
    ++copies;
    if (fails) return Unavailable("'{}' cannot be fetched", path);
    auto keeper = std::make_shared<int>(0);
    kept = keeper;
    return LocalFolder{"/copy/of" + path, keeper};
  }

  mutable std::atomic<int> copies{0};
  mutable std::weak_ptr<int> kept;
  bool fails = false;
};

class ModelLifecycleTest : public ::testing::Test {
 protected:
  PolledModel TwoVersions() const {
    PolledModel model;
    model.name = "m";
    model.storage = &storage_;
    model.location = "/far/m";
    model.config.set_name("m");
    model.config.mutable_version_policy()->mutable_all();
    model.versions[1] = {};
    model.versions[2] = {};
    return model;
  }
  Status Load(PolledModel model) {
    std::promise<Status> loaded;
    lifecycle_.Load(std::move(model), [&loaded](Status status) { loaded.set_value(std::move(status)); });
    return loaded.get_future().get();
  }
  bool WaitUntilUnloaded(std::string_view name, std::chrono::milliseconds limit) {
    return lifecycle_.WaitUntilUnloaded(name, SteadyClock::Instance().Now() + limit);
  }
  bool WaitUntilEmpty() { return lifecycle_.WaitUntilEmpty(SteadyClock::Instance().Now() + std::chrono::seconds(20)); }

  CopyingStorage storage_;
  FakeLoader loader_;
  ModelLifecycle lifecycle_{loader_, {}};
};

TEST_F(ModelLifecycleTest, AModelIsBroughtToThisMachineOnceAndStaysWhileItServes) {
  ASSERT_TRUE(Load(TwoVersions()).ok());
  EXPECT_EQ(storage_.copies, 1);
  EXPECT_EQ(loader_.last_directory(), "/copy/of/far/m");
  EXPECT_FALSE(storage_.kept.expired());
  lifecycle_.Unload("m");
  ASSERT_TRUE(WaitUntilEmpty());
  EXPECT_TRUE(storage_.kept.expired());
}

TEST_F(ModelLifecycleTest, WhatDoesNotChangeIsNotBroughtAgain) {
  ASSERT_TRUE(Load(TwoVersions()).ok());
  ASSERT_TRUE(Load(TwoVersions()).ok());
  EXPECT_EQ(storage_.copies, 1);
  lifecycle_.Unload("m");
  ASSERT_TRUE(WaitUntilEmpty());
}

TEST_F(ModelLifecycleTest, AModelIsUnloadedWhenItsLastRequestHasLetGoOfIt) {
  EXPECT_TRUE(WaitUntilUnloaded("m", std::chrono::milliseconds(0)));
  ASSERT_TRUE(Load(TwoVersions()).ok());
  ModelHandle used = lifecycle_.serving().Find("m", 1);
  lifecycle_.Unload("m");
  EXPECT_FALSE(WaitUntilUnloaded("m", std::chrono::milliseconds(1)));
  std::thread request([&used] { used.reset(); });
  EXPECT_TRUE(WaitUntilUnloaded("m", std::chrono::minutes(1)));
  request.join();
  ASSERT_TRUE(WaitUntilEmpty());
}

TEST_F(ModelLifecycleTest, WhenTheProcessEndsNobodyWaitsForAModel) {
  ASSERT_TRUE(Load(TwoVersions()).ok());
  std::thread end([this] { lifecycle_.PrepareForExit(); });
  EXPECT_FALSE(WaitUntilUnloaded("m", std::chrono::hours(1)));
  end.join();
  lifecycle_.Unload("m");
  ASSERT_TRUE(WaitUntilEmpty());
}

TEST_F(ModelLifecycleTest, AModelThatCannotBeBroughtIsNotLoaded) {
  storage_.fails = true;
  EXPECT_THAT(Load(TwoVersions()).message(), HasSubstr("'/far/m' cannot be fetched"));
  EXPECT_EQ(loader_.loads("m:1"), 0);
  storage_.fails = false;
  EXPECT_TRUE(Load(TwoVersions()).ok());
  lifecycle_.Unload("m");
  ASSERT_TRUE(WaitUntilEmpty());
}

}  // namespace
}  // namespace neso
