#include "frontend/access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/read_file.h"
#include "base/test_folder.h"
#include "base/text.h"

namespace neso {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() { path_ = (folder_ / "audit.jsonl").string(); }

  std::shared_ptr<AuditLog> Open(uint64_t max_bytes = 0) {
    auto log =
        std::make_shared<AuditLog>(AuditSettings{.file = path_, .inference = false, .max_bytes = max_bytes}, executor_);
    EXPECT_TRUE(log->Open().ok());
    return log;
  }
  static std::vector<std::string> Lines(const std::string& path) {
    const auto text = ReadFile(path, 64u << 20);
    if (!text || text->empty()) return {};
    std::vector<std::string> lines;
    for (const std::string_view line : Split(std::string_view(*text).substr(0, text->size() - 1), '\n')) {
      lines.emplace_back(line);
    }
    return lines;
  }
  static AuditEntry Entry(std::string_view model) {
    return {.key = "k",
            .peer = "10.0.0.1:5",
            .operation = "model-repository",
            .request = "POST /v2/repository/models/m/load",
            .model = model,
            .result = "200",
            .reason = {}};
  }

  const TestFolder made_;
  const fs::path folder_ = made_.path();
  std::string path_;
  Executor executor_{"audit-test", 4};
};

TEST_F(AuditLogTest, WritesALineARequest) {
  const auto log = Open();
  log->Append(Entry("m"));
  log->Append(Entry("n\"\n\xff"));
  log->Close();
  const auto lines = Lines(path_);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0],
              testing::MatchesRegex(R"(\{"time":"....-..-..T..:..:..\....Z","key":"k","peer":"10.0.0.1:5",)"
                                    R"("operation":"model-repository","request":"POST /v2/repository/models/m/load",)"
                                    R"("model":"m","result":"200"\})"));
  EXPECT_THAT(lines[1], HasSubstr(R"("model":"n\"\nÿ")"));  // as JSON can hold it
}

TEST_F(AuditLogTest, AFileThatIsTakenAwayIsBegunAnew) {
  const auto log = Open();
  log->Append(Entry("before"));
  log->Close();
  fs::rename(path_, path_ + ".old");
  log->Append(Entry("after"));
  EXPECT_THAT(Lines(path_ + ".old")[0], HasSubstr("before"));
  ASSERT_EQ(Lines(path_).size(), 1u);
  EXPECT_THAT(Lines(path_)[0], HasSubstr("after"));
}

TEST_F(AuditLogTest, AFullFileIsTurnedOver) {
  const auto log = Open(500);
  log->Close();  // each line is written by itself then
  for (int i = 0; i < 20; ++i) log->Append(Entry(std::to_string(i)));
  EXPECT_LE(fs::file_size(path_), 500u);
  EXPECT_LE(fs::file_size(path_ + ".1"), 500u);
  EXPECT_THAT(Lines(path_).back(), HasSubstr(R"("model":"19")"));
  EXPECT_FALSE(fs::exists(path_ + ".2"));
}

TEST_F(AuditLogTest, RefusalsBeyondANumberASecondAreCounted) {
  const auto log = Open();
  for (int i = 0; i < 1000; ++i) log->AppendRefused(Entry("m"));
  log->Close();
  const size_t listed = Lines(path_).size();
  EXPECT_GE(listed, 100u);
  EXPECT_LT(listed, 1000u);
}

TEST_F(AuditLogTest, LinesOfManyThreadsAreWhole) {
  const auto log = Open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int line = 0; line < 500; ++line) log->Append(Entry("m"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  log->Close();
  const auto lines = Lines(path_);
  EXPECT_EQ(lines.size(), 2000u);
  for (const std::string& line : lines) EXPECT_TRUE(line.starts_with('{') && line.ends_with('}')) << line;
}

TEST_F(AuditLogTest, AFileThatCannotBeOpenedIsNamed) {
  const auto log = std::make_shared<AuditLog>(AuditSettings{.file = (folder_ / "no" / "file").string()}, executor_);
  const Status status = log->Open();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("failed to open audit log '"));
}

}  // namespace
}  // namespace neso
