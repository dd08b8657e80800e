#include "config/ensemble.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/test_config.h"
#include "config/validate.h"

namespace neso {
namespace {

using test::ModelFromText;

// "input { name: 'a' data_type: TYPE_FP32 dims: [4] }", and the same for an output.
std::string Input(const std::string& name, const std::string& dims = "4", const std::string& type = "TYPE_FP32") {
  return fmt::format("input {{ name: '{}' data_type: {} dims: [{}] }} ", name, type, dims);
}
std::string Output(const std::string& name, const std::string& dims = "4", const std::string& type = "TYPE_FP32") {
  return fmt::format("output {{ name: '{}' data_type: {} dims: [{}] }} ", name, type, dims);
}

using Map = std::vector<std::pair<std::string, std::string>>;

std::string Step(const std::string& model, const Map& inputs, const Map& outputs, int version = -1) {
  std::string text = fmt::format("step {{ model_name: '{}' model_version: {} ", model, version);
  for (const auto& [key, value] : inputs) text += fmt::format("input_map {{ key: '{}' value: '{}' }} ", key, value);
  for (const auto& [key, value] : outputs) text += fmt::format("output_map {{ key: '{}' value: '{}' }} ", key, value);
  return text + "} ";
}

std::string Ensemble(const std::string& body, const std::string& steps) {
  return "platform: 'ensemble' " + body + "ensemble_scheduling { " + steps + "}";
}

const std::string kIo = Input("a") + Output("o");
const std::string kOneStep = Step("m", {{"a", "a"}}, {{"o", "o"}});

struct Case {
  std::string config;
  std::string error;
};

TEST(ValidateEnsembleLocallyTest, ChecksStepsAndConnections) {
  const auto disconnected = [](const std::string& tensor) {
    return "output 'o' for ensemble 'e' is not written: at least one of its depending tensors, '" + tensor +
           "', is not connected";
  };
  const Case cases[] = {
      {Ensemble(kIo, kOneStep), ""},
      {Ensemble(kIo, Step("m", {{"a", "a"}}, {{"o", "t"}}) + Step("m", {{"a", "t"}}, {{"o", "o"}})), ""},
      {Ensemble(kIo + "instance_group { } ", kOneStep), "instance group should not be specified for ensemble 'e'"},
      {Ensemble(kIo + "optimization { } ", kOneStep), "optimization should not be specified for ensemble 'e'"},
      {Ensemble(kIo + "model_warmup { } ", kOneStep), "model_warmup can not be specified for ensemble 'e'"},
      {Ensemble(kIo, ""), "must specify 'step' for ensemble 'e'"},
      {Ensemble(kIo, Step("", {{"a", "a"}}, {{"o", "o"}})), "must specify 'model_name' in step 0 of ensemble 'e'"},
      {Ensemble(kIo, Step("m", {}, {{"o", "o"}})), "must specify 'input_map' in step 0 of ensemble 'e'"},
      {Ensemble(kIo, Step("m", {{"a", "a"}}, {})), "must specify 'output_map' in step 0 of ensemble 'e'"},
      {Ensemble(kIo, kOneStep + Step("m", {}, {})), "must specify 'input_map' in step 1 of ensemble 'e'"},
      {Ensemble(kIo, kOneStep + kOneStep),
       "ensemble tensor 'o' can appear in an output map only once for ensemble 'e' step 1"},
      {Ensemble(kIo, Step("m", {{"a", "a"}}, {{"o", "o"}, {"p", "o"}})),
       "ensemble tensor 'o' can appear in an output map only once for ensemble 'e' step 0"},
      {Ensemble(kIo + Input("z"), kOneStep), "ensemble input 'z' for ensemble e' is not used"},
      {Ensemble(kIo + Output("q"), kOneStep), "ensemble output 'q' for ensemble e' is not used"},
      {Ensemble(kIo, Step("m", {{"a", "x"}}, {{"o", "o"}})), "ensemble input 'a' for ensemble e' is not used"},
      {Ensemble(kIo, Step("m", {{"a", "a"}}, {{"o", "y"}}) + Step("m", {{"a", "x"}}, {{"o", "o"}})), disconnected("x")},
      {Ensemble(kIo, Step("n", {{"a", "a"}, {"b", "y"}}, {{"o", "x"}}) + Step("m", {{"a", "x"}}, {{"o", "y"}}) +
                         Step("m", {{"a", "x"}}, {{"o", "o"}})),
       disconnected("y")},
      {Ensemble(kIo, kOneStep + Step("m", {{"a", "a"}}, {{"o", "x"}})),
       "ensemble tensor 'x' is unused in ensemble 'e'"},
      {Ensemble("", kOneStep), "ensemble tensor 'a' is unused in ensemble 'e'"},
  };
  for (const Case& c : cases) {
    const Status status = ValidateAtPoll(ModelFromText(c.config, "e"), "e", /*auto_complete_enabled=*/true);
    EXPECT_EQ(status.message(), c.error) << c.config;
  }
}

TEST(EnsembleTest, KnowsItsModels) {
  const inference::ModelConfig ensemble =
      ModelFromText(Ensemble(kIo, Step("z", {{"a", "a"}}, {{"o", "t"}}) + Step("b", {{"a", "t"}}, {{"o", "u"}}) +
                                      Step("z", {{"a", "u"}}, {{"o", "o"}})),
                    "e");
  EXPECT_THAT(ComposingModels(ensemble), ::testing::ElementsAre("z", "b"));
  EXPECT_TRUE(IsEnsemble(ensemble));
  EXPECT_FALSE(IsEnsemble(ModelFromText("backend: 'b'")));
}

// A repository of models, found by name.
class EnsembleGraphTest : public ::testing::Test {
 protected:
  EnsembleGraphTest() {
    const std::string b = "backend: 'b' ";
    const std::string decoupled = "model_transaction_policy { decoupled: true } ";
    Add("m", b + kIo);
    Add("batched", b + "max_batch_size: 4 " + kIo);
    Add("int", b + Input("a", "4", "TYPE_INT32") + Output("o"));
    Add("any", b + Input("a", "-1") + Output("o", "-1"));
    Add("five", b + Input("a", "5") + Output("o", "5"));
    Add("two", b + Input("a") + Input("b") + Output("o") + Output("p"));
    Add("optional", b + Input("a") + "input { name: 'b' data_type: TYPE_FP32 dims: 4 optional: true } " + Output("o"));
    Add("d1", b + kIo + decoupled);
    Add("d2", b + kIo + decoupled);
    Add("inner", Ensemble(kIo, kOneStep));
    Add("inner_d", Ensemble(kIo, Step("d1", {{"a", "a"}}, {{"o", "o"}})));
    Add("self", Ensemble(kIo, Step("self", {{"a", "a"}}, {{"o", "o"}})));
    Add("ring1", Ensemble(kIo, Step("ring2", {{"a", "a"}}, {{"o", "o"}})));
    Add("ring2", Ensemble(kIo, Step("ring1", {{"a", "a"}}, {{"o", "o"}})));
  }

