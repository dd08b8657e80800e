#include "repository/on_demand/expected_sizes.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

constexpr uint64_t kMega = 1'000'000;

LoadCandidate Model(const std::string& id, uint64_t file_bytes, const std::string& backend = "onnxruntime") {
  return {.id = id, .backend = backend, .file_bytes = file_bytes, .fingerprint = 1};
}

TEST(ExpectedSizesTest, BeforeTheFirstLoadFilesAreTheGuess) {
  const ExpectedSizes sizes;
  const Expectation guess = sizes.Of(Model("a", kMega));
  EXPECT_EQ(guess.use, MemoryUse{.host = 1'000'000});
  EXPECT_FALSE(guess.is_measured);
}

TEST(ExpectedSizesTest, WhatWasMeasuredHoldsAsLongAsTheFilesStandStill) {
  ExpectedSizes sizes;
  LoadCandidate model = Model("a", kMega);
  sizes.Note(model, {.host = 700'000, .gpus = {{0, 5}}});
  EXPECT_EQ(sizes.Of(model).use, (MemoryUse{.host = 700'000, .gpus = {{0, 5}}}));
  EXPECT_TRUE(sizes.Of(model).is_measured);
  model.fingerprint = 2;
  EXPECT_FALSE(sizes.Of(model).is_measured);
  EXPECT_EQ(sizes.Of(model).use.host, 1'000'000) << "its files have that at least";
}

TEST(ExpectedSizesTest, OneThatIsNewIsExpectedToTakeWhatOthersOfItsKindDid) {
  ExpectedSizes sizes;
  sizes.Note(Model("a", kMega), {.host = 2'100'000, .gpus = {{1, 400'000}}});
  sizes.Note(Model("b", kMega), {.host = 2'000'000});
  const Expectation guess = sizes.Of(Model("c", 900'000));
  EXPECT_FALSE(guess.is_measured);
  EXPECT_EQ(guess.use, (MemoryUse{.host = 1'890'000, .gpus = {{1, 360'000}}})) << "the largest of them, for its files";
  EXPECT_EQ(sizes.Of(Model("c", kMega, "python")).use.host, 1'000'000) << "another backend";
  EXPECT_EQ(sizes.Of(Model("c", 100 * kMega)).use.host, 100'000'000) << "another size";
}

TEST(ExpectedSizesTest, WhatAModelOfSmallFilesTakesDoesNotGrowWithThem) {
  ExpectedSizes sizes;
  sizes.Note(Model("a", 100, "python"), {.host = 12'000'000});
  EXPECT_EQ(sizes.Of(Model("b", 5000, "python")).use.host, 12'000'000);
}

TEST(ExpectedSizesTest, OneThatWasUnusuallyLargeIsForgottenInTime) {
  ExpectedSizes sizes;
  sizes.Note(Model("large", kMega), {.host = 9'000'000});
  for (int i = 0; i < 7; ++i) sizes.Note(Model("m" + std::to_string(i), kMega), {.host = 2'000'000});
  EXPECT_EQ(sizes.Of(Model("new", kMega)).use.host, 9'000'000);
  sizes.Note(Model("m7", kMega), {.host = 2'000'000});
  EXPECT_EQ(sizes.Of(Model("new", kMega)).use.host, 2'000'000);
}

}  // namespace
}  // namespace neso
