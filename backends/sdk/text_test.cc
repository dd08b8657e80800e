#include "neso/backend/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::backend {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TextTest, SplitsLists) {
  EXPECT_THAT(Split("", ':'), IsEmpty());
  EXPECT_THAT(Split("a", ':'), ElementsAre("a"));
  EXPECT_THAT(Split(":a::b:", ':'), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace neso::backend
