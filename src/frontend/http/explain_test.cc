#include "frontend/http/explain.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "frontend/http/example_request.h"
#include "frontend/http/json_access.h"
#include "frontend/http/request_problems.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ModelHandle MakeModel(const std::string& config_text, int64_t version = 1) {
  inference::ModelConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(config_text, &config));
  return std::make_shared<Model>(std::move(config), version, std::map<std::string, std::vector<std::string>>());
}

const char* const kDigits = R"(
  name: "digits" max_batch_size: 8
  input { name: "pixels" data_type: TYPE_FP32 dims: 4 }
  input { name: "mask" data_type: TYPE_BOOL dims: -1 optional: true }
  output { name: "scores" data_type: TYPE_FP32 dims: 10 })";

ModelHandle Digits(int64_t version = 1) { return MakeModel(kDigits, version); }

std::vector<std::string> Problems(const char* json) { return ProblemsOfInference(*Digits(), json); }

// --- What does not fit ---

TEST(RequestProblemsTest, ARightRequestHasNone) {
  EXPECT_THAT(Problems(R"({"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,4],"data":[[1,2],[3,4]]}]})"),
              IsEmpty());
  EXPECT_THAT(Problems(R"({"inputs":[{"name":"pixels","datatype":"FP32","shape":[2,4],
                           "parameters":{"binary_data_size":32}}],"outputs":[{"name":"scores"}]})"),
              IsEmpty());
}

TEST(RequestProblemsTest, NamesAreComparedWithThoseThatThereAre) {
  EXPECT_THAT(
      Problems(R"({"inputs":[{"name":"pixel","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}],
                           "outputs":[{"name":"score"},{"name":"something"}]})"),
      ElementsAre("input 'pixel': the model has no such input; did you mean 'pixels'?", "input 'pixels' is missing",
                  "output 'score': the model has no such output; did you mean 'scores'?",
                  "output 'something': the model has no such output; there are 'scores'"));
}

TEST(RequestProblemsTest, AllThatIsWrongWithATensorIsTold) {
  EXPECT_THAT(
      Problems(R"({"inputs":[{"name":"pixels","datatype":"INT64","shape":[4],"data":[1,2,3]}]})"),
      ElementsAre("input 'pixels': expected datatype FP32, got INT64",
                  "input 'pixels': expected a shape that fits [-1,4], got [4]; the first dimension is the batch's",
                  "input 'pixels': shape [4] needs 4 values, \"data\" has 3"));
  EXPECT_THAT(Problems(R"({"inputs":[{"name":"pixels","datatype":"FP32","shape":[9,4],"parameters":{}}]})"),
              ElementsAre("input 'pixels': a batch has at most 8 elements, got 9",
                          "input 'pixels': it has no \"data\", and \"parameters\" name neither binary data nor shared "
                          "memory"));
  EXPECT_THAT(Problems(R"({"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,4],
                           "parameters":{"binary_data_size":15}}]})"),
              ElementsAre(HasSubstr("needs 4 values of 4 bytes, \"binary_data_size\" is 15")));
  EXPECT_THAT(Problems(R"({"inputs":[{"name":"pixels"},{"name":"pixels"},{}]})"),
              ElementsAre("input 'pixels': expected \"datatype\":\"FP32\"",
                          HasSubstr("expected \"shape\" with an array of numbers that fit [-1,4]"),
                          "input 'pixels' is given twice", "an input has no \"name\"; there are 'pixels', 'mask'"));
}

TEST(RequestProblemsTest, BrokenJsonIsShownWhereItBreaks) {
  EXPECT_THAT(Problems("{\"inputs\":[\n  {\"name\": pixels}]}"),
              ElementsAre("the JSON is broken in line 2, column 12, after `  {\"name\": `: Invalid value."));
  EXPECT_THAT(Problems(""), SizeIs(1));
  EXPECT_THAT(Problems("[]"), ElementsAre("expected a JSON object"));
  EXPECT_THAT(Problems("{}"), ElementsAre("expected \"inputs\" with an array of 'pixels', 'mask'"));
}

TEST(RequestProblemsTest, WhatNobodyWroteByHandCostsNothing) {
  std::string many = "{\"inputs\":[";
  for (int i = 0; i < 5000; ++i) many += "{\"name\":\"x\"},";
  EXPECT_THAT(Problems((many + "{}]}").c_str()), SizeIs(kMostProblems));
  EXPECT_THAT(Problems(std::string(1 << 20, '[').c_str()), IsEmpty());
}

