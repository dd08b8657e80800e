#include "core/model_finder.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/test_support.h"

namespace neso {
namespace {

class OneModel : public ModelFinder {
 public:
  ModelHandle model = test::MakeModel("name: 'here'");

 private:
  ModelHandle Serving(std::string_view name, int64_t) const override { return name == "here" ? model : nullptr; }
  Status WhyNotServing(std::string_view name, int64_t version) const override {
    return NotFound("'{}' version {} is not here", name, version);
  }
};

// Loads what is asked for, when the test says so.
class LoadingFinder final : public OneModel {
 public:
  mutable std::vector<std::pair<std::string, Found>> loads;

 private:
  void Bring(std::string_view name, int64_t, Found found) const override { loads.emplace_back(name, std::move(found)); }
};

TEST(ModelFinderTest, FindsWhatServesAndSaysWhyNot) {
  const OneModel finder;
  EXPECT_EQ(*finder.Find("here", -1), finder.model);
  EXPECT_EQ(finder.Find("there", 7).error().message(), "'there' version 7 is not here");
}

TEST(ModelFinderTest, WhatServesIsGivenWithinTheCall) {
  const LoadingFinder finder;
  ModelHandle given;
  finder.FindThen("here", -1, [&](Expected<ModelHandle> model) { given = *std::move(model); });
  EXPECT_EQ(given, finder.model);
  EXPECT_TRUE(finder.loads.empty());
}

TEST(ModelFinderTest, AFinderThatDoesNotLoadGivesTheErrorWithinTheCall) {
  const OneModel finder;
  Status error;
  finder.FindThen("there", 7, [&](const Expected<ModelHandle>& model) { error = model.error(); });
  EXPECT_EQ(error.ToString(), "Not found: 'there' version 7 is not here");
}

TEST(ModelFinderTest, AFinderThatLoadsGivesTheModelLater) {
  const LoadingFinder finder;
  std::vector<ModelHandle> given;
  finder.FindThen("there", -1, [&](Expected<ModelHandle> model) { given.push_back(*std::move(model)); });
  EXPECT_TRUE(given.empty());
  ASSERT_EQ(finder.loads.size(), 1u);
  finder.loads[0].second(finder.model);
  EXPECT_EQ(given, std::vector<ModelHandle>{finder.model});
}

}  // namespace
}  // namespace neso
