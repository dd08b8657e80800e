#include "repository/on_demand/failed_loads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

TimePoint After(Nanoseconds time) { return TimePoint(seconds(100)) + time; }

TEST(FailedLoadsTest, AFailureIsRepeatedUntilItsPauseIsOver) {
  FailedLoads failures;
  EXPECT_FALSE(failures.Refusal("m", After(seconds(0))));
  failures.Add("m", Internal("no file\n"), 7, After(seconds(0)));
  const std::optional<Status> refusal = failures.Refusal("m", After(milliseconds(900)));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), StatusCode::kUnavailable);
  EXPECT_EQ(refusal->message(),
            "model 'm' could not be loaded, and is tried again in 1 s or when its files change: no file");
  EXPECT_FALSE(failures.Refusal("m", After(seconds(1))));
}

TEST(FailedLoadsTest, PausesDoubleUpToAMinute) {
  FailedLoads failures;
  Nanoseconds now{0};
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    failures.Add("m", Internal("no"), 7, After(now));
    EXPECT_TRUE(failures.Reason("m", After(now + seconds(pause) - milliseconds(1)))) << pause;
    EXPECT_FALSE(failures.Reason("m", After(now + seconds(pause)))) << pause;
    now += seconds(pause);
  }
}

TEST(FailedLoadsTest, FilesAreLookedAtOnceASecondAndAChangeForgetsTheFailure) {
  FailedLoads failures;
  for (int i = 0; i < 3; ++i) failures.Add("m", Internal("no"), 7, After(seconds(0)));
  EXPECT_TRUE(failures.Refusal("m", After(milliseconds(999))));
  EXPECT_FALSE(failures.Refusal("m", After(milliseconds(1001)))) << "worth a look";
  EXPECT_TRUE(failures.Refusal("m", 7, After(milliseconds(1001)))) << "unchanged";
  EXPECT_TRUE(failures.Refusal("m", After(milliseconds(1500)))) << "looked at just now";
  EXPECT_FALSE(failures.Refusal("m", 8, After(milliseconds(2100))));
  failures.Add("m", Internal("no"), 8, After(milliseconds(2200)));
  EXPECT_FALSE(failures.Reason("m", After(milliseconds(3300)))) << "other files begin with the first pause";
}

// Who asks all the time fails once more after each pause, and would seem to be well for a moment.
TEST(FailedLoadsTest, WhatFailsIsSaidToFailUntilNobodyHasAskedForALongTime) {
  FailedLoads failures;
  failures.Add("m", Internal("no"), 7, After(seconds(0)));
  EXPECT_EQ(failures.Failing(After(seconds(60))).at("m"), "no");
  EXPECT_TRUE(failures.Failing(After(seconds(61))).empty());
}

TEST(FailedLoadsTest, ForgottenIsForgotten) {
  FailedLoads failures;
  failures.Add("m", Internal("no"), 7, After(seconds(0)));
  failures.Forget("m");
  failures.Forget("nobody");
  EXPECT_FALSE(failures.Refusal("m", After(seconds(0))));
}

}  // namespace
}  // namespace neso
