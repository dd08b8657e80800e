// Whole models are served in tests/pytorch.
#include "naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::pytorch {
namespace {

using Kind = ForwardArgument::Kind;

std::vector<ForwardArgument> Arguments(const std::vector<std::string>& names) {
  std::vector<ForwardArgument> arguments;
  for (const std::string& name : names) arguments.push_back({.name = name, .kind = Kind::kTensor, .type = "Tensor"});
  return arguments;
}

backend::ModelConfig Config(const std::vector<std::string>& inputs) {
  backend::ModelConfig config;
  config.name = "m";
  for (const std::string& name : inputs) {
    config.inputs.push_back({.name = name, .datatype = TRITONSERVER_TYPE_FP32, .dims = {1}, .reshape = std::nullopt});
  }
  config.outputs.push_back({.name = "y", .datatype = TRITONSERVER_TYPE_FP32, .dims = {1}, .reshape = std::nullopt});
  return config;
}

// The inputs by position, or the error.
std::string Bound(const std::vector<std::string>& arguments, const std::vector<std::string>& inputs) {
  const backend::ModelConfig config = Config(inputs);
  const Result<Binding> binding = BindTorchScript(Arguments(arguments), config);
  if (!binding) return std::string(binding.status().message());
  std::string names;
  for (const InputBinding& input : binding->inputs) names += input.name + " ";
  return names;
}

TEST(NamingTest, TriesArgumentsThenIndexesThenTheOrderForAllInputsTogether) {
  EXPECT_EQ(Bound({"a", "b"}, {"b", "a"}), "a b ");
  EXPECT_EQ(Bound({"a", "b"}, {"b", "x"}), "b x ");
  EXPECT_EQ(Bound({"a", "b"}, {"x__1", "y__0"}), "y__0 x__1 ");
  EXPECT_EQ(Bound({"a", "b"}, {"x__1", "y"}), "x__1 y ");
  EXPECT_EQ(Bound({"a", "b"}, {"x__1", "y__"}), "x__1 y__ ");
  EXPECT_EQ(Bound({"a", "b"}, {"x__1__0", "y__0"}), "x__1__0 y__0 ") << "only digits after the first mark";
  EXPECT_EQ(Bound({"x__1", "x__0"}, {"x__0", "x__1"}), "x__1 x__0 ") << "arguments go before indexes";
}

TEST(NamingTest, RefusesIndexesThatAreNotEachOnce) {
  EXPECT_EQ(
      Bound({"a", "b"}, {"x__0", "y__2"}),
      "unable to load model 'm': no input is argument 1 of the model, which has arguments 0 to 1; is 'y__2' meant?");
  EXPECT_EQ(Bound({"a", "b"}, {"x__0", "y__0"}),
            "unable to load model 'm': inputs 'x__0' and 'y__0' are both argument 0 of the model");
  EXPECT_EQ(Bound({"a"}, {"x__99999999999999999999"}),
            "unable to load model 'm': no input is argument 0 of the model, which has arguments 0 to 0; is "
            "'x__99999999999999999999' meant?");
}

TEST(NamingTest, AModelWithoutArgumentsHasNoInputs) {
  EXPECT_EQ(Bound({}, {"x"}), "unable to load model 'm', configuration expects 1 inputs, model provides 0");
}

}  // namespace
}  // namespace neso::pytorch
