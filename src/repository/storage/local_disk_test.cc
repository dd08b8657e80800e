#include "repository/storage/local_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "repository/fake_loader_for_test.h"
#include "repository/model_name.h"
#include "repository/storage/storages.h"
#include "repository/temporary_folder.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FolderSnapshot MustRead(const RepositoryFolder& folder, const std::string& name, const std::string& config_name = "") {
  Expected<FolderSnapshot> snapshot = LocalDisk().ReadModelFolder(folder.path() + "/" + name, config_name);
  if (!snapshot.ok()) {
    ADD_FAILURE() << snapshot.status().ToString();
    return {};
  }
  return *std::move(snapshot);
}

TEST(LocalDiskTest, ListsModelFoldersSortedWithoutFilesAndHiddenOnes) {
  RepositoryFolder repository;
  repository.AddModel("b");
  repository.AddModel("a");
  repository.Write("README", "");
  repository.Write(".git/HEAD", "");
  EXPECT_THAT(LocalDisk().ListRepository(repository.path())->folders, ElementsAre("a", "b"));
}

TEST(LocalDiskTest, SaysWhyAPathIsNoRepository) {
  RepositoryFolder folder;
  folder.Write("file", "");
  EXPECT_EQ(Storages().CheckRepository(folder.path() + "/none").message(),
            "failed to stat file " + folder.path() + "/none");
  EXPECT_EQ(Storages().CheckRepository(folder.path() + "/none").code(), StatusCode::kInternal);
  EXPECT_EQ(Storages().CheckRepository(folder.path() + "/file").ToString(),
            "Invalid argument: repository path is not a valid directory");
}

// Changes of a file that come within one tick of the file system's clock cannot be told apart.
void LetTheClockTick() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

TEST(LocalDiskTest, TellsWhatArrivedWholeFromWhatWasWrittenInPlace) {
  RepositoryFolder repository;
  repository.AddModel("written");
  LetTheClockTick();
  EXPECT_FALSE(MustRead(repository, "written").arrived_whole);
  std::filesystem::rename(repository.path() + "/written", repository.path() + "/moved");
  struct stat moved {};
  ASSERT_EQ(stat((repository.path() + "/moved").c_str(), &moved), 0);
  if (moved.st_ctim.tv_sec == moved.st_mtim.tv_sec && moved.st_ctim.tv_nsec == moved.st_mtim.tv_nsec) {
    GTEST_SKIP() << "this file system keeps no time of a rename";
  }
  EXPECT_TRUE(MustRead(repository, "moved").arrived_whole);
  EXPECT_FALSE(MustRead(repository, "moved").subfolders.at("1").arrived_whole);
  LetTheClockTick();
  repository.Write("moved/1/model", "y");
  EXPECT_FALSE(MustRead(repository, "moved").arrived_whole) << "somebody writes into it";
}

TEST(LocalDiskTest, TellsAVersionThatArrivedWhole) {
  RepositoryFolder repository;
  repository.AddModel("m");
  repository.Write("new/2/model", "x");
  LetTheClockTick();
  std::filesystem::rename(repository.path() + "/new/2", repository.path() + "/m/2");
  struct stat moved {};
  ASSERT_EQ(stat((repository.path() + "/m/2").c_str(), &moved), 0);
  if (moved.st_ctim.tv_sec == moved.st_mtim.tv_sec && moved.st_ctim.tv_nsec == moved.st_mtim.tv_nsec) {
    GTEST_SKIP() << "this file system keeps no time of a rename";
  }
  const FolderSnapshot folder = MustRead(repository, "m");
  EXPECT_TRUE(folder.subfolders.at("2").arrived_whole);
  EXPECT_FALSE(folder.subfolders.at("1").arrived_whole);
  EXPECT_FALSE(folder.arrived_whole);
}

TEST(LocalDiskTest, ALinkToACompleteFolderArrivesWhole) {
  RepositoryFolder repository;
  repository.AddModel(".data/m");
  LetTheClockTick();
  std::filesystem::create_directory_symlink(repository.path() + "/.data/m", repository.path() + "/m");
  EXPECT_TRUE(MustRead(repository, "m").arrived_whole);
}

