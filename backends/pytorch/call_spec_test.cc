#include "call_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::pytorch {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kLeaf = R"({"type":null,"context":null,"children_spec":[]})";

std::string Tuple(const std::string& children) {
  return R"({"type":"builtins.tuple","context":"null","children_spec":[)" + children + "]}";
}
std::string Dictionary(const std::string& keys, const std::string& children) {
  return R"({"type":"builtins.dict","context":")" + keys + R"(","children_spec":[)" + children + "]}";
}
std::string Spec(const std::string& tree) { return "[1," + tree + "]"; }
std::string Call(const std::string& positional, const std::string& keywords) {
  return Spec(Tuple(positional + "," + keywords));
}
const std::string kLeafText = kLeaf;
const std::string kNoKeywords = Dictionary("[]", "");

TEST(CallSpecTest, NamesTensorsByTheirPlaceInTheCallAndByNumber) {
  const Result<CallNames> names =
      ReadCallSpec(Call(Tuple(kLeafText + "," + Dictionary(R"([\"a\"])", kLeaf)), Dictionary(R"([\"scale\"])", kLeaf)),
                   Spec(Tuple(kLeafText + "," + Dictionary(R"([\"t\"])", Tuple(kLeaf)))));
  ASSERT_TRUE(names.ok()) << names.status().message();
  EXPECT_THAT(names->inputs, ElementsAre(ElementsAre("ARGS[0]", "INPUT__0"), ElementsAre("ARGS[1][a]", "INPUT__1"),
                                         ElementsAre("KWARGS[scale]", "KWARGSscale", "INPUT__2")));
  EXPECT_THAT(names->outputs,
              ElementsAre(ElementsAre("RESULT[0]", "OUTPUT__0"), ElementsAre("RESULT[1][t][0]", "OUTPUT__1")));
}

TEST(CallSpecTest, CallsTheOnlyResultByNoPlace) {
  const Result<CallNames> names = ReadCallSpec(Call(Tuple(kLeaf), kNoKeywords), Spec(kLeaf));
  ASSERT_TRUE(names.ok()) << names.status().message();
  EXPECT_THAT(names->outputs, ElementsAre(ElementsAre("RESULT", "OUTPUT__0")));
}

TEST(CallSpecTest, SaysWhatCannotBeRead) {
  const std::string good = Call(Tuple(kLeaf), kNoKeywords);
  std::string deep = kLeaf;
  for (int i = 0; i < 1000; ++i) deep = Tuple(deep);
  struct {
    std::string inputs, outputs, text;
  } const kRows[] = {
      {"", Spec(kLeaf), "it is no JSON"},
      {"[1]", Spec(kLeaf), "expected [version, tree]"},
      {"[2," + Tuple("") + "]", Spec(kLeaf), "its version is not 1"},
      {Spec(kLeaf), Spec(kLeaf), "expected positional and keyword arguments"},
      {good, "[1,{}]", "a node has no type or no children"},
      {good, Spec(Dictionary(R"([\"a\"])", "")), "other keys than children"},
      {good, Spec(Dictionary("no", kLeaf)), "it is no JSON"},
      {good, Spec(Dictionary("[null]", kLeaf)), "neither text nor a number"},
      {good, Spec(deep), "nested too deeply"},
  };
  for (const auto& row : kRows) {
    EXPECT_THAT(std::string(ReadCallSpec(row.inputs, row.outputs).status().message()), HasSubstr(row.text));
  }
}

backend::ModelConfig Config(const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                            DataType datatype = TRITONSERVER_TYPE_FP32) {
  backend::ModelConfig config;
  config.name = "m";
  for (const std::string& name : inputs)
    config.inputs.push_back({.name = name, .datatype = datatype, .dims = {1}, .reshape = std::nullopt});
  for (const std::string& name : outputs)
    config.outputs.push_back({.name = name, .datatype = datatype, .dims = {1}, .reshape = std::nullopt});
  return config;
}

TEST(CallSpecTest, BindsEitherName) {
  const CallNames names{.inputs = {{"ARGS[0]", "INPUT__0"}, {"KWARGS[k]", "KWARGSk", "INPUT__1"}},
                        .outputs = {{"RESULT", "OUTPUT__0"}}};
  for (const char* keyword : {"KWARGS[k]", "KWARGSk", "INPUT__1"}) {
    const backend::ModelConfig config = Config({keyword, "ARGS[0]"}, {"RESULT"});
    const Result<Binding> binding = BindPackage(names, config, "m_0");
    ASSERT_TRUE(binding.ok()) << binding.status().message();
    EXPECT_EQ(binding->inputs[0].name, "ARGS[0]");
    EXPECT_EQ(binding->inputs[1].name, keyword);
  }
}

TEST(CallSpecTest, RefusesWhatIsNotThere) {
  const CallNames names{.inputs = {{"ARGS[0]", "INPUT__0"}}, .outputs = {{"RESULT", "OUTPUT__0"}}};
  const auto error = [&](const backend::ModelConfig& config) {
    return std::string(BindPackage(names, config, "m_0").status().message());
  };
  EXPECT_EQ(error(Config({"x"}, {"RESULT"})),
            "Input \"x\" for model instance \"m_0\" is not found in model input map.");
  EXPECT_EQ(error(Config({"ARGS[0]"}, {"y"})),
            "Output \"y\" for model instance \"m_0\" is not found in model output map.");
  EXPECT_EQ(error(Config({"ARGS[0]", "INPUT__0"}, {"RESULT"})),
            "unable to load model 'm', configuration expects 2 inputs, model provides 1");
  EXPECT_EQ(error(Config({"ARGS[0]"}, {"RESULT"}, TRITONSERVER_TYPE_BYTES)),
            "unsupported datatype TYPE_STRING for input 'ARGS[0]' for model 'm'");
}

}  // namespace
}  // namespace neso::pytorch
