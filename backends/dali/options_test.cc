#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::dali {
namespace {

using testing::HasSubstr;

TEST(DaliOptionsTest, ReadsParameters) {
  backend::Parameters parameters;
  EXPECT_EQ(ReadOptions(parameters)->num_threads, -1);
  parameters.Add("num_threads", "3");
  parameters.Add("split_along_outer_axis", "A:B");
  const backend::Result<Options> options = ReadOptions(parameters);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->num_threads, 3);
  EXPECT_TRUE(options->Splits("B"));
  EXPECT_FALSE(options->Splits("C"));
}

TEST(DaliOptionsTest, RefusesNumbersOfThreadsThatAreNone) {
  for (const char* text : {"0", "-2", "many", "2000", ""}) {
    backend::Parameters parameters;
    parameters.Add("num_threads", text);
    EXPECT_THAT(std::string(ReadOptions(parameters).status().message()), HasSubstr("num_threads")) << text;
  }
}

TEST(DaliOptionsTest, TakesNoMoreThreadsThanThereAreProcessorsUnlessToldTo) {
  EXPECT_EQ(ThreadsFor({}, 4, 2), 2);
  EXPECT_EQ(ThreadsFor({}, 4, 16), 4);
  EXPECT_EQ(ThreadsFor({}, 0, 16), 16);
  EXPECT_EQ(ThreadsFor({.num_threads = 8, .split_outputs = {}}, 4, 2), 8);
}

}  // namespace
}  // namespace neso::dali
