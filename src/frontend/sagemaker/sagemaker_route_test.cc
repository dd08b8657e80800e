#include "frontend/sagemaker/sagemaker_route.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

using enum SagemakerAction;

TEST(SagemakerRouteTest, EveryEndpoint) {
  const struct {
    const char* method;
    const char* path;
    SagemakerAction action;
    const char* model;
  } rows[] = {
      {"GET", "/ping", kPing, ""},
      {"POST", "/invocations", kInvocations, ""},
      {"GET", "/models", kListModels, ""},
      {"GET", "/models/", kListModels, ""},
      {"POST", "/models", kLoadModel, ""},
      {"GET", "/models/a1.b_c", kShowModel, "a1.b_c"},
      {"DELETE", "/models/a", kUnloadModel, "a"},
      {"POST", "/models/a/invoke", kInvoke, "a"},
  };
  for (const auto& row : rows) {
    const SagemakerRoute route = ParseSagemakerRoute(row.method, row.path);
    EXPECT_EQ(route.action, row.action) << row.method << " " << row.path;
    EXPECT_EQ(route.model, row.model) << row.path;
  }
}

TEST(SagemakerRouteTest, TheContainerContractTellsAWrongMethod) {
  EXPECT_EQ(ParseSagemakerRoute("POST", "/ping").action, kWrongMethod);
  EXPECT_EQ(ParseSagemakerRoute("HEAD", "/ping").action, kWrongMethod);
  EXPECT_EQ(ParseSagemakerRoute("GET", "/invocations").action, kWrongMethod);
}

TEST(SagemakerRouteTest, AllElseIsNone) {
  const char* rows[][2] = {
      {"GET", "/"},
      {"GET", ""},
      {"GET", "/v2"},
      {"GET", "/ping/"},
      {"GET", "/pingx"},
      {"POST", "/invocations/"},
      {"PUT", "/models"},
      {"DELETE", "/models"},
      {"GET", "/modelsx"},
      {"POST", "/models/a"},
      {"PUT", "/models/a"},
      {"GET", "/models/a/invoke"},
      {"POST", "/models/a/"},
      {"POST", "/models/a/invoke/"},
      {"POST", "/models//invoke"},
  };
  for (const auto& [method, path] : rows) {
    EXPECT_EQ(ParseSagemakerRoute(method, path).action, kNone) << method << " " << path;
  }
}

}  // namespace
}  // namespace neso
