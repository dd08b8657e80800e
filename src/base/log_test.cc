#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "base/log_file.h"
#include "base/log_json.h"
#include "base/test_file_limit.h"

namespace neso {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr int64_t kNov22 = 1795362181;  // 2026-11-22 15:43:01 UTC

std::string ReadAll(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// A log file of its own for each test; the process's settings come back afterwards.
class LogTest : public ::testing::Test {
 protected:
  LogTest() : path_(::testing::TempDir() + "neso_log_test." + std::to_string(getpid())) { std::remove(path_.c_str()); }
  ~LogTest() override {
    EXPECT_TRUE(log::SetFile("").ok());
    log::SetInfo(true);
    log::SetWarning(true);
    log::SetError(true);
    log::SetVerboseLevel(0);
    log::SetFormat(LogFormat::kDefault);
    std::remove(path_.c_str());
  }
  const std::string path_;
};

TEST_F(LogTest, DefaultPrefixIsLetterDateTimePidFileLine) {
  EXPECT_EQ(log::FormatPrefix(LogFormat::kDefault, LogLevel::kInfo, kNov22, 1234, 4711, "/src/model_lifecycle.cc", 469),
            "I1122 15:43:01.001234 4711 model_lifecycle.cc:469] ");
}

TEST_F(LogTest, IsoPrefixHasYearAndNoFraction) {
  EXPECT_EQ(log::FormatPrefix(LogFormat::kIso8601, LogLevel::kError, kNov22, 1234, 4711, "a.cc", 1),
            "2026-11-22T15:43:01Z E 4711 a.cc:1] ");
}

TEST_F(LogTest, JsonLinesAreObjects) {
  log::JsonLine line{.level = LogLevel::kWarning,
                     .unix_seconds = kNov22,
                     .microseconds = 1234,
                     .pid = 4711,
                     .thread = 4715,
                     .file = "/src/a.cc",
                     .line = 1,
                     .message = "a \"b\"\n\xff"};
  EXPECT_EQ(log::FormatJsonLine(line),
            "{\"time\":\"2026-11-22T15:43:01.001234Z\",\"level\":\"WARNING\",\"pid\":4711,\"thread\":4715,"
            "\"file\":\"a.cc\",\"line\":1,\"message\":\"a \\\"b\\\"\\n\xc3\xbf\"}\n");
  line.subject = {.model = "m\"", .version = 3, .request_id = "r\n", .trace_id = "0af7"};
  EXPECT_THAT(log::FormatJsonLine(line),
              HasSubstr(R"("line":1,"model":"m\"","version":3,"request_id":"r\n","trace_id":"0af7",)"));
}

TEST_F(LogTest, JsonLinesSayWhatTheyAreAboutAndOthersDoNot) {
  const LogScope scope({.model = "m", .version = 3});
  ASSERT_TRUE(log::SetFile(path_).ok());
  LOG_INFO("one");
  EXPECT_THAT(ReadAll(path_), ContainsRegex("^I.* log_test\\.cc:[0-9]+\\] \"one\"\n$"));
  log::SetFormat(log::kJsonFormat);
  LOG_INFO("two");
  EXPECT_THAT(ReadAll(path_), EndsWith(",\"model\":\"m\",\"version\":3,\"message\":\"two\"}\n"));
}

TEST_F(LogTest, TablesAreOneLineInJson) {
  log::SetFormat(log::kJsonFormat);
  ::testing::internal::CaptureStdout();
  log::WriteUnescaped(LogLevel::kInfo, "a.cc", 1, "+--+\n|  |");
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), EndsWith("\"message\":\"+--+\\n|  |\"}\n"));
}

TEST_F(LogTest, VerboseLinesCarryTheLetterOfInfo) {
  EXPECT_EQ(log::FormatPrefix(LogFormat::kDefault, LogLevel::kVerbose, 0, 0, 1, "a.cc", 2).substr(0, 5), "I0101");
  EXPECT_EQ(log::FormatPrefix(LogFormat::kDefault, LogLevel::kWarning, 0, 0, 1, "a.cc", 2).substr(0, 5), "W0101");
}

TEST_F(LogTest, InfoGoesToStdoutAndProblemsToStderr) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  LOG_INFO("info {}", 1);
  LOG_WARNING("warning");
  LOG_ERROR("error");
  const std::string out = ::testing::internal::GetCapturedStdout();
  const std::string err = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, ContainsRegex("^I[0-9]{4} [0-9:]{8}\\.[0-9]{6} [0-9]+ log_test\\.cc:[0-9]+\\] \"info 1\"\n$"));
  EXPECT_THAT(err, HasSubstr("] \"warning\"\n"));
  EXPECT_THAT(err, EndsWith("] \"error\"\n"));
}