TEST(RequestProblemsTest, OfGenerateInputsAreMembers) {
  EXPECT_THAT(ProblemsOfGenerate(*Digits(), R"({"pixel":1})"), ElementsAre("input 'pixels' is missing"));
  EXPECT_THAT(ProblemsOfGenerate(*Digits(), R"({"parameters":{"pixels":1}})"), IsEmpty());
}

// --- Requests to copy ---

TEST(ExampleRequestTest, SmallTensorsAreTyped) {
  EXPECT_EQ(
      ExampleRequest(*Digits(), "http://h/infer", ExampleKind::kInfer),
      R"(curl http://h/infer -d '{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,4],"data":[0.0,0.0,0.0,0.0]}]}')");
  EXPECT_EQ(ExampleRequest(*Digits(), "http://h/generate", ExampleKind::kGenerate),
            R"(curl -N http://h/generate -d '{"pixels":[0.0,0.0,0.0,0.0]}')");
}

TEST(ExampleRequestTest, WhatCannotBeSentIsNotShown) {
  const auto wide = [](const char* datatype, const char* dims) {
    return MakeModel(fmt::format("name: 'm' input {{ name: 'x' data_type: TYPE_{} {} }}", datatype, dims));
  };
  const auto beyond = wide("FP32", "dims: 4611686018427387904 dims: 8");
  EXPECT_EQ(ExampleRequest(*beyond, "u", ExampleKind::kInfer), "");
  EXPECT_EQ(ExampleRequest(*wide("FP32", "dims: 1152921504606846976"), "u", ExampleKind::kInfer), "");
  EXPECT_EQ(ExampleRequest(*wide("FP32", "dims: 1000"), "u", ExampleKind::kGenerate), "");
  EXPECT_EQ(ExampleRequest(*wide("FP16", "dims: 2"), "u", ExampleKind::kGenerate), "");
}

