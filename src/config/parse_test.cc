#include "config/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ParseModelConfigTextTest, ReadsFieldsOfEveryKind) {
  Expected<inference::ModelConfig> config = ParseModelConfigText(R"(
      # a comment, with bytes that are not UTF-8: )"
                                                                 "\xE9"
                                                                 R"(
      name: "m"
      input [ { name: "a" data_type: TYPE_FP32 dims: [ -1, 4 ] }, { name: "b" data_type: 13 dims: 1 } ]
      dynamic_batching { max_queue_delay_microseconds: 100 }
      parameters { key: "k" value { string_value: "v" } })",
                                                                 "config.pbtxt");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->input(0).dims(1), 4);
  EXPECT_EQ(config->input(1).data_type(), inference::TYPE_STRING);
  EXPECT_EQ(config->dynamic_batching().max_queue_delay_microseconds(), 100U);
  EXPECT_EQ(config->parameters().at("k").string_value(), "v");
}

TEST(ParseModelConfigTextTest, EmptyTextIsAnEmptyConfiguration) {
  Expected<inference::ModelConfig> config = ParseModelConfigText("", "config.pbtxt");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->ByteSizeLong(), 0U);
}

struct BadText {
  std::string text;
  std::string detail;
};

TEST(ParseModelConfigTextTest, SaysWhereAndWhyTextIsRefused) {
  const BadText cases[] = {
      {"\n  foo: 1", "f:2:6: Message type \"inference.ModelConfig\" has no field named \"foo\"."},
      {"dynamic_batching { } sequence_batching { }", "another member of oneof \"scheduling_choice\""},
      {"max_batch_size: \"four\"", "f:1:17: Expected integer, got: \"four\""},
      {"max_batch_size: 99999999999", "Integer out of range"},
      {"input { name: \"a\"", "Expected"},
      {"name: \"a", "Unexpected end of string"},
      {"input [ { data_type: TYPE_FP31 } ]", "TYPE_FP31"},
      {std::string("\0", 1), "f:1:1: "},
      {"name: \"a\" name: \"b\"", "specified multiple times"},
  };
  for (const BadText& bad : cases) {
    std::string details;
    Expected<inference::ModelConfig> config = ParseModelConfigText(bad.text, "f", &details);
    ASSERT_FALSE(config) << bad.text;
    EXPECT_EQ(config.error().code(), StatusCode::kInvalidArg);
    EXPECT_EQ(config.error().message(), "failed to read text proto from f");
    EXPECT_THAT(details, HasSubstr(bad.detail));
  }
}

TEST(ParseModelConfigTextTest, BoundsWhatHostileTextCosts) {
  std::string details;
  EXPECT_FALSE(ParseModelConfigText(std::string(kMaxModelConfigBytes + 1, ' '), "f", &details));
  EXPECT_THAT(details, StartsWith("f:1:1: expected at most"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "input {";
  EXPECT_FALSE(ParseModelConfigText(deep, "f", &details));
  std::string findings;
  for (int i = 0; i < 1000; ++i) findings += "name: 'x\n";
  EXPECT_FALSE(ParseModelConfigText(findings, "f", &details));
  EXPECT_LT(details.size(), 10000U);
}

std::string Repeated(std::string_view unit, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += unit;
  return text;
}

TEST(ParseModelConfigTextTest, BoundsTheNumberOfFields) {
  for (const char* field : {"input{}", "input<>", "input:{}", "tags:''"}) {
    std::string details;
    EXPECT_FALSE(ParseModelConfigText(Repeated(field, kMaxModelConfigFields + 1), "f", &details));
    EXPECT_THAT(details, StartsWith("f:1:1: expected at most 200000 fields, got ")) << field;
  }
}

TEST(ParseModelConfigJsonTest, BoundsTheNumberOfFields) {
  for (const char* begin : {"{\"input\":[", "{input:["}) {
    const std::string text = begin + Repeated("{},", kMaxModelConfigFields);
    EXPECT_THAT(ParseModelConfigJson(text).error().message(), StartsWith("expected at most 200000 fields, got "));
  }
}

TEST(ParseModelConfigJsonTest, ReadsBothSpellingsOfNamesAndEnumsInAnyCase) {
  Expected<inference::ModelConfig> config = ParseModelConfigJson(
      R"({"max_batch_size":4,"defaultModelFilename":"f","input":[{"name":"a","data_type":"type_fp32","dims":["-1",4]}],
          "instance_group":[{"kind":"Kind_Cpu"}],"parameters":{"k":{"string_value":"v"}}})");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->default_model_filename(), "f");
  EXPECT_EQ(config->input(0).data_type(), inference::TYPE_FP32);
  EXPECT_EQ(config->input(0).dims(0), -1);
  EXPECT_EQ(config->instance_group(0).kind(), inference::ModelInstanceGroup::KIND_CPU);
}

TEST(ParseModelConfigJsonTest, RefusesWhatIsNotAConfiguration) {
  for (const char* bad : {"", "{", "[]", "1", R"({"foo":1})", R"({"max_batch_size":"x"})",
                          R"({"input":[{"data_type":"FP31"}]})", R"({"dynamic_batching":{},"sequence_batching":{}})"}) {
    Expected<inference::ModelConfig> config = ParseModelConfigJson(bad);
    ASSERT_FALSE(config) << bad;
    EXPECT_EQ(config.error().code(), StatusCode::kInvalidArg);
    EXPECT_FALSE(config.error().message().empty()) << bad;
  }
  EXPECT_FALSE(ParseModelConfigJson(std::string(200000, '[')));
}

TEST(ParseConfigOverrideTest, NamesTheOverride) {
  Expected<inference::ModelConfig> config = ParseConfigOverride(R"({"foo":1})");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message(), StartsWith("Invalid config override: "));
  EXPECT_THAT(config.error().message(), HasSubstr("foo"));
  EXPECT_TRUE(ParseConfigOverride("{}"));
}

}  // namespace
}  // namespace neso
