#include "joined_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::dali {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(JoinedShapeTest, PutsTheNumberOfSamplesInFront) {
  const int64_t shapes[] = {4, 6, 4, 6};
  EXPECT_THAT(*JoinedShape("O", shapes, 2, 2, false), ElementsAre(2, 4, 6));
  EXPECT_THAT(*JoinedShape("O", {}, 3, 0, false), ElementsAre(3));
}

TEST(JoinedShapeTest, AddsUpTheOuterAxisWhereItIsSplit) {
  const int64_t shapes[] = {4, 6, 0, 6, 1, 6};
  EXPECT_THAT(*JoinedShape("O", shapes, 3, 2, true), ElementsAre(5, 6));
  const int64_t lengths[] = {4, 1};
  EXPECT_THAT(*JoinedShape("O", lengths, 2, 1, true), ElementsAre(5));
}

TEST(JoinedShapeTest, RefusesSamplesThatMakeNoTensor) {
  const int64_t shapes[] = {4, 6, 4, 7};
  for (const bool split : {false, true}) {
    const Result<std::vector<int64_t>> joined = JoinedShape("O", shapes, 2, 2, split);
    ASSERT_FALSE(joined.ok());
    EXPECT_THAT(std::string(joined.status().message()),
                HasSubstr("output 'O': samples of one request have different shapes, [4,6] and [4,7]"));
  }
  EXPECT_THAT(std::string(JoinedShape("O", {}, 2, 0, true).status().message()), HasSubstr("has no outer axis"));
}

}  // namespace
}  // namespace neso::dali