TEST(ExampleRequestTest, LargeTensorsAreBytes) {
  const auto model = MakeModel(R"(name: "m" input { name: "it's" data_type: TYPE_FP16 dims: [3, 224, 224] })");
  EXPECT_EQ(ExampleRequest(*model, "http://h/infer", ExampleKind::kInfer),
            R"((printf %s '{"inputs":[{"name":"it'\''s","datatype":"FP16","shape":[3,224,224],)"
            R"("parameters":{"binary_data_size":301056}}]}'; head -c 301056 /dev/zero) | )"
            R"(curl http://h/infer -H 'Inference-Header-Content-Length: 107' --data-binary @-)");
}

// --- The whole object ---

struct Asked {
  std::string path;
  std::string json{};
  int status = 400;
  std::string method = "POST";
  std::string error{};
};

struct Explained {
  std::string text;
  std::unique_ptr<JsonDocument> document = std::make_unique<JsonDocument>();
  const JsonValue& operator[](const char* member) const { return document->root()[member]; }
  bool HasMember(const char* member) const { return document->root().HasMember(member); }
};

Explained ExplainFor(const Asked& asked, const ServedModels& models) {
  Route route;
  ParseRoute(asked.path, route);
  Explained explained;
  explained.text = Explain({.status = asked.status,
                            .error = asked.error,
                            .method = asked.method,
                            .path = asked.path,
                            .route = &route,
                            .json = asked.json,
                            .base_url = "http://h"},
                           models);
  EXPECT_TRUE(explained.document->Parse(explained.text).ok()) << explained.text;
  return explained;
}

std::string FirstProblem(const Explained& explained) {
  const auto& problems = explained["problems"];
  return problems.Empty() ? "" : std::string(JsonText(problems[0]));
}

const ServedModels& Served() {
  static const ServedModels models{
      .ready = {Digits(1), Digits(3), MakeModel(R"(name: "chat" model_transaction_policy { decoupled: true }
                                                   input { name: "text" data_type: TYPE_STRING dims: 1 })")},
      .states = {{.name = "broken", .version = 2, .state = ModelState::kUnavailable, .reason = "Internal: no luck"}}};
  return models;
}

TEST(ExplainTest, AnUnknownModelGetsTheNearest) {
  const Explained explained = ExplainFor({"/v2/models/digit/infer", "{}", 404}, Served());
  EXPECT_EQ(FirstProblem(explained), "no model 'digit' is served; did you mean 'digits'?");
  EXPECT_EQ(DumpJson(explained["models"]), R"(["digits"])");
  EXPECT_EQ(JsonText(explained["model"]), "digits");
  EXPECT_EQ(DumpJson(explained["inputs"]), R"([{"name":"pixels","datatype":"FP32","shape":[-1,4]},)"
                                           R"({"name":"mask","datatype":"BOOL","shape":[-1,-1],"optional":true}])");
  EXPECT_THAT(JsonText(explained["request"]), HasSubstr("curl http://h/v2/models/digits/infer -d "));
  EXPECT_EQ(DumpJson(ExplainFor({"/v2/models/zebra", "", 404, "GET"}, Served())["models"]), R"(["chat","digits"])");
}

TEST(ExplainTest, VersionsAndStatesAreTold) {
  EXPECT_EQ(FirstProblem(ExplainFor({"/v2/models/digits/versions/2/infer", "{}", 404}, Served())),
            "model 'digits' is served in version 1, 3, not in version 2");
  EXPECT_EQ(FirstProblem(ExplainFor({"/v2/models/broken/infer", "{}", 404}, Served())),
            "model 'broken' version 2 is UNAVAILABLE: Internal: no luck");
}

TEST(ExplainTest, WhatMayNotBeToldIsNot) {
  const Explained explained = ExplainFor({"/v2/models/digit/infer", "{}", 404}, {});
  EXPECT_EQ(FirstProblem(explained), "no model 'digit' is served");
  for (const char* member : {"models", "model", "inputs", "request"})
    EXPECT_FALSE(explained.HasMember(member)) << member;
}

TEST(ExplainTest, ARequestThatDoesNotFitIsGoneThrough) {
  const Explained explained = ExplainFor({"/v2/models/digits/infer", R"({"inputs":[]})", 400}, Served());
  EXPECT_EQ(FirstProblem(explained), "input 'pixels' is missing");
  EXPECT_EQ(JsonText(explained["see"]), "http://h/docs");
}

TEST(ExplainTest, ADecoupledModelHasAnotherEndpoint) {
  const Explained explained = ExplainFor({"/v2/models/chat/infer", "{}", 501}, Served());
  EXPECT_THAT(FirstProblem(explained), HasSubstr("generate_stream"));
  EXPECT_EQ(JsonText(explained["request"]), R"(curl -N http://h/v2/models/chat/generate_stream -d '{"text":"text"}')");
}

TEST(ExplainTest, PathsAndMethodsAreComparedWithThoseThatThereAre) {
  EXPECT_EQ(FirstProblem(ExplainFor({"/v2/model/digits/infer", "", 404}, Served())),
            "no endpoint has the path '/v2/model/digits/infer'; did you mean '/v2/models/digits/infer'?");
  EXPECT_EQ(FirstProblem(ExplainFor({"/v2/health/ready/", "", 404}, Served())),
            "no endpoint has the path '/v2/health/ready/'; did you mean '/v2/health/ready'?");
  EXPECT_THAT(FirstProblem(ExplainFor({"/metrics", "", 404, "GET"}, Served())), HasSubstr("--metrics-port"));
  const Explained explained = ExplainFor({"/v2/models/digits/infer", "", 405, "GET"}, Served());
  EXPECT_EQ(FirstProblem(explained), "this path takes POST, got GET");
  EXPECT_THAT(JsonText(explained["request"]), HasSubstr("-d "));
  EXPECT_EQ(JsonText(ExplainFor({"/v2/health/live", "", 405, "PUT"}, Served())["request"]),
            "curl -X GET http://h'/v2/health/live'");
}

TEST(ExplainTest, LoadingNamesTheFlag) {
  const char* const error = "explicit model load / unload is not allowed if polling is enabled";
  EXPECT_THAT(FirstProblem(ExplainFor({"/v2/repository/models/digits/load", "", 503, "POST", error}, Served())),
              HasSubstr("--model-control-mode=explicit"));
  EXPECT_EQ(FirstProblem(ExplainFor({"/v2/repository/models/digits/load", "", 500}, Served())), "");
}

}  // namespace
}  // namespace neso
