#include "config/equivalence.h"

#include <gtest/gtest.h>

#include "config/test_config.h"

namespace neso {
namespace {

using test::ConfigFromText;

constexpr char kBase[] =
    "name: 'm' backend: 'b' input { name: 'a' dims: 1 } parameters { key: 'k' value { string_value: 'v' } } ";

TEST(CanUpdateInPlaceTest, OnlyInstancesAndVersionsMayChange) {
  const inference::ModelConfig running = ConfigFromText(std::string(kBase) + "instance_group { count: 1 }");
  for (const char* change :
       {"", "instance_group { count: 2 }", "instance_group { kind: KIND_CPU } version_policy { all { } }"}) {
    EXPECT_TRUE(CanUpdateInPlace(running, ConfigFromText(std::string(kBase) + change))) << change;
  }
  for (const char* change :
       {"max_batch_size: 1", "dynamic_batching { }", "input { name: 'b' }", "response_cache { }",
        "parameters { key: 'k' value { string_value: 'w' } }", "metric_tags { key: 'k' value: 'v' }"}) {
    EXPECT_FALSE(CanUpdateInPlace(running, ConfigFromText(std::string(kBase) + change))) << change;
  }
}

}  // namespace
}  // namespace neso
