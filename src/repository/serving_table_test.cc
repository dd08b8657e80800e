#include "repository/serving_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ModelHandle Make(const std::string& name, int64_t version, const std::string& name_space = "") {
  inference::ModelConfig config;
  config.set_name(name);
  auto model = std::make_shared<Model>(std::move(config), version, std::map<std::string, std::vector<std::string>>());
  model->SetNamespace(name_space);
  return model;
}

TEST(ServingTableTest, FindsTheLatestOrTheOneAskedFor) {
  ServingTable table;
  const std::vector<ModelHandle> versions = {Make("m", 2), Make("m", 10)};
  table.Publish("m", versions);
  EXPECT_EQ(table.Find("m", -1), versions[1]);
  EXPECT_EQ(table.Find("m", 2), versions[0]);
  EXPECT_EQ(table.Find("m", 3), nullptr);
  EXPECT_EQ(table.Find("n", -1), nullptr);
  table.Publish("m", {});
  EXPECT_EQ(table.Find("m", -1), nullptr);
  EXPECT_THAT(table.Versions("m"), IsEmpty());
}

TEST(ServingTableTest, ANameFindsTheOnlyModelThatHasIt) {
  ServingTable table(/*namespacing=*/true);
  const ModelHandle first = Make("m", 1, "/a"), second = Make("m", 1, "/b");
  table.Publish(first->id(), {first});
  EXPECT_EQ(table.Find("m", -1), first);
  EXPECT_EQ(table.Find("/a::m", 1), first);
  table.Publish(second->id(), {second});
  EXPECT_EQ(table.Find("m", -1), nullptr) << "which of the two?";
  EXPECT_THAT(table.IdsOf("m"), ElementsAre("/a::m", "/b::m"));
  EXPECT_EQ(table.Find("/b::m", -1), second);
  EXPECT_THAT(table.All(), ElementsAre(first, second));
  table.Publish(first->id(), {});
  EXPECT_EQ(table.Find("m", -1), second);
  table.Publish(second->id(), {});
  EXPECT_THAT(table.IdsOf("m"), IsEmpty());
}

TEST(ServingTableTest, WithoutNamespacesNoPartOfANameIsOne) {
  ServingTable table;
  const ModelHandle model = Make("a::m", 1);
  table.Publish("a::m", {model});
  EXPECT_EQ(table.Find("a::m", -1), model);
  EXPECT_EQ(table.Find("m", -1), nullptr);
}

}  // namespace
}  // namespace neso
