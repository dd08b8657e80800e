#include "base/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/test_folder.h"

namespace neso {
namespace {

class ReadFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name) << bytes;
    return folder_ + "/" + name;
  }
  static std::string Message(const std::string& path, size_t max_bytes) {
    return ReadFile(path, max_bytes).status().message();
  }

  const TestFolder made_;
  const std::string folder_ = made_.path();
};

TEST_F(ReadFileTest, ReadsWhatIsThere) {
  for (const size_t size : {0, 1, 65535, 65536, 300'000}) {
    const std::string bytes(size, 'x');
    EXPECT_EQ(*ReadFile(Write("file", bytes), 300'000), bytes) << size;
  }
}

TEST_F(ReadFileTest, ReadsFilesWhoseSizeTheSystemDoesNotSay) {
  const Expected<std::string> text = ReadFile("/proc/self/status", 1 << 20);
  ASSERT_TRUE(text) << text.error().ToString();
  EXPECT_TRUE(text->starts_with("Name:"));
}

TEST_F(ReadFileTest, RefusesWhatIsTooLarge) {
  const std::string path = Write("file", std::string(11, 'x'));
  EXPECT_EQ(Message(path, 10), "failed to open text file for read " + path + ": expected at most 10 bytes, got 11");
  EXPECT_EQ(Message("/proc/self/status", 10), "failed to read text file /proc/self/status: expected at most 10 bytes");
}

TEST_F(ReadFileTest, TellsAMissingFileFromAnUnreadableOne) {
  const std::string missing = folder_ + "/missing";
  EXPECT_EQ(Message(missing, 10), "failed to open text file for read " + missing + ": No such file or directory");
  EXPECT_FALSE(ReadFileIfThere(missing, 10)->has_value());
  EXPECT_FALSE(ReadFileIfThere(Write("file", "x") + "/below", 10)->has_value());
  EXPECT_EQ(**ReadFileIfThere(Write("file", "x"), 10), "x");
  std::filesystem::create_symlink("loop", folder_ + "/loop");
  EXPECT_FALSE(ReadFileIfThere(folder_ + "/loop", 10));
}

TEST_F(ReadFileTest, NeverWaitsForWhatIsNoFile) {
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(Message(fifo, 10), "failed to open text file for read " + fifo + ": expected a regular file, got a FIFO");
  EXPECT_EQ(Message("/dev/zero", 10),
            "failed to open text file for read /dev/zero: expected a regular file, got a device");
  EXPECT_EQ(Message(folder_, 10),
            "failed to open text file for read " + folder_ + ": expected a regular file, got a folder");
}

}  // namespace
}  // namespace neso
