#include "backend/instance_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using inference::ModelInstanceGroup;

ModelInstanceGroup& AddGroup(inference::ModelConfig& config, const char* name, ModelInstanceGroup::Kind kind,
                             int count) {
  ModelInstanceGroup& group = *config.add_instance_group();
  group.set_name(name);
  group.set_kind(kind);
  group.set_count(count);
  return group;
}

TEST(InstanceSpecTest, NamesInstancesAfterTheirGroup) {
  inference::ModelConfig config;
  AddGroup(config, "m_0", ModelInstanceGroup::KIND_CPU, 2);
  AddGroup(config, "m_1", ModelInstanceGroup::KIND_MODEL, 1);
  const std::vector<InstanceSpec> specs = ExpandInstanceGroups(config);
  ASSERT_EQ(specs.size(), 3u);
  EXPECT_EQ(specs[0].name, "m_0_0");
  EXPECT_EQ(specs[1].name, "m_0_1");
  EXPECT_EQ(specs[2].name, "m_1_0");
  EXPECT_EQ(specs[0].kind, TRITONSERVER_INSTANCEGROUPKIND_CPU);
  EXPECT_EQ(specs[0].host_policy, "cpu");
  EXPECT_EQ(specs[2].kind, TRITONSERVER_INSTANCEGROUPKIND_MODEL);
  EXPECT_EQ(specs[2].host_policy, "model");
}

TEST(InstanceSpecTest, MakesEachCountOnEachGpu) {
  inference::ModelConfig config;
  ModelInstanceGroup& group = AddGroup(config, "m", ModelInstanceGroup::KIND_GPU, 2);
  group.add_gpus(1);
  group.add_gpus(3);
  const std::vector<InstanceSpec> specs = ExpandInstanceGroups(config);
  ASSERT_EQ(specs.size(), 4u);
  EXPECT_EQ(specs[0].name, "m_0");
  EXPECT_EQ(specs[0].device_id, 1);
  EXPECT_EQ(specs[1].name, "m_0");
  EXPECT_EQ(specs[1].device_id, 3);
  EXPECT_EQ(specs[1].host_policy, "gpu_3");
  EXPECT_EQ(specs[3].name, "m_1");
}

TEST(InstanceSpecTest, CarriesWhatTheGroupSays) {
  inference::ModelConfig config;
  ModelInstanceGroup& group = AddGroup(config, "m", ModelInstanceGroup::KIND_CPU, 1);
  group.set_passive(true);
  group.set_host_policy("hp");
  group.add_profile("p");
  auto& device = *group.add_secondary_devices();
  device.set_kind(ModelInstanceGroup::SecondaryDevice::KIND_NVDLA);
  device.set_device_id(7);
  const InstanceSpec spec = ExpandInstanceGroups(config).at(0);
  EXPECT_TRUE(spec.is_passive);
  EXPECT_EQ(spec.host_policy, "hp");
  EXPECT_THAT(spec.profiles, ::testing::ElementsAre("p"));
  EXPECT_THAT(spec.secondary_devices, ::testing::ElementsAre(InstanceSpec::SecondaryDevice{"KIND_NVDLA", 7}));
}

TEST(InstanceSpecTest, ComparesRegardlessOfTheName) {
  InstanceSpec a;
  a.name = "x_0";
  InstanceSpec b = a;
  b.name = "y_0";
  EXPECT_TRUE(a.SameButForName(b));
  b.rate_limiter = "other";
  EXPECT_FALSE(a.SameButForName(b));
}

}  // namespace
}  // namespace neso
