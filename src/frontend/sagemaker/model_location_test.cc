#include "frontend/sagemaker/model_location.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "repository/fake_loader_for_test.h"

namespace neso {
namespace {

class LocateModelTest : public ::testing::Test {
 protected:
  std::string Url(const std::string& relative) const { return disk_.path() + "/" + relative; }
  // "<repository below the root>:<folder>", or the error.
  std::string Outcome(const std::string& url) const {
    const Expected<ModelLocation> location = LocateModel(url, disk_.path());
    if (!location) return location.error().message();
    return location->repository.substr(disk_.path().size()) + ":" + location->folder;
  }

  RepositoryFolder disk_;
};

TEST_F(LocateModelTest, TheOnlyFolderIsTheModel) {
  disk_.AddModel("a/model/resnet");
  disk_.Write("a/model/.hidden/config.pbtxt", "platform: \"ensemble\"");
  disk_.Write("a/model/notes.txt", "");
  EXPECT_EQ(Outcome(Url("a/model")), "/a/model:resnet");
  EXPECT_EQ(Outcome(Url("a/model/")), "/a/model:resnet");
}

TEST_F(LocateModelTest, AConfigurationAtTheUrlMakesItsFolderTheModel) {
  disk_.AddModel("a/model");
  EXPECT_EQ(Outcome(Url("a/model")), "/a:model");
  disk_.AddModel("b/model/sub");
  EXPECT_EQ(Outcome(Url("b/model/sub")), "/b/model:sub");
}

TEST_F(LocateModelTest, AFolderBelowModelMayHoldTheModel) {
  disk_.AddModel("a/model/sub/resnet");
  EXPECT_EQ(Outcome(Url("a/model/sub")), "/a/model/sub:resnet");
}

TEST_F(LocateModelTest, TheEnsembleAmongFoldersIsTheModel) {
  disk_.AddModel("a/model/aaa");
  disk_.AddModel("a/model/zzz");
  disk_.Write("a/model/pipeline/config.pbtxt", "platform: \"ensemble\"");
  EXPECT_EQ(Outcome(Url("a/model")), "/a/model:pipeline");
}

TEST_F(LocateModelTest, OfSeveralFoldersWithoutEnsembleTheFirstIsTaken) {
  disk_.AddModel("a/model/two");
  disk_.AddModel("a/model/one");
  disk_.Write("a/model/zero/config.pbtxt", "platform: \"ensemble\" is not text format");
  EXPECT_EQ(Outcome(Url("a/model")), "/a/model:one");
}

TEST_F(LocateModelTest, AUrlOfAnotherFormIsRefused) {
  disk_.AddModel("a/model/resnet/deep");
  for (const char* url : {"", "/", "a", "a/models", "a/other/resnet", "../model", "./model", "a/model/..",
                          "a/model/resnet/deep", "a//model", "/a/model"}) {
    EXPECT_EQ(Outcome(Url(url)),
              "url '" + Url(url) + "' is not of the form " + disk_.path() + "/<name>/model[/<folder>]");
  }
  EXPECT_EQ(Outcome(""), "url '' is not of the form " + disk_.path() + "/<name>/model[/<folder>]");
  EXPECT_EQ(Outcome("x" + Url("a/model")),
            "url 'x" + Url("a/model") + "' is not of the form " + disk_.path() + "/<name>/model[/<folder>]");
}

TEST_F(LocateModelTest, FoldersOfTheSystemAreRefused) {
  for (const char* url : {"/dev/shm", "/proc/self/root/opt/ml/models/a/model", "/sys/kernel", "/dev", "/proc/"}) {
    EXPECT_EQ(Outcome(url), "url '" + std::string(url) + "' leads to a folder of the system");
  }
  std::filesystem::create_directories(Url("a"));
  std::filesystem::create_directory_symlink("/proc/self", Url("a/model"));
  EXPECT_EQ(Outcome(Url("a/model")), "url '" + Url("a/model") + "' leads to a folder of the system");
}

TEST_F(LocateModelTest, WhatIsNotThereIsAnError) {
  EXPECT_EQ(Outcome(Url("a/model")), "failed to register '" + Url("a/model") + "', repository not found");
  disk_.Write("b/model/notes.txt", "");
  EXPECT_EQ(Outcome(Url("b/model")),
            "there is no model in '" + Url("b/model") + "': it has neither config.pbtxt nor a folder");
}

}  // namespace
}  // namespace neso
