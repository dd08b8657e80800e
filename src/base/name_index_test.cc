#include "base/name_index.h"

#include <gtest/gtest.h>

#include <vector>

namespace neso {
namespace {

struct Thing {
  std::string name;
};

class NameIndexTest : public ::testing::TestWithParam<int> {
 protected:
  void Add(std::string name) {
    things_.push_back({std::move(name)});
    index_.Update(std::span(things_), &Thing::name);
  }
  // Its position, or -1.
  std::ptrdiff_t Find(std::string_view name) {
    const Thing* const found = index_.Find(std::span(things_), name, &Thing::name);
    return found == nullptr ? -1 : found - things_.data();
  }

  std::vector<Thing> things_;
  NameIndex index_;
};

TEST_P(NameIndexTest, FindsTheFirstOfAName) {
  for (int i = 0; i < GetParam(); ++i) Add("thing " + std::to_string(i));
  Add("thing 0");
  for (int i = 0; i < GetParam(); ++i) EXPECT_EQ(Find("thing " + std::to_string(i)), i);
  EXPECT_EQ(Find("thing"), -1);
  EXPECT_EQ(Find(""), -1);
}

TEST_P(NameIndexTest, FollowsWhatIsTakenOut) {
  for (int i = 0; i < GetParam(); ++i) Add("thing " + std::to_string(i));
  things_.erase(things_.begin());
  index_.Forget();
  index_.Update(std::span(things_), &Thing::name);
  EXPECT_EQ(Find("thing 0"), -1);
  for (int i = 1; i < GetParam(); ++i) EXPECT_EQ(Find("thing " + std::to_string(i)), i - 1);
}

INSTANTIATE_TEST_SUITE_P(FewAndMany, NameIndexTest, ::testing::Values(1, 15, 16, 17, 1000));

}  // namespace
}  // namespace neso
