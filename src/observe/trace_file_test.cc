#include "observe/trace_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "base/json.h"
#include "base/test_file_limit.h"
#include "base/test_folder.h"
#include "base/test_memory_limit.h"

namespace neso {
namespace {

class TraceFileTest : public ::testing::Test {
 protected:
  std::shared_ptr<TraceFile> New(const std::string& name = "t.json") {
    return std::make_shared<TraceFile>(folder_.Path(name), executor_);
  }
  TestFolder folder_;
  Executor executor_{"test", 4};
};

TEST_F(TraceFileTest, IsAWholeArrayAfterEachWrite) {
  folder_.Write("t.json", "what an earlier server left, which is longer than what comes");
  const auto file = New();
  file->Append("1");
  file->Close();
  EXPECT_EQ(folder_.Read("t.json"), "[1]");
  file->Append("2,3");
  EXPECT_EQ(folder_.Read("t.json"), "[1,2,3]");
  file->Append("4");
  EXPECT_EQ(folder_.Read("t.json"), "[1,2,3,4]");
}

TEST_F(TraceFileTest, FilesOfTheirOwnAreNumbered) {
  const auto file = New();
  file->WriteNext("1");
  file->Append("2");
  file->WriteNext("3,4");
  file->Close();
  EXPECT_EQ(folder_.Read("t.json.0"), "[1]");
  EXPECT_EQ(folder_.Read("t.json.1"), "[3,4]");
  EXPECT_EQ(folder_.Read("t.json"), "[2]");
}

TEST_F(TraceFileTest, AFileThatWasTakenAwayBeginsAnew) {
  const auto file = New();
  file->Close();
  file->Append("1");
  folder_.Remove("t.json");
  file->Append("2");
  EXPECT_EQ(folder_.Read("t.json"), "[2]");
  folder_.Write("t.json", "somebody else's");
  file->Append("3");
  EXPECT_EQ(folder_.Read("t.json"), "[3]");
}

TEST_F(TraceFileTest, AFolderThatAppearsLaterIsUsed) {
  const auto file = New("later/t.json");
  file->Close();
  ::testing::internal::CaptureStderr();
  file->Append("1");
  file->WriteNext("2");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, ::testing::HasSubstr("failed to write traces to '" + file->file() + "': No such file or directory"));
  EXPECT_EQ(log.find("failed"), log.rfind("failed")) << "said once";
  folder_.MakeFolder("later");
  file->Append("3");
  EXPECT_EQ(folder_.Read("later/t.json"), "[3]");
}

TEST_F(TraceFileTest, WhatDoesNotFitLeavesJson) {
  const std::string large = '"' + std::string(100'000, 'x') + '"';
  const auto file = New();
  file->Close();
  const FileSizeLimit limit(50'000);
  file->Append(large);
  EXPECT_EQ(folder_.Read("t.json"), "[]");
  file->Append("1");
  file->Append(large);
  EXPECT_EQ(folder_.Read("t.json"), "[1]") << "a full disk does not cost what is there";
  file->Append("2");
  EXPECT_EQ(folder_.Read("t.json"), "[1,2]");
  file->WriteNext(large);
  file->WriteNext("3");
  EXPECT_EQ(folder_.Read("t.json.0"), "[]");
  EXPECT_EQ(folder_.Read("t.json.1"), "[3]");
}

TEST_F(TraceFileTest, ADiskWithoutAnyRoomHasNoFile) {
  const auto file = New();
  file->Close();
  const FileSizeLimit limit(0);
  file->Append("1");
  EXPECT_FALSE(folder_.Has("t.json"));
}

TEST_F(TraceFileTest, ADiskThatDoesNotAnswerTakesNotAllMemory) {
  // Whoever writes to a pipe waits until somebody reads it.
  ASSERT_EQ(mkfifo(folder_.Path("t.json").c_str(), 0600), 0);
  const auto file = New();
  const std::string piece = '"' + std::string(TraceFile::kMaxWaitingBytes / 8, 'x') + '"';
  ::testing::internal::CaptureStderr();
  file->WriteNext("0");
  file->Append("1");
  for (int i = 0; i < 20; ++i) file->WriteNext(piece);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, ::testing::HasSubstr("traces for '" + file->file() + "' are lost"));
  EXPECT_EQ(log.find("are lost"), log.rfind("are lost")) << "said once";
  const int reader = open(folder_.Path("t.json").c_str(), O_RDONLY | O_NONBLOCK);
  file->Close();
  close(reader);
  EXPECT_TRUE(folder_.Has("t.json.7"));
  EXPECT_FALSE(folder_.Has("t.json.8"));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(TraceFileTest, TracesForWhichThereIsNoMemoryAreLostAndTheCloseDoesNotWaitForThem) {
  constexpr size_t kMuch = 64u << 20;  // of which every message and every file's name needs a copy
  const auto file = New(std::string(kMuch, 'x'));
  const MemoryLimit limit(kMuch / 4);
  ::testing::internal::CaptureStderr();
  file->WriteNext("1");
  file->Close();
  file->Append("2");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), ::testing::HasSubstr("out of memory"));
}
#endif

TEST_F(TraceFileTest, TracesOfManyThreadsComeWhole) {
  constexpr int kThreads = 8, kEach = 50;
  const auto file = New();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&file] {
      for (int i = 0; i < kEach; ++i) file->Append(R"({"id":1})");
    });
  }
  for (std::thread& thread : threads) thread.join();
  file->Close();
  JsonDocument document;
  ASSERT_TRUE(document.Parse(folder_.Read("t.json")).ok());
  EXPECT_EQ(document.root().Size(), kThreads * kEach);
}

}  // namespace
}  // namespace neso
