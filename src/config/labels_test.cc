#include "config/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/test_folder.h"
#include "config/test_config.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitLabelsTest, TakesOneLabelALine) {
  EXPECT_THAT(SplitLabels("cat\ndog\n"), ElementsAre("cat", "dog"));
  EXPECT_THAT(SplitLabels("cat\r\ndog"), ElementsAre("cat", "dog"));
  EXPECT_THAT(SplitLabels("cat\n\n a dog \n"), ElementsAre("cat", "", " a dog "));
  EXPECT_THAT(SplitLabels(""), IsEmpty());
}

class ReadLabelsTest : public ::testing::Test {
 protected:
  Expected<Labels> Read(const std::string& file) const {
    return ReadLabels(
        test::ConfigFromText("name: 'm' output { name: 'plain' } output { name: 'o' label_filename: '" + file + "' }"),
        folder_);
  }

  const TestFolder made_;
  const std::string folder_ = made_.path();
};

TEST_F(ReadLabelsTest, FindsLabelsByOutputAndIndex) {
  std::ofstream(folder_ + "/l.txt") << "cat\ndog\n";
  Expected<Labels> labels = Read("l.txt");
  ASSERT_TRUE(labels) << labels.error().message();
  EXPECT_TRUE(labels->Has("o"));
  EXPECT_FALSE(labels->Has("plain"));
  EXPECT_EQ(labels->Find("o", 1), "dog");
  EXPECT_EQ(labels->Find("o", 2), "");
  EXPECT_EQ(labels->Find("plain", 0), "");
}

TEST_F(ReadLabelsTest, SaysWhichFileIsMissing) {
  Expected<Labels> labels = Read("l.txt");
  ASSERT_FALSE(labels);
  EXPECT_EQ(labels.error().code(), StatusCode::kInternal);
  EXPECT_EQ(labels.error().message(),
            "failed to open text file for read " + folder_ + "/l.txt: No such file or directory");
}

TEST_F(ReadLabelsTest, AFolderIsNoLabelFile) {
  std::filesystem::create_directory(folder_ + "/l.txt");
  EXPECT_EQ(Read("l.txt").status().code(), StatusCode::kInternal);
}

TEST_F(ReadLabelsTest, BoundsTheNumberOfLabels) {
  std::ofstream(folder_ + "/l.txt") << std::string(kMaxLabels, '\n');
  EXPECT_TRUE(Read("l.txt"));
  std::ofstream(folder_ + "/l.txt") << std::string(kMaxLabels + 1, '\n');
  EXPECT_EQ(Read("l.txt").status().message(),
            "label file " + folder_ + "/l.txt: expected at most 1000000 labels, one a line");
}

}  // namespace
}  // namespace neso