TEST_F(LogTest, EscapesLineEndsSoThatAMessageStaysOneLine) {
  ::testing::internal::CaptureStdout();
  LOG_INFO("a\n\"b\"");
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), EndsWith("] \"a\\n\\\"b\\\"\"\n"));
}

TEST_F(LogTest, TablesStandUnescapedOnTheirOwnLines) {
  ::testing::internal::CaptureStdout();
  log::WriteUnescaped(LogLevel::kInfo, "server.cc", 1, "+-+\n| |\n");
  EXPECT_THAT(::testing::internal::GetCapturedStdout(), EndsWith(" server.cc:1] \n+-+\n| |\n\n"));
}

TEST_F(LogTest, FileTakesAllLevelsAndIsAppendedTo) {
  std::ofstream(path_) << "before\n";
  ASSERT_TRUE(log::SetFile(path_).ok());
  EXPECT_EQ(log::Settings().file, path_);
  LOG_INFO("one");
  LOG_ERROR("two");
  const std::string text = ReadAll(path_);
  EXPECT_THAT(text, ::testing::StartsWith("before\nI"));
  EXPECT_THAT(text, HasSubstr("\"one\"\nE"));
  EXPECT_THAT(text, EndsWith("\"two\"\n"));
}

TEST_F(LogTest, AFileThatWasTakenAwayIsOpenedAnewWhenAskedFor) {
  ASSERT_TRUE(log::SetFile(path_).ok());
  const std::string old_path = path_ + ".1";
  ASSERT_EQ(std::rename(path_.c_str(), old_path.c_str()), 0);
  LOG_INFO("one");
  log::AskToReopenFile();
  LOG_INFO("two");
  EXPECT_THAT(ReadAll(old_path), EndsWith("\"one\"\n"));
  EXPECT_THAT(ReadAll(path_), EndsWith("\"two\"\n"));
  std::remove(old_path.c_str());
}

TEST_F(LogTest, WithoutAFileThereIsNothingToOpenAnew) {
  log::AskToReopenFile();
  log::ReopenFileIfAsked();
  EXPECT_EQ(log::Settings().file, "");
}

TEST_F(LogTest, AFileThatCannotBeOpenedChangesNothing) {
  const Status status = log::SetFile("/no/such/folder/log");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("/no/such/folder/log"));
  EXPECT_EQ(log::Settings().file, "");
}

TEST_F(LogTest, AfterAFullDiskLinesBeginAsLinesAndSayHowManyAreMissing) {
  log::SetFormat(log::kJsonFormat);
  ASSERT_TRUE(log::SetFile(path_).ok());
  LOG_INFO("one");
  {
    const FileSizeLimit limit(ReadAll(path_).size() + 50);
    for (const char* lost : {"two", "three", "four"}) LOG_INFO("{}", lost);
  }
  LOG_INFO("five");
  LOG_INFO("six");
  std::istringstream text(ReadAll(path_));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_THAT(lines[0], EndsWith("\"message\":\"one\"}"));
  EXPECT_EQ(lines[1].size(), 50U) << "what there was room for";
  EXPECT_THAT(lines[2], ::testing::StartsWith("{\"time\""));
  EXPECT_THAT(lines[2], EndsWith("\"message\":\"3 log lines are missing here: the file could not be written\"}"));
  EXPECT_THAT(lines[3], EndsWith("\"message\":\"five\"}"));
  EXPECT_THAT(lines[4], EndsWith("\"message\":\"six\"}"));
}

TEST_F(LogTest, LevelsAreSwitchedOneByOne) {
  ASSERT_TRUE(log::SetFile(path_).ok());
  log::SetInfo(false);
  LOG_INFO("hidden info");
  LOG_VERBOSE(1, "hidden verbose");
  log::SetVerboseLevel(2);
  LOG_VERBOSE(2, "shown verbose");
  LOG_VERBOSE(3, "too verbose");
  log::SetWarning(false);
  log::SetError(false);
  LOG_WARNING("hidden warning");
  LOG_ERROR("hidden error");
  const std::string text = ReadAll(path_);
  EXPECT_THAT(text, HasSubstr("\"shown verbose\""));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(LogTest, NegativeVerboseLevelIsOff) {
  log::SetVerboseLevel(-3);
  EXPECT_EQ(log::Settings().verbose_level, 0);
  EXPECT_FALSE(log::IsVerboseEnabled(1));
}

TEST_F(LogTest, LinesOfSeveralThreadsDoNotMix) {
  ASSERT_TRUE(log::SetFile(path_).ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) LOG_INFO("{}", std::string(100, 'x'));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(ReadAll(path_));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_THAT(line, EndsWith("] \"" + std::string(100, 'x') + "\""));
  }
  EXPECT_EQ(count, 800);
}

}  // namespace
}  // namespace neso
