#include "ensemble/graph.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace neso {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "a b -> c" of the model m0, m1, ... each; inputs and outputs of a model are called i0, i1, ... and o0, o1, ...
inference::ModelConfig Ensemble(
    const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
    const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>& steps) {
  inference::ModelConfig config;
  for (const std::string& name : inputs) config.add_input()->set_name(name);
  for (const std::string& name : outputs) config.add_output()->set_name(name);
  for (const auto& [reads, makes] : steps) {
    auto* step = config.mutable_ensemble_scheduling()->add_step();
    step->set_model_name("m" + std::to_string(config.ensemble_scheduling().step_size() - 1));
    step->set_model_version(-1);
    for (size_t i = 0; i < reads.size(); ++i) (*step->mutable_input_map())["i" + std::to_string(i)] = reads[i];
    for (size_t i = 0; i < makes.size(); ++i) (*step->mutable_output_map())["o" + std::to_string(i)] = makes[i];
  }
  return config;
}

size_t Tensor(const EnsembleGraph& graph, const std::string& name) {
  const auto it =
      std::find_if(graph.tensors.begin(), graph.tensors.end(), [&](const auto& t) { return t.name == name; });
  return static_cast<size_t>(it - graph.tensors.begin());
}

std::vector<size_t> Arrive(Progress& progress, const EnsembleGraph& graph, const std::string& name) {
  std::vector<size_t> ready;
  progress.Arrive(Tensor(graph, name), ready);
  return ready;
}

// The steps in the order in which they get ready, when each step's outputs arrive as soon as it is ready.
std::vector<size_t> OrderOf(const EnsembleGraph& graph, const std::vector<bool>& needed) {
  Progress progress(graph, needed);
  std::vector<size_t> order;
  for (const size_t input : graph.inputs) progress.Arrive(input, order);
  for (size_t i = 0; i < order.size(); ++i) {
    for (const auto& output : graph.steps[order[i]].outputs) progress.Arrive(output.tensor, order);
  }
  return order;
}

TEST(EnsembleGraphTest, StepsGetReadyWhenTheirLastTensorArrives) {
  const EnsembleGraph graph =
      MakeGraph(Ensemble({"a", "b"}, {"z"}, {{{"a"}, {"x"}}, {{"b"}, {"y"}}, {{"x", "y"}, {"z"}}}));
  const std::vector<bool> all = StepsFor(graph, graph.outputs);
  Progress progress(graph, all);
  EXPECT_THAT(Arrive(progress, graph, "a"), ElementsAre(0));
  EXPECT_THAT(Arrive(progress, graph, "x"), IsEmpty());
  EXPECT_THAT(Arrive(progress, graph, "b"), ElementsAre(1));
  EXPECT_THAT(Arrive(progress, graph, "y"), ElementsAre(2));
}

TEST(EnsembleGraphTest, EachShapeOfGraphRunsItsStepsInOrder) {
  struct Case {
    const char* what;
    inference::ModelConfig config;
    std::vector<size_t> order;
  };
  const Case cases[] = {
      {"chain", Ensemble({"a"}, {"c"}, {{{"a"}, {"b"}}, {{"b"}, {"c"}}}), {0, 1}},
      {"steps named backwards", Ensemble({"a"}, {"c"}, {{{"b"}, {"c"}}, {{"a"}, {"b"}}}), {1, 0}},
      {"fork and join", Ensemble({"a"}, {"d"}, {{{"a"}, {"b"}}, {{"a"}, {"c"}}, {{"b", "c"}, {"d"}}}), {0, 1, 2}},
      {"one tensor for two inputs", Ensemble({"a"}, {"b"}, {{{"a", "a"}, {"b"}}}), {0}},
      {"two outputs for one step", Ensemble({"a"}, {"d"}, {{{"a"}, {"b", "c"}}, {{"b", "c"}, {"d"}}}), {0, 1}},
      {"an output that is read too", Ensemble({"a"}, {"b", "c"}, {{{"a"}, {"b"}}, {{"b"}, {"c"}}}), {0, 1}},
      {"apart from each other", Ensemble({"a", "b"}, {"c", "d"}, {{{"b"}, {"d"}}, {{"a"}, {"c"}}}), {1, 0}},
  };
  for (const Case& c : cases) {
    const EnsembleGraph graph = MakeGraph(c.config);
    EXPECT_EQ(OrderOf(graph, StepsFor(graph, graph.outputs)), c.order) << c.what;
  }
}

