#include "cache/cache_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/test_support.h"

namespace neso {
namespace {

constexpr uint64_t kSeed = 7;

ModelHandle TwoInputs(int64_t version = 1, const std::string& name = "m", const std::string& name_space = "") {
  const std::string dims = " data_type: TYPE_UINT8 dims: [-1] optional: true }";
  auto model = std::make_shared<Model>(
      test::ParseConfig("name: '" + name + "' input { name: 'a'" + dims + " input { name: 'b'" + dims +
                        " input { name: 'text' data_type: TYPE_STRING dims: [-1] optional: true }" +
                        " output { name: 'x' data_type: TYPE_UINT8 dims: [-1] }" +
                        " output { name: 'y' data_type: TYPE_UINT8 dims: [-1] }"),
      version, std::map<std::string, std::vector<std::string>>());
  model->SetNamespace(name_space);
  return model;
}

using Fill = std::function<void(InferenceRequest&)>;

void Add(InferenceRequest& request, const std::string& name, const std::string& bytes, std::vector<int64_t> shape = {},
         DataType datatype = DataType::kUint8) {
  if (shape.empty()) shape = {static_cast<int64_t>(bytes.size())};
  ASSERT_TRUE(request.AddInput(name, datatype, shape).ok());
  BufferAttributes attributes;
  attributes.byte_size = bytes.size();
  static std::set<std::string> kept;  // inputs are views
  ASSERT_TRUE(request.AppendInputData(name, kept.insert(bytes).first->data(), attributes).ok());
}

CacheKey KeyOf(const Fill& fill, const ModelHandle& model = TwoInputs(), uint64_t seed = kSeed) {
  const std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);
  fill(*request);
  return *HashRequest(*request, seed);
}

void Plain(InferenceRequest& request) { Add(request, "a", "1234"); }

TEST(CacheKeyTest, IsTheSameForTheSame) {
  EXPECT_EQ(KeyOf(Plain), KeyOf(Plain));
  EXPECT_EQ(KeyOf(Plain).text().size(), 32U);
  EXPECT_THAT(std::string(KeyOf(Plain).c_str()), testing::MatchesRegex("[0-9a-f]+"));
}

TEST(CacheKeyTest, OrderIdsPrioritiesAndPiecesDoNotCount) {
  const Fill ordered = [](InferenceRequest& r) { Add(r, "a", "12"), Add(r, "b", "34"); };
  const Fill turned = [](InferenceRequest& r) {
    Add(r, "b", "34"), Add(r, "a", "1", {2});
    BufferAttributes attributes;
    attributes.byte_size = 1;
    ASSERT_TRUE(r.AppendInputData("a", "2", attributes).ok());
    r.SetId("other");
    r.SetPriority(3);
    r.SetTimeoutMicroseconds(9);
  };
  EXPECT_EQ(KeyOf(ordered), KeyOf(turned));
  const Fill all = [](InferenceRequest& r) {
    Plain(r);
    ASSERT_TRUE(r.AddRequestedOutput("y").ok() && r.AddRequestedOutput("x").ok());
  };
  EXPECT_EQ(KeyOf(Plain), KeyOf(all));
  const auto with = [](std::vector<std::string> names) {
    return [names](InferenceRequest& r) {
      Plain(r);
      for (const std::string& name : names) r.AddParameter(name, name);
    };
  };
  EXPECT_EQ(KeyOf(with({"p", "q"})), KeyOf(with({"q", "p"})));
}

// Whatever an answer may depend on.
TEST(CacheKeyTest, EverythingElseCounts) {
  const std::vector<Fill> requests = {
      Plain,
      [](InferenceRequest& r) { Add(r, "a", "1235"); },
      [](InferenceRequest& r) { Add(r, "b", "1234"); },
      [](InferenceRequest& r) {
        Add(r, "a", "1234", {2, 2});
      },
      [](InferenceRequest& r) {
        Add(r, "a", "1234", {4, 1});
      },
      [](InferenceRequest& r) { Add(r, "a", "1234", {4}, DataType::kInt8); },
      [](InferenceRequest& r) { Add(r, "a", "1234", {1}, DataType::kInt32); },
      [](InferenceRequest& r) { Add(r, "a", "12"), Add(r, "b", "34"); },
      [](InferenceRequest& r) { Add(r, "a", "123"), Add(r, "b", "4"); },
      [](InferenceRequest& r) { Plain(r), (void)r.AddRequestedOutput("x"); },
      [](InferenceRequest& r) { Plain(r), (void)r.AddRequestedOutput("y"); },
      [](InferenceRequest& r) { Plain(r), r.AddParameter("p", std::string("1")); },
      [](InferenceRequest& r) { Plain(r), r.AddParameter("p", int64_t{1}); },
      [](InferenceRequest& r) { Plain(r), r.AddParameter("p", true); },
      [](InferenceRequest& r) { Plain(r), r.AddParameter("p", 1.0); },
      [](InferenceRequest& r) { Plain(r), r.AddParameter("q", std::string("1")); },
  };
  std::set<std::string> keys;
  for (const Fill& fill : requests) keys.emplace(KeyOf(fill).text());
  keys.emplace(KeyOf(Plain, TwoInputs(2)).text());
  keys.emplace(KeyOf(Plain, TwoInputs(1, "n")).text());
  keys.emplace(KeyOf(Plain, TwoInputs(1, "m", "/models")).text());
  keys.emplace(KeyOf(Plain, TwoInputs(), kSeed + 1).text());
  EXPECT_EQ(keys.size(), requests.size() + 4);
}

TEST(CacheKeyTest, WhatTheCpuCannotReadIsRefused) {
  const std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(TwoInputs(), -1);
  ASSERT_TRUE(request->AddInput("a", DataType::kUint8, std::vector<int64_t>{1}).ok());
  BufferAttributes attributes;
  attributes.byte_size = 1;
  attributes.memory_type = MemoryType::kGpu;
  ASSERT_TRUE(request->AppendInputData("a", "1", attributes).ok());
  EXPECT_EQ(HashRequest(*request, kSeed).error().message(),
            "Only input buffers in CPU memory are allowed in cache currently");
}

}  // namespace
}  // namespace neso
