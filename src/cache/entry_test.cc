#include "cache/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/test_support.h"

namespace neso {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::vector<std::byte> Packed(const CachedAnswer& answer) {
  std::vector<std::byte> entry(EntrySize(answer));
  WriteEntry(answer, entry);
  return entry;
}

CachedAnswer TwoTensors() {
  static const std::string numbers(12, 'n'), strings("\3\0\0\0abc", 7);
  return {.tensors = {{"x", DataType::kFp32, {1, 3}, BytesOf(numbers)}, {"s", DataType::kBytes, {1}, BytesOf(strings)}},
          .parameters = {}};
}

CachedAnswer WithParameters() {
  CachedAnswer answer = TwoTensors();
  answer.parameters = {{"text", std::string("t")}, {"number", int64_t{-5}}, {"flag", true}, {"part", 0.5}};
  return answer;
}

TEST(EntryTest, WhatIsWrittenIsRead) {
  const std::vector<std::byte> entry = Packed(WithParameters());
  const Expected<CachedAnswer> read = ReadEntry(entry);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->tensors.size(), 2U);
  EXPECT_EQ(read->tensors[0].name, "x");
  EXPECT_EQ(read->tensors[0].datatype, DataType::kFp32);
  EXPECT_EQ(read->tensors[0].shape, (Shape{1, 3}));
  EXPECT_EQ(read->tensors[0].data.size(), 12U);
  EXPECT_EQ(read->tensors[1].data.size(), 7U);
  ASSERT_EQ(read->parameters.size(), 4U);
  EXPECT_EQ(std::get<std::string>(read->parameters[0].value), "t");
  EXPECT_EQ(std::get<int64_t>(read->parameters[1].value), -5);
  EXPECT_EQ(std::get<bool>(read->parameters[2].value), true);
  EXPECT_EQ(std::get<double>(read->parameters[3].value), 0.5);
}

// Triton's layout, byte by byte.
TEST(EntryTest, TheLayoutIsTritons) {
  const std::string data("\1\2", 2);
  const CachedAnswer answer{.tensors = {{"out", DataType::kInt8, {2}, BytesOf(data)}}, .parameters = {}};
  const std::string expected(
      "\1\0\0\0"
      "\45\0\0\0\0\0\0\0"
      "\3\0\0\0out"
      "\4\0\0\0INT8"
      "\10\0\0\0\2\0\0\0\0\0\0\0"
      "\2\0\0\0\0\0\0\0\1\2",
      4 + 8 + 37);
  const std::vector<std::byte> entry = Packed(answer);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(entry.data()), entry.size()), expected);
}

TEST(EntryTest, EveryBeginningOfAnEntryIsDamaged) {
  // Where the parameters begin, an entry without them ends.
  const size_t whole = Packed(TwoTensors()).size();
  const std::vector<std::byte> entry = Packed(WithParameters());
  for (size_t size = 0; size < entry.size(); ++size) {
    EXPECT_EQ(ReadEntry(std::span(entry).first(size)).ok(), size == whole) << size;
  }
  std::vector<std::byte> longer = entry;
  longer.push_back({});
  EXPECT_THAT(ReadEntry(longer).error().message(), testing::HasSubstr("is damaged"));
}

TEST(EntryTest, WhatDoesNotFitTogetherIsDamaged) {
  const auto is_read = [](size_t at, uint8_t value) {
    std::vector<std::byte> entry = Packed(TwoTensors());
    entry[at] = std::byte{value};
    return ReadEntry(entry).ok();
  };
  EXPECT_TRUE(is_read(16, 'y'));    // another name
  EXPECT_FALSE(is_read(0, 3));      // more tensors than there are
  EXPECT_FALSE(is_read(3, 0xff));   // billions of them
  EXPECT_FALSE(is_read(4, 0xff));   // a longer tensor
  EXPECT_FALSE(is_read(21, 'Q'));   // no datatype
  EXPECT_FALSE(is_read(25, 7));     // half a dimension
  EXPECT_FALSE(is_read(29, 2));     // a shape that its data has not
  EXPECT_FALSE(is_read(36, 0xff));  // a negative dimension
}

TEST(EntryTest, AResponseIsMadeOfItInTheRequestersBuffers) {
  test::Requester requester;
  const ModelHandle model = test::MakeModel(R"(
    name: "m" output { name: "x" data_type: TYPE_FP32 dims: [3] reshape { shape: [1, 3] } }
    output { name: "s" data_type: TYPE_STRING dims: [1] })");
  auto scheduler = std::make_unique<test::HoldingScheduler>();
  test::HoldingScheduler& held = *scheduler;
  model->SetScheduler(std::move(scheduler));
  std::unique_ptr<InferenceRequest> request = requester.Make(model, "id");
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  request = held.Take();
  std::unique_ptr<InferenceResponse> response =
      request->response_factory().CreateResponse(request->shared_response_factory());
  CachedAnswer answer = WithParameters();
  answer.tensors[0].shape = {3};
  ASSERT_TRUE(FillResponse(answer, *response).ok());
  EXPECT_EQ(response->outputs()[0].shape(), (Shape{3})) << "as the requester sees it: nothing is reshaped again";
  const Expected<CachedAnswer> again = AnswerOf(*response);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Packed(*again), Packed(answer));
  EXPECT_FALSE(FillResponse(answer, *response).ok()) << "there already";
  InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  EXPECT_EQ(requester.answers()[0].outputs["x"], std::string(12, 'n'));
}

}  // namespace
}  // namespace neso
