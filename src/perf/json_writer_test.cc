#include "perf/json_writer.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

TEST(JsonWriterTest, WhatIsNoUtf8BecomesIt) {
  JsonWriter json;
  json.Text("folder", "a\xff");
  EXPECT_EQ(json.Finish(), "{\"folder\":\"a\u00ff\"}\n");
}

}  // namespace
}  // namespace neso::perf
