#include "base/log_repeats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kFile = "/src/lifecycle.cc";

class LogRepeatsTest : public ::testing::Test {
 protected:
  LogRepeats::Verdict Admit(const std::string& message, int line = 1) {
    return repeats_.Admit(kFile, line, message, now_);
  }
  int Written(int times, const std::string& message, int line = 1) {
    int written = 0;
    for (int i = 0; i < times; ++i) written += Admit(message, line).is_written ? 1 : 0;
    return written;
  }

  LogRepeats repeats_;
  LogRepeats::Time now_{std::chrono::hours(1)};
};

TEST_F(LogRepeatsTest, TheSameLineIsWrittenAFewTimes) {
  EXPECT_EQ(Written(100, "no such model"), 5);
  EXPECT_EQ(Written(100, "no such model", 2), 5);
  EXPECT_EQ(Written(1, "another text"), 1);
}

TEST_F(LogRepeatsTest, TheNextLineTellsWhatWasLeftOut) {
  Written(105, "no such model");
  now_ += LogRepeats::kPeriod;
  const LogRepeats::Verdict other = Admit("all is well");
  EXPECT_TRUE(other.is_written);
  EXPECT_THAT(other.notes, ElementsAre("left out of the log: 100 times more: no such model"));
  EXPECT_THAT(Admit("all is well").notes, IsEmpty());
  EXPECT_EQ(Written(100, "no such model"), 5);
}

TEST_F(LogRepeatsTest, APlaceThatAlwaysSaysSomethingElseHasItsLimit) {
  int written = 0;
  for (int i = 0; i < 3000; ++i) written += Admit("no model " + std::to_string(i)).is_written ? 1 : 0;
  EXPECT_EQ(written, 1000);
  EXPECT_EQ(Written(1, "elsewhere", 2), 1);
  now_ += LogRepeats::kPeriod;
  EXPECT_THAT(Admit("again").notes, ElementsAre("left out of the log: 2000 more lines from lifecycle.cc:1"));
}

TEST_F(LogRepeatsTest, ManyDifferentLinesAreAllWritten) {
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(Admit("model " + std::to_string(i)).is_written);
}

}  // namespace
}  // namespace neso