TEST(EnsembleGraphTest, OnlyWhatTheWantedOutputsNeedIsRun) {
  const EnsembleGraph graph = MakeGraph(
      Ensemble({"a", "b"}, {"d", "e"}, {{{"a"}, {"c"}}, {{"c"}, {"d"}}, {{"c", "b"}, {"e"}}, {{"e"}, {"f"}}}));
  const auto order = [&](const std::vector<std::string>& wanted) {
    std::vector<size_t> tensors;
    for (const std::string& name : wanted) tensors.push_back(Tensor(graph, name));
    return OrderOf(graph, StepsFor(graph, tensors));
  };
  EXPECT_THAT(order({"d"}), ElementsAre(0, 1));
  EXPECT_THAT(order({"e"}), ElementsAre(0, 2));
  EXPECT_THAT(order({"d", "e"}), ElementsAre(0, 1, 2));
  EXPECT_THAT(order({"a"}), IsEmpty());  // an input that is an output
}

TEST(EnsembleGraphTest, ATensorArrivesOnce) {
  const EnsembleGraph graph = MakeGraph(Ensemble({"a"}, {"b"}, {{{"a"}, {"b"}}}));
  const std::vector<bool> all = StepsFor(graph, graph.outputs);
  Progress progress(graph, all);
  std::vector<size_t> ready;
  EXPECT_TRUE(progress.Arrive(Tensor(graph, "a"), ready));
  EXPECT_FALSE(progress.Arrive(Tensor(graph, "a"), ready));
  EXPECT_THAT(ready, ElementsAre(0));
  EXPECT_TRUE(progress.HasArrived(Tensor(graph, "a")));
  EXPECT_FALSE(progress.HasArrived(Tensor(graph, "b")));
}

TEST(EnsembleGraphTest, TheLastReaderOfATensorIsKnown) {
  const EnsembleGraph graph =
      MakeGraph(Ensemble({"a"}, {"b", "c", "d"}, {{{"a"}, {"b"}}, {{"a", "a"}, {"c"}}, {{"a"}, {"d"}}}));
  const std::vector<size_t> wanted = {Tensor(graph, "b"), Tensor(graph, "c")};
  const std::vector<bool> needed = StepsFor(graph, wanted);
  Progress progress(graph, needed);
  EXPECT_FALSE(progress.Read(Tensor(graph, "a")));
  EXPECT_TRUE(progress.Read(Tensor(graph, "a")));  // the third step is not needed
}

TEST(EnsembleGraphTest, ResultsAndCalleesAreMarked) {
  inference::ModelConfig config = Ensemble({"a"}, {"b", "c"}, {{{"a"}, {"b"}}, {{"b"}, {"c"}}, {{"a"}, {"x"}}});
  for (auto& step : *config.mutable_ensemble_scheduling()->mutable_step()) step.set_model_name("same");
  config.mutable_ensemble_scheduling()->mutable_step(2)->set_model_version(7);
  const EnsembleGraph graph = MakeGraph(config);
  EXPECT_THAT(graph.callees, ElementsAre(EnsembleGraph::Callee{"same", -1}, EnsembleGraph::Callee{"same", 7}));
  EXPECT_EQ(graph.steps[1].callee, 0u);
  EXPECT_FALSE(graph.steps[0].reads_result);
  EXPECT_TRUE(graph.steps[1].reads_result);
  EXPECT_TRUE(graph.steps[0].makes_result);
  EXPECT_FALSE(graph.steps[2].makes_result);
  EXPECT_EQ(graph.steps[0].FindOutput("o0")->tensor, Tensor(graph, "b"));
  EXPECT_EQ(graph.steps[0].FindOutput("o1"), nullptr);
}

TEST(EnsembleGraphTest, AnyAcyclicGraphRunsEachStepOnceAndAfterThoseItNeeds) {
  uint64_t random = 1;
  const auto below = [&random](uint64_t n) {
    random = random * 6364136223846793005 + 1442695040888963407;
    return (random >> 33) % n;
  };
  for (int round = 0; round < 200; ++round) {
    const size_t count = 1 + below(30);
    std::vector<std::string> tensors = {"in"};
    std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> steps;
    for (size_t i = 0; i < count; ++i) {
      std::vector<std::string> reads;
      for (uint64_t n = 1 + below(3); n > 0; --n) reads.push_back(tensors[below(tensors.size())]);
      tensors.push_back("t" + std::to_string(i));
      steps.push_back({reads, {tensors.back()}});
    }
    const EnsembleGraph graph = MakeGraph(Ensemble({"in"}, {tensors.begin() + 1, tensors.end()}, steps));
    const std::vector<size_t> order = OrderOf(graph, StepsFor(graph, graph.outputs));
    ASSERT_EQ(std::set<size_t>(order.begin(), order.end()).size(), count);
    ASSERT_EQ(order.size(), count);
    std::set<size_t> made = {Tensor(graph, "in")};
    for (const size_t step : order) {
      for (const size_t tensor : graph.steps[step].reads) ASSERT_TRUE(made.contains(tensor));
      for (const auto& output : graph.steps[step].outputs) made.insert(output.tensor);
    }
  }
}

}  // namespace
}  // namespace neso
