#include "observe/tensorboard/event_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/test_folder.h"

namespace neso {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(MaskedCrc32cTest, IsTheStandards) {
  // RFC 3720, B.4: 32 bytes of zeros are 0x8a9136aa; "123456789" is 0xe3069283.
  const auto masked = [](uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8; };
  EXPECT_EQ(MaskedCrc32c(std::string(32, '\0')), masked(0x8a9136aa));
  EXPECT_EQ(MaskedCrc32c("123456789"), masked(0xe3069283));
}

class EventFileTest : public ::testing::Test {
 protected:
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.Path("run"))) {
      files.push_back(entry.path().filename());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  TestFolder folder_;
};

TEST_F(EventFileTest, BeginsWithItsVersionAndGoesOnWithRecords) {
  EventFile file(folder_.Path("run"), 1u << 20);
  const std::vector<std::string> events{"one", "another"};
  ASSERT_TRUE(file.Append(events, 5).ok());
  ASSERT_TRUE(file.Append(std::vector<std::string>{"last"}, 6).ok());
  ASSERT_THAT(Files(), SizeIs(1));
  EXPECT_THAT(Files()[0], StartsWith("events.out.tfevents.0000000005."));
  std::string rest = folder_.Read("run/" + Files()[0]);
  std::vector<std::string> read;
  while (!rest.empty()) {
    const auto length = static_cast<uint8_t>(rest[0]);
    read.push_back(rest.substr(12, length));
    rest.erase(0, 12 + length + 4);
  }
  ASSERT_THAT(read, SizeIs(4));
  EXPECT_THAT(read[0], HasSubstr("brain.Event:2"));
  EXPECT_EQ(read[1], "one");
  EXPECT_EQ(read[3], "last");
}

TEST_F(EventFileTest, TheOldestGoesWhenFilesAreFull) {
  EventFile file(folder_.Path("run"), 100);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(file.Append(std::vector<std::string>{std::string(200, 'x')}, i).ok());
  EXPECT_THAT(Files(), SizeIs(EventFile::kFilesKept));
  EXPECT_THAT(Files()[0], StartsWith("events.out.tfevents.0000000006."));
}

TEST_F(EventFileTest, AFileThatSomebodyTookAwayOrChangedIsNotGoneOnWith) {
  const std::vector<std::string> event{"x"};
  EventFile file(folder_.Path("run"), 1u << 20);
  ASSERT_TRUE(file.Append(event, 1).ok());
  std::filesystem::remove_all(folder_.Path("run"));
  ASSERT_TRUE(file.Append(event, 2).ok());
  ASSERT_THAT(Files(), SizeIs(1));
  EXPECT_THAT(Files()[0], StartsWith("events.out.tfevents.0000000002."));
  EXPECT_THAT(folder_.Read("run/" + Files()[0]), HasSubstr("brain.Event:2"));
  folder_.Write("run/" + Files()[0], "cut");
  ASSERT_TRUE(file.Append(event, 3).ok());
  EXPECT_THAT(Files(), SizeIs(2));
}

TEST_F(EventFileTest, AFolderThatCannotBeIsAnError) {
  folder_.Write("run", "a file");
  EventFile file(folder_.Path("run"), 100);
  EXPECT_THAT(file.Append(std::vector<std::string>{"x"}, 1).message(), HasSubstr("failed to write"));
}

}  // namespace
}  // namespace neso
