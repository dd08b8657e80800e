#include "base/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NearestTest, CountsWhatTypistsGetWrong) {
  EXPECT_EQ(TypingErrors("", ""), 0U);
  EXPECT_EQ(TypingErrors("", "abc"), 3U);
  EXPECT_EQ(TypingErrors("http-port", "http-port"), 0U);
  EXPECT_EQ(TypingErrors("htp-port", "http-port"), 1U);
  EXPECT_EQ(TypingErrors("http-prot", "http-port"), 1U);  // two neighbours swapped
  EXPECT_EQ(TypingErrors("HTTP-port", "http-port"), 0U);
  EXPECT_EQ(TypingErrors("kitten", "sitting"), 3U);
}

TEST(NearestTest, TheNearestComeFirstAndFarOnesNot) {
  const std::vector<std::string> names = {"http-port", "grpc-port", "metrics-port", "model-repository"};
  EXPECT_THAT(NearestNames("htp-port", names), ElementsAre("http-port"));
  EXPECT_THAT(NearestNames("model_repository", names), ElementsAre("model-repository"));
  EXPECT_THAT(NearestNames("something-else", names), IsEmpty());
  EXPECT_THAT(NearestNames("", names), IsEmpty());
}

TEST(NearestTest, AShortWordFindsTheNamesThatContainIt) {
  EXPECT_THAT(NearestNames("port", {"http-port", "grpc-port", "http-address", "metrics-port", "vertex-ai-port"}),
              ElementsAre("http-port", "grpc-port", "metrics-port"));
}

TEST(NearestTest, NamesWithoutEndAreNearNothing) {
  EXPECT_THAT(NearestNames(std::string(1 << 20, 'x'), {std::string(1 << 20, 'x')}), IsEmpty());
}

}  // namespace
}  // namespace neso
