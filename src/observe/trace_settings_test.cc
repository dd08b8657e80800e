#include "observe/trace_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/abi.h"

namespace neso {
namespace {

using ::testing::ElementsAre;

constexpr uint32_t kTimestamps = TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;
constexpr uint32_t kTensors = TRITONSERVER_TRACE_LEVEL_TENSORS;

TEST(TraceSettingsTest, OwnValuesComeBeforeTheFallback) {
  const TraceSettings fallback{.level = kTimestamps, .rate = 7, .count = 3, .log_frequency = 2};
  EXPECT_EQ(Resolve({}, fallback), fallback);
  EXPECT_EQ(Resolve({.level = 0, .rate = 1, .count = -1, .log_frequency = 0}, fallback),
            (TraceSettings{.level = 0, .rate = 1, .count = -1, .log_frequency = 0}));
  EXPECT_EQ(Resolve({.rate = 9}, fallback),
            (TraceSettings{.level = kTimestamps, .rate = 9, .count = 3, .log_frequency = 2}));
}

TEST(TraceSettingsTest, UpdatesSetClearAndLeave) {
  TraceSettingsUpdate update;
  update.rate = std::optional<uint32_t>(5);
  update.count = std::optional<int32_t>();
  EXPECT_EQ(Apply(update, {.level = kTimestamps, .count = 4}), (TraceOverrides{.level = kTimestamps, .rate = 5}));
  EXPECT_EQ(Apply({}, {.rate = 2, .log_frequency = 1}), (TraceOverrides{.rate = 2, .log_frequency = 1}));
}

TEST(TraceSettingsTest, WhatIsOffIsNeverWrong) {
  EXPECT_TRUE(CheckTraceSettings({.level = 0, .rate = 0}, "").ok());
  EXPECT_TRUE(CheckTraceSettings({.level = kTimestamps, .rate = 1}, "f").ok());
  EXPECT_EQ(CheckTraceSettings({.level = kTimestamps, .rate = 0}, "f").message(),
            "Attempting to set invalid trace setting :sample rate must be non-zero");
  EXPECT_TRUE(CheckTraceSettings({.level = kTimestamps, .rate = 0}, "", TraceMode::kOpenTelemetry).ok());
  const Status no_file = CheckTraceSettings({.level = kTensors}, "");
  EXPECT_EQ(no_file.message(), "Attempting to set invalid trace setting :trace file name is not given");
  EXPECT_EQ(no_file.code(), StatusCode::kInvalidArg);
}

TEST(TraceSettingsTest, LevelsHaveNames) {
  EXPECT_THAT(TraceLevelNames(0), ElementsAre("OFF"));
  EXPECT_THAT(TraceLevelNames(kTimestamps), ElementsAre("TIMESTAMPS"));
  EXPECT_THAT(TraceLevelNames(kTimestamps | kTensors), ElementsAre("TIMESTAMPS", "TENSORS"));
}

TEST(TraceSettingsTest, LevelsAreReadFromExactNames) {
  struct Case {
    std::vector<std::string_view> names;
    std::optional<uint32_t> level;
  };
  const Case cases[] = {
      {{}, std::nullopt},
      {{"timestamps"}, std::nullopt},
      {{"MIN"}, std::nullopt},
      {{"OFF"}, 0},
      {{"TIMESTAMPS"}, kTimestamps},
      {{"TENSORS", "TIMESTAMPS", "TENSORS"}, kTimestamps | kTensors},
      {{"OTHER", "TENSORS"}, kTensors},
  };
  for (const Case& c : cases) {
    const auto level = ParseTraceLevels(c.names);
    ASSERT_TRUE(level.ok());
    EXPECT_EQ(*level, c.level) << ::testing::PrintToString(c.names);
  }
  for (const auto& names : {std::vector<std::string_view>{"OFF", "TENSORS"}, {"TENSORS", "OFF"}, {"OFF", "OFF"}}) {
    EXPECT_EQ(ParseTraceLevels(names).error().message(), "Expect only one trace level 'OFF' is specified");
  }
}

TEST(TraceSettingsTest, NumbersAreReadAsTheCLibraryDoes) {
  struct Case {
    const char* text;
    uint32_t value;
  };
  for (const Case& c : {Case{"5", 5},
                        {" 7", 7},
                        {"+3", 3},
                        {"12abc", 12},
                        {"0x10", 0},
                        {"-1", 4294967295U},
                        {"4294967295", 4294967295U},
                        {"-2147483648", 2147483648U}}) {
    const auto value = ParseTraceNumber("trace_rate", c.text);
    ASSERT_TRUE(value.ok()) << c.text;
    EXPECT_EQ(*value, c.value) << c.text;
  }
  for (const char* text : {"", "x", " ", "-"}) {
    EXPECT_EQ(ParseTraceNumber("trace_rate", text).error().message(),
              std::string("Unable to parse 'trace_rate', got: ") + text);
  }
  for (const char* text : {"4294967296", "-2147483649", "99999999999999999999", "-99999999999999999999"}) {
    EXPECT_EQ(ParseTraceNumber("log_frequency", text).error().message(),
              std::string("Unable to parse 'log_frequency', value is out of range [ 0, 4294967295 ], got: ") + text);
  }
}

TEST(TraceSettingsTest, CountsAreSigned) {
  EXPECT_EQ(*ParseTraceCount("-1"), -1);
  EXPECT_EQ(*ParseTraceCount("2147483647"), 2147483647);
  EXPECT_EQ(*ParseTraceCount("5z"), 5);
  EXPECT_EQ(ParseTraceCount("").error().message(), "Unable to parse 'trace_count', got: ");
  for (const char* text : {"2147483648", "-2147483649", "99999999999999999999"}) {
    EXPECT_EQ(ParseTraceCount(text).error().message(),
              std::string("Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: ") + text);
  }
}

}  // namespace
}  // namespace neso
