#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_server.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A model with two inputs and outputs and these `parameters`, written as JSON members.
std::string Config(const std::string& parameters = "", bool decoupled = false) {
  return R"({"name": "m", "max_batch_size": 8,
      "input": [{"name": "INPUT1", "data_type": "TYPE_FP32", "dims": [-1]},
                {"name": "INPUT0", "data_type": "TYPE_STRING", "dims": [-1], "optional": true}],
      "output": [{"name": "OUTPUT0", "data_type": "TYPE_STRING", "dims": [-1]},
                 {"name": "OUTPUT1", "data_type": "TYPE_FP32", "dims": [-1]}],
      "model_transaction_policy": {"decoupled": )" +
         std::string(decoupled ? "true" : "false") + R"(}, "parameters": {)" + parameters + "}}";
}

std::string Parameter(const std::string& name, const std::string& value) {
  return "\"" + name + R"(": {"string_value": ")" + value + "\"}";
}

FakeRequest Numbers() { return MakeRequest({MakeInput<float>("INPUT1", {1, 2}, {1, 2})}); }

TEST(IdentityTest, OutputIsTheInputOfTheSameNumber) {
  FakeServer server(Config());
  ASSERT_EQ(server.Load(), "");
  FakeRequest request =
      MakeRequest({MakeInput<float>("INPUT1", {1, 2}, {1, 2}), MakeStringInput("INPUT0", {1, 1}, {"neso"})});
  ASSERT_EQ(server.Execute({&request}), "");
  ASSERT_EQ(request.responses.size(), 1u);
  EXPECT_THAT(request.responses[0].Values<float>("OUTPUT1"), ElementsAre(1, 2));
  EXPECT_THAT(request.responses[0].outputs["OUTPUT1"].shape, ElementsAre(1, 2));
  EXPECT_THAT(request.responses[0].Values<char>("OUTPUT0"), ElementsAre(4, 0, 0, 0, 'n', 'e', 's', 'o'));
  EXPECT_EQ(request.responses[0].outputs["OUTPUT0"].datatype, TRITONSERVER_TYPE_BYTES);
  EXPECT_TRUE(request.succeeded);
  EXPECT_THAT(FakeServer::violations(), IsEmpty());
}

TEST(IdentityTest, EachRequestOfABatchGetsItsOwn) {
  FakeServer server(Config());
  ASSERT_EQ(server.Load(), "");
  FakeRequest first = Numbers();
  FakeRequest second = MakeRequest({MakeInput<float>("INPUT1", {2, 1}, {3, 4})});
  ASSERT_EQ(server.Execute({&first, &second}), "");
  EXPECT_THAT(first.responses[0].Values<float>("OUTPUT1"), ElementsAre(1, 2));
  EXPECT_THAT(second.responses[0].Values<float>("OUTPUT1"), ElementsAre(3, 4));
  EXPECT_THAT(server.batches(), ElementsAre(3u));
  EXPECT_THAT(FakeServer::violations(), IsEmpty());
}

TEST(IdentityTest, OtherNamesAreMatchedByPosition) {
  FakeServer server(R"({"input": [{"name": "A", "data_type": "TYPE_FP32", "dims": [1]}],
                        "output": [{"name": "B", "data_type": "TYPE_FP32", "dims": [1]}]})");
  ASSERT_EQ(server.Load(), "");
  FakeRequest request = MakeRequest({MakeInput<float>("A", {1}, {7})});
  ASSERT_EQ(server.Execute({&request}), "");
  EXPECT_THAT(request.responses[0].Values<float>("B"), ElementsAre(7));
}

TEST(IdentityTest, OnlyRequestedOutputsAreSent) {
  FakeServer server(Config());
  ASSERT_EQ(server.Load(), "");
  FakeRequest request =
      MakeRequest({MakeInput<float>("INPUT1", {1, 2}, {1, 2}), MakeStringInput("INPUT0", {1, 1}, {"neso"})});
  request.requested_outputs = {"OUTPUT0"};
  ASSERT_EQ(server.Execute({&request}), "");
  EXPECT_EQ(request.responses[0].outputs.size(), 1u);
}

