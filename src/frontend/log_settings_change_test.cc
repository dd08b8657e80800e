#include "frontend/log_settings_change.h"

#include <gtest/gtest.h>

#include <climits>

namespace neso {
namespace {

class LogSettingsChangeTest : public ::testing::Test {
 protected:
  ~LogSettingsChangeTest() override {
    log::SetInfo(before_.info);
    log::SetWarning(before_.warning);
    log::SetError(before_.error);
    log::SetVerboseLevel(before_.verbose_level);
    log::SetFormat(before_.format);
  }

 private:
  const LogSettings before_ = log::Settings();
};

TEST_F(LogSettingsChangeTest, WhatIsNotSetStays) {
  log::SetWarning(false);
  log::SetVerboseLevel(3);
  LogSettingsChange change;
  *change.Flag("log_info") = false;
  change.Apply();
  EXPECT_FALSE(log::Settings().info);
  EXPECT_FALSE(log::Settings().warning);
  EXPECT_EQ(log::Settings().verbose_level, 3);
}

TEST_F(LogSettingsChangeTest, NothingChangesBeforeApply) {
  LogSettingsChange change;
  *change.Flag("log_error") = false;
  change.SetVerboseLevel(2);
  EXPECT_TRUE(change.SetFormat("ISO8601"));
  EXPECT_TRUE(log::Settings().error);
  EXPECT_EQ(log::Settings().verbose_level, 0);
  change.Apply();
  EXPECT_FALSE(log::Settings().error);
  EXPECT_EQ(log::Settings().verbose_level, 2);
  EXPECT_EQ(log::Settings().format, LogFormat::kIso8601);
}

TEST_F(LogSettingsChangeTest, FormatsAreExactTexts) {
  LogSettingsChange change;
  EXPECT_TRUE(change.SetFormat("ISO8601"));
  EXPECT_TRUE(change.SetFormat("default"));
  for (const char* text : {"iso8601", "Default", "", "ISO8601 ", "JSON"}) EXPECT_FALSE(change.SetFormat(text)) << text;
  change.Apply();
  EXPECT_STREQ(LogFormatName(log::Settings().format), "default");
}

TEST_F(LogSettingsChangeTest, LevelsBeyondIntAreTheHighest) {
  LogSettingsChange change;
  change.SetVerboseLevel(UINT64_MAX);
  change.Apply();
  EXPECT_EQ(log::Settings().verbose_level, INT_MAX);
}

TEST_F(LogSettingsChangeTest, OnlyThreeNamesAreFlags) {
  LogSettingsChange change;
  for (const char* name : {"log_file", "log_verbose_level", "log_format", "info", ""}) {
    EXPECT_EQ(change.Flag(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace neso
