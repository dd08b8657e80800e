#include "perf/input_data.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace neso::perf {
namespace {

ModelFacts Facts() {
  ModelFacts facts;
  facts.batches = true;
  facts.inputs = {{"x", "UINT8", {2}}};
  facts.outputs = {{"y", "UINT8", {1}}};
  return facts;
}

TensorSet Step(std::string bytes, std::vector<int64_t> shape = {2}) {
  TensorSet step;
  step.inputs.push_back({"x", "UINT8", std::move(shape), std::move(bytes)});
  return step;
}

TEST(InputDataTest, ValuesAreMadeUp) {
  Options options;
  options.batch = 3;
  const auto streams = MakeInputData(Facts(), options);
  ASSERT_TRUE(streams.ok());
  EXPECT_EQ(streams->at(0).size(), 3u);
  const auto requests = BatchRequests(*streams, Facts(), options);
  ASSERT_TRUE(requests.ok());
  ASSERT_EQ(requests->size(), 1u);
  EXPECT_EQ(requests->at(0).inputs[0].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(requests->at(0).inputs[0].bytes.size(), 6u);
  options.zeros = true;
  EXPECT_EQ(BatchRequests(*MakeInputData(Facts(), options), Facts(), options)->at(0).inputs[0].bytes,
            std::string(6, '\0'));
}

TEST(InputDataTest, BatchesTakeConsecutiveSteps) {
  Options options;
  options.batch = 2;
  const auto requests = BatchRequests({{Step("aa"), Step("bb"), Step("cc")}}, Facts(), options);
  ASSERT_TRUE(requests.ok());
  ASSERT_EQ(requests->size(), 3u);
  EXPECT_EQ(requests->at(0).inputs[0].bytes, "aabb");
  EXPECT_EQ(requests->at(1).inputs[0].bytes, "ccaa");
  EXPECT_EQ(requests->at(2).inputs[0].bytes, "bbcc");
}

TEST(InputDataTest, StepsOfABatchHaveOneShape) {
  Options options;
  options.batch = 2;
  const auto requests = BatchRequests({{Step("aa"), Step("bbb", {3})}}, Facts(), options);
  ASSERT_FALSE(requests.ok());
  EXPECT_EQ(requests.error().message(), "the steps of a batch have different shapes for 'x', [2] and [3]: use -b 1");
}

TEST(InputDataTest, AFolderHasAFileForEachInput) {
  const TestFolder folder;
  ModelFacts facts = Facts();
  facts.inputs.push_back({"t", "BYTES", {2}});
  Options options;
  options.input_files = {folder.path()};
  EXPECT_NE(MakeInputData(facts, options).error().message().find("/x: expected a file with the data of input 'x'"),
            std::string::npos);
  folder.Write("x", "ab");
  folder.Write("t", "first\nsecond\n");
  const auto streams = MakeInputData(facts, options);
  ASSERT_TRUE(streams.ok()) << streams.error().message();
  EXPECT_EQ(streams->at(0).at(0).inputs[0].bytes, "ab");
  EXPECT_EQ(streams->at(0).at(0).inputs[1].bytes, std::string("\5\0\0\0first\6\0\0\0second", 19));
  folder.Write("x", "abc");
  EXPECT_NE(MakeInputData(facts, options).error().message().find("Expected: 2 bytes, Got: 3 bytes"), std::string::npos);
}

TEST(InputDataTest, SeveralFilesFollowEachOther) {
  const TestFolder folder;
  folder.Write("a.json", R"({"data": [{"x": [1, 2]}]})");
  folder.Write("b.json", R"({"data": [{"x": [3, 4]}]})");
  Options options;
  options.input_files = {folder.Path("a.json"), folder.Path("b.json")};
  const auto streams = MakeInputData(Facts(), options);
  ASSERT_TRUE(streams.ok());
  ASSERT_EQ(streams->size(), 2u);
  EXPECT_EQ(streams->at(1).at(0).inputs[0].bytes, "\3\4");
}

TEST(InputDataTest, AScheduleIsInOrderFromFileToFile) {
  const TestFolder folder;
  folder.Write("a.json", R"({"data": [{"x": [1, 2], "timestamp": 0}, {"x": [1, 2], "timestamp": 40}]})");
  folder.Write("b.json", R"({"data": [{"x": [3, 4], "timestamp": 20.5}]})");
  folder.Write("c.json", R"({"data": [{"x": [3, 4], "timestamp": 40}]})");
  Options options;
  options.load = LoadKind::kSchedule;
  options.input_files = {folder.Path("a.json"), folder.Path("b.json")};
  EXPECT_EQ(MakeInputData(Facts(), options).error().message(),
            folder.Path("b.json") +
                ": expected steps in the order of their \"timestamp\", from file to file, too: got 20.5 ms after 40 ms "
                "( Location stream id: 0, step id: 0)");
  options.input_files = {folder.Path("a.json"), folder.Path("c.json")};
  EXPECT_TRUE(MakeInputData(Facts(), options).ok());
}

}  // namespace
}  // namespace neso::perf
