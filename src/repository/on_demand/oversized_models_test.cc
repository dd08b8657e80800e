#include "repository/on_demand/oversized_models.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TimePoint At(std::chrono::minutes time) { return TimePoint(time); }

TEST(OversizedModelsTest, EachMeasurementIsBelievedTwiceAsLongUntilOneSaysOtherwise) {
  using std::chrono::minutes;
  OversizedModels models(minutes(1));
  EXPECT_FALSE(models.IsBelieved("m", At(minutes(0))));
  models.Note("m", true, At(minutes(0)));
  EXPECT_TRUE(models.IsBelieved("m", At(minutes(0))));
  EXPECT_FALSE(models.IsBelieved("m", At(minutes(1))));
  EXPECT_FALSE(models.IsBelieved("other", At(minutes(0))));
  models.Note("m", true, At(minutes(10)));
  EXPECT_TRUE(models.IsBelieved("m", At(minutes(11))));
  EXPECT_FALSE(models.IsBelieved("m", At(minutes(12))));
  for (int i = 0; i < 70; ++i) models.Note("m", true, At(minutes(20)));
  EXPECT_TRUE(models.IsBelieved("m", At(minutes(79))));
  EXPECT_FALSE(models.IsBelieved("m", At(minutes(80))));
  models.Note("m", false, At(minutes(80)));
  models.Note("m", true, At(minutes(90)));
  EXPECT_FALSE(models.IsBelieved("m", At(minutes(91))));
}

}  // namespace
}  // namespace neso