TEST(LocalDiskTest, ReadsConfigurationAndFirstVersion) {
  RepositoryFolder repository;
  repository.AddModel("m", 2);
  repository.Write("m/configs/small.pbtxt", "backend: \"small\"");
  const FolderSnapshot folder = MustRead(repository, "m");
  EXPECT_THAT(*folder.config_text, HasSubstr("fake"));
  EXPECT_THAT(folder.subfolder_names, ElementsAre("1", "2", "configs"));
  ASSERT_EQ(folder.first_version.size(), 1U);
  EXPECT_EQ(folder.first_version[0].name, "model");
  EXPECT_EQ(*MustRead(repository, "m", "small").config_text, "backend: \"small\"");
  EXPECT_THAT(*MustRead(repository, "m", "absent").config_text, HasSubstr("fake"));
}

TEST(LocalDiskTest, FingerprintsTellWhatChanged) {
  RepositoryFolder repository;
  repository.AddModel("m", 2);
  repository.Write("m/labels.txt", "a");
  const FolderSnapshot before = MustRead(repository, "m");
  EXPECT_EQ(MustRead(repository, "m").Fingerprint(), before.Fingerprint());

  repository.Write("m/2/deep/er/file", "new");
  repository.Write("m/config.pbtxt", "backend: \"other\"");
  const FolderSnapshot after = MustRead(repository, "m");
  EXPECT_EQ(after.subfolders.at("1").fingerprint, before.subfolders.at("1").fingerprint);
  EXPECT_NE(after.subfolders.at("2").fingerprint, before.subfolders.at("2").fingerprint);
  EXPECT_NE(after.Fingerprint(), before.Fingerprint());
  EXPECT_EQ(after.files_fingerprint, before.files_fingerprint);

  repository.Write("m/labels.txt", "ab");
  EXPECT_NE(MustRead(repository, "m").files_fingerprint, before.files_fingerprint);
}

TEST(LocalDiskTest, FilesThatMoveBetweenFoldersAreChanges) {
  RepositoryFolder repository;
  repository.AddModel("m", 1);
  repository.Write("m/1/a/weights", "x");
  repository.Write("m/1/b/other", "y");
  const FolderSnapshot before = MustRead(repository, "m");
  std::filesystem::rename(repository.path() + "/m/1/a/weights", repository.path() + "/m/1/b/weights");
  EXPECT_NE(MustRead(repository, "m").Fingerprint(), before.Fingerprint());
}

TEST(LocalDiskTest, SurvivesLinksInCirclesAndToNowhere) {
  RepositoryFolder repository;
  repository.AddModel("m");
  std::filesystem::create_directory_symlink("..", repository.path() + "/m/1/up");
  std::filesystem::create_symlink("nowhere", repository.path() + "/m/1/broken");
  EXPECT_THAT(MustRead(repository, "m").subfolder_names, ElementsAre("1"));
}

TEST(LocalDiskTest, VisitsEachFolderOnceHoweverManyLinksLeadThere) {
  RepositoryFolder repository;
  repository.AddModel("m");
  // 2^32 ways through the folder, were each taken.
  for (const char* link : {"a", "b"})
    std::filesystem::create_directory_symlink(".", repository.path() + "/m/1/" + link);
  const FolderSnapshot before = MustRead(repository, "m");
  repository.Write("m/1/model", "other");
  EXPECT_NE(MustRead(repository, "m").Fingerprint(), before.Fingerprint());
}

TEST(LocalDiskTest, SeesChangesBehindLinks) {
  RepositoryFolder repository;
  RepositoryFolder elsewhere;
  repository.AddModel("m", 2);
  elsewhere.Write("weights", "x");
  for (const char* link : {"/m/1/shared", "/m/2/shared"}) {
    std::filesystem::create_directory_symlink(elsewhere.path(), repository.path() + link);
  }
  const FolderSnapshot before = MustRead(repository, "m");
  elsewhere.Write("weights", "other");
  const FolderSnapshot after = MustRead(repository, "m");
  for (const char* version : {"1", "2"}) {
    EXPECT_NE(after.subfolders.at(version).fingerprint, before.subfolders.at(version).fingerprint) << version;
  }
}

