#include "base/write_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/read_file.h"
#include "base/test_folder.h"

namespace neso {
namespace {

TEST(WriteFileTest, TheUmaskSaysWhoMayReadIt) {
  const TestFolder folder;
  const std::string path = folder.Path("a");
  const mode_t before = umask(027);
  EXPECT_TRUE(WriteFile(path, "one").ok());
  umask(before);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
  EXPECT_TRUE(WriteFile(path, "2").ok());
  EXPECT_EQ(*ReadFile(path, 100), "2");
}

TEST(WriteFileTest, WhyItCannotBeWrittenIsSaid) {
  EXPECT_EQ(WriteFile("/none/a", "x").message(), "cannot write /none/a: No such file or directory");
  EXPECT_EQ(WriteFile("/dev/full", "x").message(), "cannot write /dev/full: No space left on device");
  EXPECT_EQ(WriteFile("/dev/full", std::string(1 << 20, 'x')).message(),
            "cannot write /dev/full: No space left on device");
}

}  // namespace
}  // namespace neso