  void Add(const std::string& name, const std::string& text) { models_[name] = ModelFromText(text, name); }

  ModelConfigLookup Find() const {
    return [this](const std::string& name) {
      const auto it = models_.find(name);
      return it == models_.end() ? nullptr : &it->second;
    };
  }

  std::string Error(const std::string& body, const std::string& steps) const {
    const inference::ModelConfig ensemble = ModelFromText(Ensemble(body, steps), "e");
    EXPECT_TRUE(ValidateEnsembleLocally(ensemble).ok()) << ValidateEnsembleLocally(ensemble).message();
    return ValidateEnsemble(ensemble, Find()).message();
  }
  std::string Error(const std::string& name) const { return ValidateEnsemble(models_.at(name), Find()).message(); }

  std::map<std::string, inference::ModelConfig> models_;
};

TEST_F(EnsembleGraphTest, AcceptsModelsThatFit) {
  EXPECT_EQ(Error(kIo, kOneStep), "");
  EXPECT_EQ(Error(kIo, Step("inner", {{"a", "a"}}, {{"o", "t"}}) + Step("m", {{"a", "t"}}, {{"o", "o"}})), "");
  EXPECT_EQ(Error(kIo, Step("two", {{"a", "a"}, {"b", "a"}}, {{"o", "o"}})), "") << "outputs may be left unmapped";
  EXPECT_EQ(Error(kIo, Step("optional", {{"a", "a"}}, {{"o", "o"}})), "");
}

TEST_F(EnsembleGraphTest, ChecksThatModelsExist) {
  EXPECT_EQ(Error(kIo, Step("nosuch", {{"a", "a"}}, {{"o", "o"}})),
            "ensemble e contains models that are not available or ambiguous: nosuch");
}

TEST_F(EnsembleGraphTest, RefusesCircles) {
  EXPECT_EQ(Error("self"), "circular dependency between ensembles: self -> ... -> self -> self");
  EXPECT_EQ(Error("ring1"), "circular dependency between ensembles: ring1 -> ... -> ring2 -> ring1");
  EXPECT_EQ(Error(kIo, Step("ring2", {{"a", "a"}}, {{"o", "o"}})),
            "circular dependency between ensembles: ring2 -> ... -> ring1 -> ring2");
}

TEST_F(EnsembleGraphTest, EndsOnVeryLongChains) {
  Add("chain0", "backend: 'b' " + kIo);
  for (int i = 1; i < 1000; ++i) {
    Add(fmt::format("chain{}", i), Ensemble(kIo, Step(fmt::format("chain{}", i - 1), {{"a", "a"}}, {{"o", "o"}})));
  }
  EXPECT_EQ(Error("chain100"), "");
  EXPECT_NE(Error("chain999"), "");
}

TEST_F(EnsembleGraphTest, ChecksDataTypes) {
  EXPECT_EQ(Error(Input("a", "4", "TYPE_INT64") + Output("o"), kOneStep),
            "in ensemble e, ensemble tensor a: inconsistent data type: TYPE_INT64 is inferred from model e while "
            "TYPE_FP32 is inferred from model m");
  EXPECT_EQ(Error(Input("a") + Output("o", "4", "TYPE_INT64"), kOneStep),
            "in ensemble e, ensemble tensor o: inconsistent data type: TYPE_INT64 is inferred from model e while "
            "TYPE_FP32 is inferred from model m");
  EXPECT_EQ(Error(kIo, Step("m", {{"a", "a"}}, {{"o", "t"}}) + Step("int", {{"a", "t"}}, {{"o", "o"}})),
            "in ensemble e, ensemble tensor t: inconsistent data type: TYPE_FP32 is inferred from model m while "
            "TYPE_INT32 is inferred from model int");
}

TEST_F(EnsembleGraphTest, ChecksShapes) {
  EXPECT_EQ(
      Error(Input("a", "5") + Output("o"), kOneStep),
      "in ensemble e, ensemble tensor a: inconsistent shape: [5] is inferred from model e while [4] is inferred from "
      "model m");
  EXPECT_EQ(
      Error(Input("a") + Output("o", "2, 2"), kOneStep),
      "in ensemble e, ensemble tensor o: inconsistent shape: [2,2] is inferred from model e while [4] is inferred from "
      "model m");
  EXPECT_EQ(Error(Input("a", "-1") + Output("o"), kOneStep), "");
  EXPECT_EQ(Error(Input("a") + Output("o", "5"),
                  Step("any", {{"a", "a"}}, {{"o", "t"}}) + Step("five", {{"a", "t"}}, {{"o", "o"}})),
            "");
  // A batch dimension may be written down on one side and implied on the other.
  const std::string batched = Step("batched", {{"a", "a"}}, {{"o", "o"}});
  EXPECT_EQ(Error(Input("a", "-1, 4") + Output("o", "-1, 4"), batched), "");
  EXPECT_EQ(Error(Input("a", "2, 4") + Output("o", "2, 4"), batched), "");
  EXPECT_EQ(Error(kIo, batched), "");
}

TEST_F(EnsembleGraphTest, ChecksBatchSizes) {
  const std::string batched = Step("batched", {{"a", "a"}}, {{"o", "o"}});
  EXPECT_EQ(Error(kIo + "max_batch_size: 4 ", batched), "");
  EXPECT_EQ(Error(kIo + "max_batch_size: 1 ", kOneStep), "");
  EXPECT_EQ(Error(kIo + "max_batch_size: 8 ", batched),
            "ensemble e allows maximum batch size 8, but it contains model batched which only allows maximum batch "
            "size to be 4");
}

TEST_F(EnsembleGraphTest, ChecksThatMapsNameTheModelsTensors) {
  EXPECT_EQ(Error(kIo, Step("m", {{"zz", "a"}}, {{"o", "o"}})),
            "in ensemble e, ensemble tensor a is mapping to non-existing input zz in model m");
  EXPECT_EQ(Error(kIo, Step("m", {{"a", "a"}}, {{"zz", "o"}})),
            "in ensemble e, ensemble tensor o is mapped from non-existing output zz in model m");
  EXPECT_EQ(Error(kIo, Step("two", {{"a", "a"}}, {{"o", "o"}})),
            "in ensemble e, input b in model two is not mapped to any ensemble tensors");
}

TEST_F(EnsembleGraphTest, RefusesToJoinStreamsOfDecoupledModels) {
  const std::string error =
      "in ensemble e, step of model 'e' receives inputs originated from different decoupled models";
  const std::string x = Step("d1", {{"a", "a"}}, {{"o", "x"}});
  const std::string y = Step("d2", {{"a", "a"}}, {{"o", "y"}});
  const auto join = [](const std::string& a, const std::string& b) {
    return Step("two", {{"a", a}, {"b", b}}, {{"o", "o"}});
  };
  EXPECT_EQ(Error(kIo, x + y + join("x", "y")), error);
  EXPECT_EQ(Error(kIo, x + join("x", "a")), error);
  EXPECT_EQ(Error(kIo, x + Step("d2", {{"a", "x"}}, {{"o", "y"}}) + join("x", "y")), error);
  EXPECT_EQ(Error(kIo, x + Step("d1", {{"a", "a"}}, {{"o", "y"}}) + join("x", "y")), error);
  EXPECT_EQ(Error(kIo, Step("inner_d", {{"a", "a"}}, {{"o", "x"}}) + join("x", "a")), error);
  const std::string two_outputs = Input("a") + Output("o") + Output("p");
  EXPECT_EQ(Error(two_outputs, Step("d1", {{"a", "a"}}, {{"o", "o"}}) + Step("m", {{"a", "a"}}, {{"o", "p"}})), error);
  // A chain of decoupled models is one stream, and so is what is derived from it.
  EXPECT_EQ(Error(kIo, x + Step("d2", {{"a", "x"}}, {{"o", "o"}})), "");
  EXPECT_EQ(Error(kIo, x + Step("m", {{"a", "x"}}, {{"o", "y"}}) + join("x", "y")), "");
}

TEST_F(EnsembleGraphTest, KnowsWhetherItIsDecoupled) {
  EXPECT_TRUE(EnsembleIsDecoupled(models_.at("inner_d"), Find()));
  EXPECT_FALSE(EnsembleIsDecoupled(models_.at("inner"), Find()));
  EXPECT_FALSE(EnsembleIsDecoupled(models_.at("ring1"), Find()));
  Add("outer", Ensemble(kIo, Step("inner_d", {{"a", "a"}}, {{"o", "o"}})));
  EXPECT_TRUE(EnsembleIsDecoupled(models_.at("outer"), Find()));
}

TEST(CheckComposingModelsLoadedTest, SaysWhichModelIsMissing) {
  const auto check = [](int version, const ComposingState& state) {
    const inference::ModelConfig ensemble =
        ModelFromText(Ensemble(kIo, Step("m", {{"a", "a"}}, {{"o", "o"}}, version)), "e");
    return CheckComposingModelsLoaded(ensemble, [&](const std::string&) { return state; }).message();
  };
  EXPECT_EQ(check(-1, {{3}, ""}), "");
  EXPECT_EQ(check(3, {{3}, ""}), "");
  EXPECT_EQ(check(5, {{3}, ""}), "ensemble 'e' depends on 'm' whose required version 5 is not loaded.");
  EXPECT_EQ(check(-1, {{}, ""}), "ensemble 'e' depends on 'm' which has no loaded version.");
  EXPECT_EQ(
      check(-1, {{}, "version 1 is at UNAVAILABLE state: Invalid argument: x;"}),
      "ensemble 'e' depends on 'm' which has no loaded version. Model 'm' loading failed with error: version 1 is at "
      "UNAVAILABLE state: Invalid argument: x;");
}

TEST(ValidateEnsembleLocallyTest, BoundsStepsAndConnections) {
  std::string steps;
  for (int i = 0; i < 1001; ++i) steps += kOneStep;
  EXPECT_EQ(ValidateEnsembleLocally(ModelFromText(Ensemble(kIo, steps), "e")).message(),
            "expected at most 1000 steps, got 1001 for ensemble 'e'");
  Map inputs, outputs;
  for (int i = 0; i < 400; ++i) {
    inputs.emplace_back(std::to_string(i), "a");
    outputs.emplace_back(std::to_string(i), "o" + std::to_string(i));
  }
  EXPECT_EQ(ValidateEnsembleLocally(ModelFromText(Ensemble(kIo, Step("m", inputs, outputs)), "e")).message(),
            "expected at most 100000 connections (inputs times outputs of each step), got 160000 for ensemble 'e'");
}

}  // namespace
}  // namespace neso
