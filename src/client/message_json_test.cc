#include "client/message_json.h"

#include <gtest/gtest.h>

#include "neso/protobuf_wire.h"

namespace neso::client {
namespace {

using wire::MessageWriter;

TEST(MessageJsonTest, FieldsGetTheirNames) {
  MessageWriter duration, times, model, answer;
  duration.Add(1, uint64_t{3}).Add(2, uint64_t{100}).Add(9, std::string_view("unknown"));
  times.Add(1, duration);
  model.Add(1, std::string_view("a\"b")).Add(4, uint64_t{5}).Add(6, times);
  answer.Add(1, model);
  EXPECT_EQ(*MessageJson(answer.bytes(), kModelStatisticsFields),
            R"({"model_stats":[{"name":"a\"b","version":"","last_inference":0,"inference_count":5,"execution_count":0,)"
            R"("inference_stats":{"success":{"count":3,"ns":100}},)"
            R"("response_stats":{},"batch_stats":[],"memory_usage":[]}]})");
}

TEST(MessageJsonTest, MapsAreObjects) {
  static constexpr MessageField kDuration[] = {{1, "count"}, {2, "ns"}};
  static constexpr MessageField kTimes[] = {{9, "times", FieldKind::kMap, kDuration}};
  MessageWriter duration, first, second, answer;
  duration.Add(1, uint64_t{3});
  first.Add(1, std::string_view("0")).Add(2, duration);
  second.Add(1, std::string_view("1"));
  answer.Add(9, first).Add(9, second);
  EXPECT_EQ(*MessageJson(answer.bytes(), kTimes), R"({"times":{"0":{"count":3,"ns":0},"1":{"count":0,"ns":0}}})");
  EXPECT_FALSE(MessageJson("\x4a\x02\x0a\x7f", kTimes).ok()) << "an entry ends in the middle";
}

TEST(MessageJsonTest, OnlyTextsThatHttpLeavesOutAreLeftOut) {
  MessageWriter model, answer;
  model.Add(1, std::string_view("digits"));
  answer.Add(1, model).Add(1, MessageWriter());
  EXPECT_EQ(*MessageJson(answer.bytes(), kRepositoryIndexFields), R"({"models":[{"name":"digits"},{"name":""}]})");
}

TEST(MessageJsonTest, ShapesAreListsPackedOrNot) {
  MessageWriter packed, single, none, answer;
  packed.Add(1, std::string_view("p"))
      .Add(3, std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xac\x02\x07", 13));
  single.Add(1, std::string_view("s")).Add(3, uint64_t{8}).Add(3, uint64_t{9});
  none.Add(1, std::string_view("n"));
  answer.Add(4, packed).Add(4, single).Add(5, none);
  EXPECT_EQ(*MessageJson(answer.bytes(), kModelMetadataFields),
            R"({"name":"","versions":[],"platform":"","inputs":[{"name":"p","datatype":"","shape":[-1,300,7]},)"
            R"({"name":"s","datatype":"","shape":[8,9]}],"outputs":[{"name":"n","datatype":"","shape":[]}]})");
}

TEST(MessageJsonTest, WhatIsNoMessageIsSaid) {
  for (const std::string_view bytes : {std::string_view("\x0a\x7f", 2),                      // ends in the middle
                                       std::string_view("\x08\x01", 2),                      // a number for a message
                                       std::string_view("\x22\x05\x1a\x03\xff\xff\xff", 7),  // a number without an end
                                       std::string_view("\xff", 1)}) {
    EXPECT_FALSE(MessageJson(bytes, kModelMetadataFields).ok()) << bytes;
  }
}

}  // namespace
}  // namespace neso::client
