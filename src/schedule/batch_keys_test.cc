#include "schedule/batch_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/test_support.h"

namespace neso {
namespace {

using Groups = std::vector<std::vector<size_t>>;

class BatchKeysTest : public ::testing::Test {
 protected:
  Groups Sort(const std::vector<std::optional<ParameterValue>>& keys) {
    std::vector<std::unique_ptr<InferenceRequest>> requests;
    std::vector<RequestQueue::Entry> window;
    for (const auto& key : keys) {
      requests.push_back(requester_.Make(model_));
      requests.back()->AddParameter("other", std::string("x"));
      if (key) requests.back()->AddParameter("tenant", *key);
      window.push_back({.request = requests.back().get()});
    }
    const auto sorted = keys_.Sort(window);
    return {sorted.begin(), sorted.end()};
  }

  ModelHandle model_ = test::MakeModel(R"(name: "m" )");
  test::Requester requester_;
  BatchKeys keys_{"tenant"};
};

TEST_F(BatchKeysTest, PutsEqualKeysTogetherInOrder) {
  const std::string a = "a", b = "b";
  EXPECT_EQ(Sort({}), Groups());
  EXPECT_EQ(Sort({a}), (Groups{{0}}));
  EXPECT_EQ(Sort({a, b, a, b, b}), (Groups{{0, 2}, {1, 3, 4}}));
  EXPECT_EQ(Sort({b, a}), (Groups{{0}, {1}})) << "nothing is left of the call before";
}

TEST_F(BatchKeysTest, TellsValuesOfDifferentTypesAndRequestsWithoutAnyApart) {
  EXPECT_EQ(Sort({int64_t{1}, std::string("1"), std::nullopt, true, 1.0, int64_t{1}, std::nullopt}),
            (Groups{{0, 5}, {1}, {2, 6}, {3}, {4}}));
}

}  // namespace
}  // namespace neso