TEST(LocalDiskTest, FindsWhatNoLoadMayOpen) {
  RepositoryFolder repository;
  repository.AddModel("m", 2);
  repository.Write("m/2/deep/file", "x");
  ASSERT_EQ(mkfifo((repository.path() + "/m/2/deep/pipe").c_str(), 0600), 0);
  const FolderSnapshot folder = MustRead(repository, "m");
  EXPECT_EQ(folder.subfolders.at("1").endless_file, "");
  EXPECT_EQ(folder.subfolders.at("2").endless_file, "'2/deep/pipe' is a FIFO");
}

TEST(LocalDiskTest, DoesNotWaitForAConfigurationThatIsAFifo) {
  RepositoryFolder repository;
  repository.AddModel("m");
  const std::string path = repository.path() + "/m/config.pbtxt";
  repository.Remove("m/config.pbtxt");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(LocalDisk().ReadModelFolder(repository.path() + "/m", "").status().message(),
            "failed to open text file for read " + path + ": expected a regular file, got a FIFO");
}

TEST(LocalDiskTest, RefusesNamesThatTraverse) {
  EXPECT_EQ(CheckModelName("").message(), "Model name cannot be empty. Please enter a valid name to deploy.");
  for (const char* name : {"..", ".", "a/b", "../a", "a\\b"}) {
    EXPECT_EQ(CheckModelName(name).message(),
              "invalid model name '" + std::string(name) + "', model name must not contain path traversal characters");
  }
  EXPECT_TRUE(CheckModelName("resnet50..v2").ok());
}

TEST(TemporaryLocalDiskTest, HoldsTheFilesAndGoesWithItsHolder) {
  const OverrideFile files[] = {{"1/model.onnx", "abc"}, {"labels.txt", ""}};
  auto folder = TemporaryFolder::Create(files);
  ASSERT_TRUE(folder.ok()) << folder.status().ToString();
  const std::string path = (*folder)->path();
  EXPECT_EQ(std::filesystem::file_size(path + "/1/model.onnx"), 3U);
  EXPECT_TRUE(std::filesystem::exists(path + "/labels.txt"));
  folder->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TemporaryLocalDiskTest, RefusesPathsThatLeaveIt) {
  for (const char* path : {"../x", "/etc/passwd", "1/../../x", "", ".", "1/.."}) {
    const OverrideFile files[] = {{path, "x"}};
    const auto folder = TemporaryFolder::Create(files);
    ASSERT_FALSE(folder.ok()) << path;
    EXPECT_THAT(folder.error().message(), HasSubstr("must stay within model directory.")) << path;
  }
}

TEST(TemporaryLocalDiskTest, WhatADeadServerLeftIsRemovedAndWhatIsInUseStays) {
  const OverrideFile files[] = {{"1/model.onnx", "abc"}};
  const auto folder = TemporaryFolder::Create(files);
  ASSERT_TRUE(folder.ok()) << folder.status().ToString();
  const std::filesystem::path abandoned =
      std::filesystem::temp_directory_path() / ("neso-model-test" + std::to_string(getpid()));
  const std::filesystem::path link = abandoned.string() + "-link";
  const RepositoryFolder elsewhere;
  elsewhere.Write("kept", "");
  std::filesystem::create_directories(abandoned / "1");
  std::filesystem::create_directory_symlink(elsewhere.path(), link);
  TemporaryFolder::RemoveAbandoned();
  EXPECT_FALSE(std::filesystem::exists(abandoned));
  EXPECT_TRUE(std::filesystem::exists((*folder)->path() + "/1/model.onnx"));
  EXPECT_TRUE(std::filesystem::exists(elsewhere.path() + "/kept"));
  std::filesystem::remove(link);
}

}  // namespace
}  // namespace neso
