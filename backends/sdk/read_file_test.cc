#include "neso/backend/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace neso::backend {
namespace {

class ReadWholeFileTest : public ::testing::Test {
 protected:
  ReadWholeFileTest() { std::filesystem::remove(path_); }
  ~ReadWholeFileTest() override { std::filesystem::remove(path_); }

  const std::string path_ = ::testing::TempDir() + "read_whole_file_test";
};

TEST_F(ReadWholeFileTest, GivesAllOfIt) {
  const std::string text(100'000, 'x');
  std::ofstream(path_) << text;
  const Result<std::string> read = ReadWholeFile(path_);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, text);
}

TEST_F(ReadWholeFileTest, SaysWhyItCannotBeRead) {
  const Result<std::string> missing = ReadWholeFile(path_);
  EXPECT_EQ(missing.status().code(), TRITONSERVER_ERROR_UNAVAILABLE);
  EXPECT_EQ(missing.status().message(), "unable to read '" + path_ + "': No such file or directory");
}

TEST_F(ReadWholeFileTest, WaitsForNoFifo) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const Result<std::string> fifo = ReadWholeFile(path_);
  EXPECT_EQ(fifo.status().code(), TRITONSERVER_ERROR_INVALID_ARG);
  EXPECT_EQ(fifo.status().message(), "unable to read '" + path_ + "': it is no regular file");
}

}  // namespace
}  // namespace neso::backend