TEST(IdentityTest, MoreOutputsThanInputsAreRefused) {
  FakeServer server(R"({"output": [{"name": "B", "data_type": "TYPE_FP32", "dims": [1]}]})");
  EXPECT_THAT(server.Load(), HasSubstr("expected an input for each output, got 0 inputs and 1 outputs"));
}

TEST(IdentityTest, DecoupledModelRepeatsItsAnswer) {
  FakeServer server(Config(Parameter("repeat", "3"), /*decoupled=*/true));
  ASSERT_EQ(server.Load(), "");
  FakeRequest request = Numbers();
  ASSERT_EQ(server.Execute({&request}), "");
  ASSERT_EQ(request.responses.size(), 3u);
  EXPECT_THAT(request.responses[2].Values<float>("OUTPUT1"), ElementsAre(1, 2));
  FakeRequest silent = Numbers();
  silent.parameters.emplace_back("repeat", int64_t{0});
  ASSERT_EQ(server.Execute({&silent}), "");
  EXPECT_EQ(silent.responses.size(), 0u);
  EXPECT_TRUE(silent.ended);
  EXPECT_THAT(FakeServer::violations(), IsEmpty());
}

TEST(IdentityTest, ResponsesCarryOneParameterOfEachType) {
  FakeServer server(Config());
  ASSERT_EQ(server.Load(), "");
  FakeRequest request = Numbers();
  ASSERT_EQ(server.Execute({&request}), "");
  const std::map<std::string, FakeParameter> expected = {{"param0", std::string("an example string parameter")},
                                                         {"param1", int64_t{42}},
                                                         {"param2", false},
                                                         {"param3", 123.123}};
  EXPECT_EQ(request.responses[0].parameters, expected);
}

TEST(IdentityTest, ParametersComeBackWhenAsked) {
  FakeServer server(Config(Parameter("echo_parameters", "true") + "," + Parameter("response_parameters", "false")));
  ASSERT_EQ(server.Load(), "");
  FakeRequest request = Numbers();
  request.parameters = {{"s", std::string("text")}, {"i", int64_t{3}}, {"b", true}, {"d", 0.5}};
  ASSERT_EQ(server.Execute({&request}), "");
  const std::map<std::string, FakeParameter> expected = {
      {"s", std::string("text")}, {"i", int64_t{3}}, {"b", true}, {"d", 0.5}};
  EXPECT_EQ(request.responses[0].parameters, expected);
}

TEST(IdentityTest, FailsWhereItIsTold) {
  FakeServer loading(Config(Parameter("initialize_error", "no model")));
  EXPECT_EQ(loading.Load(), "no model");
  FakeServer executing(Config(Parameter("execute_error", "no luck")));
  ASSERT_EQ(executing.Load(), "");
  FakeRequest request = Numbers();
  ASSERT_EQ(executing.Execute({&request}), "");
  EXPECT_EQ(request.responses[0].error, "no luck");
  EXPECT_FALSE(request.succeeded);
}

TEST(IdentityTest, BadParameterIsNamed) {
  FakeServer server(Config(Parameter("execute_delay_ms", "soon")));
  EXPECT_EQ(server.Load(), "parameter 'execute_delay_ms': failed to convert 'soon' to integer");
}

TEST(IdentityTest, CustomActivitiesGoToTheTrace) {
  FakeServer server(Config(Parameter("enable_custom_tracing", "true")));
  ASSERT_EQ(server.Load(), "");
  FakeRequest request = Numbers();
  TRITONSERVER_InferenceTrace trace{&request};
  request.trace = &trace;
  ASSERT_EQ(server.Execute({&request}), "");
  EXPECT_THAT(request.activities, ElementsAre("CUSTOM_ACTIVITY_START", "CUSTOM_ACTIVITY_END"));
}

}  // namespace
