#include "profiles.h"

#include <gtest/gtest.h>

#include "test_engines.h"

namespace neso::tensorrt {
namespace {

std::optional<size_t> Choose(const std::vector<int32_t>& profiles, const std::vector<int64_t>& shape) {
  const InputExtent extent{.shape = shape, .values = {}};
  return ChooseProfile(TwoProfiles(), profiles, {&extent, 1});
}

TEST(ChooseProfileTest, TakesTheOneThatIsNearestToItsBest) {
  EXPECT_EQ(Choose({0, 1}, {4, 3}), 0u);
  EXPECT_EQ(Choose({0, 1}, {20, 3}), 1u);
  // Both take 8: 4 from the best of the first, 8 from that of the second, whatever their order.
  EXPECT_EQ(Choose({0, 1}, {8, 3}), 0u);
  EXPECT_EQ(Choose({1, 0}, {8, 3}), 1u);
}

TEST(ChooseProfileTest, TakesNoneThatDoesNotFit) {
  EXPECT_EQ(Choose({0, 1}, {33, 3}), std::nullopt);
  EXPECT_EQ(Choose({0}, {9, 3}), std::nullopt);
  EXPECT_EQ(Choose({0, 1}, {4, 4}), std::nullopt);
  EXPECT_EQ(Choose({0, 1}, {4}), std::nullopt);
  EXPECT_EQ(Choose({}, {4, 3}), std::nullopt);
}

TEST(ChooseProfileTest, LooksAtTheValuesOfShapeTensors) {
  EngineDescription engine = TwoProfiles();
  EngineTensor sizes = TensorOf("s", {2}, TRITONSERVER_TYPE_INT32);
  sizes.is_shape_tensor = true;
  sizes.dims.assign(2, {{2}, {2}, {2}});
  sizes.values = {{{1, 1}, {2, 2}, {4, 4}}, {{1, 8}, {8, 8}, {8, 8}}};
  engine.inputs.push_back(sizes);
  const std::vector<int64_t> shape = {8, 3}, values = {8, 8};
  const InputExtent extents[] = {{shape, {}}, {{}, values}};
  EXPECT_EQ(ChooseProfile(engine, std::vector<int32_t>{0, 1}, extents), 1u);
}

TEST(ReadProfilesTest, TakesProfileZeroIfNothingIsSaid) {
  EXPECT_EQ(*ReadProfiles({}, 2, "m_0"), std::vector<int32_t>{0});
  EXPECT_EQ(*ReadProfiles({"1", "0"}, 2, "m_0"), (std::vector<int32_t>{1, 0}));
}

TEST(ReadProfilesTest, RefusesWhatTheEngineDoesNotHave) {
  EXPECT_EQ(
      ReadProfiles({"2"}, 2, "m_0").status().message(),
      "Can not set the specified optimization profile 2[2] for m_0. Expected optimization profile index range 0-1");
  for (const char* name : {"-1", "one", "", "1 ", "99999999999999999999"}) {
    EXPECT_FALSE(ReadProfiles({name}, 2, "m_0").ok()) << name;
  }
}

}  // namespace
}  // namespace neso::tensorrt
