#include "client/infer_response.h"

#include <gtest/gtest.h>

#include "client/grpc_words.h"
#include "neso/protobuf_wire.h"

namespace neso::client {
namespace {

using wire::MessageWriter;

MessageWriter Parameter(std::string_view name, bool value) {
  MessageWriter choice, entry;
  choice.Add(1, uint64_t{value});
  entry.Add(1, name).Add(2, choice);
  return entry;
}

TEST(InferResponseTest, AStreamsAnswersSayWhoseTheyAre) {
  MessageWriter output, response, message;
  output.Add(1, std::string_view("OUT"));
  response.Add(3, std::string_view("17")).Add(4, Parameter("triton_final_response", false)).Add(5, output);
  message.Add(2, response);
  const auto answer = ReadStreamAnswer(message.bytes());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->id, "17");
  EXPECT_TRUE(answer->has_outputs);
  EXPECT_FALSE(answer->is_final);

  MessageWriter last, last_message;
  last.Add(3, std::string_view("17"))
      .Add(4, Parameter("other", false))
      .Add(4, Parameter("triton_final_response", true));
  last_message.Add(1, std::string_view("oh")).Add(2, last);
  const auto end = ReadStreamAnswer(last_message.bytes());
  ASSERT_TRUE(end.ok());
  EXPECT_TRUE(end->is_final);
  EXPECT_FALSE(end->has_outputs);
  EXPECT_EQ(end->error, "oh");
  EXPECT_FALSE(ReadStreamAnswer("\x0a\x7f").ok());
}

TEST(InferResponseTest, OutputsAreRead) {
  MessageWriter packed, plain, response;
  packed.Add(1, std::string_view("A")).Add(2, std::string_view("INT8")).Add(3, std::string_view("\x02\xac\x02", 3));
  plain.Add(1, std::string_view("B")).Add(2, std::string_view("UINT8")).Add(3, uint64_t{1});
  response.Add(1, std::string_view("m")).Add(2, std::string_view("4")).Add(3, std::string_view("id"));
  response.Add(5, packed).Add(5, plain).Add(6, std::string_view("aa")).Add(6, std::string_view("b"));
  response.Add(5, MessageWriter());  // it lies in shared memory
  const std::string bytes = response.bytes();
  const auto read = ReadInferResponse(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->model, "m");
  EXPECT_EQ(read->version, "4");
  EXPECT_EQ(read->id, "id");
  const std::vector<OutputTensor>& outputs = read->outputs;
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].name, "A");
  EXPECT_EQ(outputs[0].datatype, "INT8");
  EXPECT_EQ(outputs[0].bytes, "aa");
  EXPECT_EQ(outputs[0].shape, (std::vector<int64_t>{2, 300}));
  EXPECT_EQ(outputs[1].bytes, "b");
  EXPECT_EQ(outputs[2].bytes, "");
}

TEST(InferResponseTest, ParametersAreThoseOfJson) {
  MessageWriter message;
  AddParameter(message, 4, "a\"", MakeParameter()(true));
  AddParameter(message, 4, "b", MakeParameter()(int64_t{-5}));
  AddParameter(message, 4, "c", MakeParameter()(std::string("text")));
  AddParameter(message, 4, "d", MakeParameter()(0.5));
  AddParameter(message, 4, "e", MessageWriter().Add(5, uint64_t{18446744073709551615U}));
  EXPECT_EQ(*ParametersJson(*ReadInferResponse(message.bytes())),
            R"({"a\"":true,"b":-5,"c":"text","d":0.5,"e":18446744073709551615})");
  MessageWriter broken;
  broken.Add(4, std::string_view("\x0a\x7f", 2));
  EXPECT_EQ(ParametersJson(*ReadInferResponse(broken.bytes())).error().code(), StatusCode::kInternal);
}

TEST(InferResponseTest, WhatCannotBeReadIsSaid) {
  MessageWriter typed_output, typed, crowded;
  typed_output.Add(1, std::string_view("B")).Add(5, MessageWriter());
  typed.Add(5, typed_output);
  EXPECT_EQ(ReadInferResponse(typed.bytes()).error().code(), StatusCode::kUnsupported);
  crowded.Add(6, std::string_view("bytes of no output"));
  EXPECT_EQ(ReadInferResponse(crowded.bytes()).error().code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace neso::client
