#include "observe/opentelemetry/otlp_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>

#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

uint64_t Fixed(std::string_view bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

uint64_t Id(std::string_view bytes) {
  uint64_t id = 0;
  for (const char byte : bytes) id = id << 8 | static_cast<uint8_t>(byte);
  return id;
}

struct DecodedSpan {
  explicit DecodedSpan(std::string_view bytes) {
    wire::Fields fields(bytes);
    while (const auto field = fields.Next()) {
      if (field->number == 1) trace_id = field->bytes;
      if (field->number == 2) id = Id(field->bytes);
      if (field->number == 3) state = field->bytes;
      if (field->number == 4) parent = Id(field->bytes);
      if (field->number == 5) name = field->bytes;
      if (field->number == 6) kind = field->value;
      if (field->number == 7) start = Fixed(field->bytes);
      if (field->number == 8) end = Fixed(field->bytes);
      if (field->number == 9) attributes.push_back(AttributeOf(field->bytes));
      if (field->number == 11) events.push_back(EventOf(field->bytes));
      if (field->number == 12) dropped_events = field->value;
      if (field->number == 15) status = StatusOf(field->bytes);
    }
    EXPECT_FALSE(fields.is_broken());
  }

  static std::string AttributeOf(std::string_view bytes) {
    std::string text;
    wire::Fields fields(bytes);
    while (const auto field = fields.Next()) {
      if (field->number == 1) {
        text = std::string(field->bytes) + "=";
        continue;
      }
      wire::Fields value(field->bytes);
      const auto only = value.Next();
      text += only->number == 1 ? std::string(only->bytes) : std::to_string(static_cast<int64_t>(only->value));
    }
    return text;
  }
  static std::string EventOf(std::string_view bytes) {
    std::string text;
    wire::Fields fields(bytes);
    while (const auto field = fields.Next()) {
      text += field->number == 1 ? std::to_string(Fixed(field->bytes)) + " " : std::string(field->bytes);
    }
    return text;
  }
  static std::string StatusOf(std::string_view bytes) {
    std::string text;
    wire::Fields fields(bytes);
    while (const auto field = fields.Next()) {
      text += field->number == 3 ? " " + std::to_string(field->value) : std::string(field->bytes);
    }
    return text;
  }

  std::string trace_id, state, name, status;
  uint64_t id = 0, parent = 0, kind = 0, start = 0, end = 0, dropped_events = 0;
  std::vector<std::string> attributes, events;
};

constexpr int64_t kOffset = 1'000'000;

class OtlpSpansTest : public ::testing::Test {
 protected:
  OtlpSpansTest() { trace_.identity = TraceIdentity{.trace_id = {1, 2, 3}, .caller_span = 0, .state = {}, .seed = 5}; }

  static TraceEvent Event(TraceReporter reporter, std::string activity, uint64_t ns) {
    return {.reporter = reporter, .activity = std::move(activity), .steady_ns = ns, .tensor = {}};
  }
  static TraceEvent Core(std::string activity, uint64_t ns) {
    return Event(TraceReporter::kCore, std::move(activity), ns);
  }
  static TraceEvent Backend(std::string activity, uint64_t ns) {
    return Event(TraceReporter::kBackend, std::move(activity), ns);
  }
  static TraceEvent Frontend(std::string activity, uint64_t ns) {
    return Event(TraceReporter::kFrontend, std::move(activity), ns);
  }

  TraceSpan& AddSpan(uint64_t id, std::string model, std::vector<TraceEvent> events) {
    TraceSpan& span = trace_.spans.emplace_back();
    span.id = id;
    span.model_name = std::move(model);
    span.model_version = 3;
    span.events = std::move(events);
    span.has_model = true;
    return span;
  }

  std::vector<DecodedSpan> Spans() const {
    std::vector<DecodedSpan> spans;
    for (const std::string& bytes : EncodeSpans(trace_, kOffset)) spans.emplace_back(bytes);
    return spans;
  }

  TracedRequest trace_;
};

TEST_F(OtlpSpansTest, ARequestIsThreeSpansOneInTheOther) {
  AddSpan(7, "m",
          {Frontend("HTTP_RECV_START", 10), Frontend("HTTP_RECV_END", 11), Core("REQUEST_START", 20),
           Core("QUEUE_START", 21), Frontend("INFER_RESPONSE_COMPLETE", 38), Core("COMPUTE_START", 30),
           Core("COMPUTE_INPUT_END", 31), Core("COMPUTE_OUTPUT_START", 35), Core("COMPUTE_END", 36),
           Core("REQUEST_END", 40), Frontend("HTTP_SEND_END", 50)})
      .request_id = "r";
  const std::vector<DecodedSpan> spans = Spans();
  ASSERT_THAT(spans, SizeIs(3));
  const DecodedSpan &compute = spans[0], &model = spans[1], &request = spans[2];

  EXPECT_EQ(request.name, "InferRequest");
  EXPECT_EQ(request.parent, 0U);
  EXPECT_EQ(request.kind, 2U);
  EXPECT_EQ(request.start, 10U + kOffset);
  EXPECT_EQ(request.end, 50U + kOffset);
  EXPECT_THAT(request.events, ElementsAre("1000010 HTTP_RECV_START", "1000011 HTTP_RECV_END",
                                          "1000038 INFER_RESPONSE_COMPLETE", "1000050 HTTP_SEND_END"));
  EXPECT_THAT(request.attributes, IsEmpty());

  EXPECT_EQ(model.name, "m");
  EXPECT_EQ(model.parent, request.id);
  EXPECT_EQ(model.start, 20U + kOffset);
  EXPECT_EQ(model.end, 40U + kOffset);
  EXPECT_THAT(model.events, ElementsAre("1000020 REQUEST_START", "1000021 QUEUE_START", "1000040 REQUEST_END"));
  EXPECT_THAT(model.attributes, ElementsAre("triton.model_name=m", "triton.model_version=3", "triton.trace_id=7",
                                            "triton.trace_parent_id=0", "triton.request_id=r"));

  EXPECT_EQ(compute.name, "compute");
  EXPECT_EQ(compute.parent, model.id);
  EXPECT_EQ(compute.start, 30U + kOffset);
  EXPECT_EQ(compute.end, 36U + kOffset);
  EXPECT_THAT(compute.events, ElementsAre("1000030 COMPUTE_START", "1000031 COMPUTE_INPUT_END",
                                          "1000035 COMPUTE_OUTPUT_START", "1000036 COMPUTE_END"));
  for (const DecodedSpan& span : spans) {
    EXPECT_EQ(span.trace_id, std::string("\1\2\3", 3) + std::string(13, '\0'));
    EXPECT_EQ(span.status, "");
    EXPECT_EQ(span.state, "");
  }
}

TEST_F(OtlpSpansTest, NestedCallsAreBelowTheModelThatMakesThem) {
  AddSpan(8, "inner", {Core("REQUEST_START", 25), Core("REQUEST_END", 30)}).parent_id = 7;
  AddSpan(7, "outer", {Frontend("HTTP_RECV_START", 10), Core("REQUEST_START", 20), Core("REQUEST_END", 40)});
  const std::vector<DecodedSpan> spans = Spans();
  ASSERT_THAT(spans, SizeIs(3));
  EXPECT_EQ(spans[0].name, "inner");
  EXPECT_EQ(spans[1].name, "outer");
  EXPECT_EQ(spans[0].parent, spans[1].id);
  EXPECT_EQ(spans[1].parent, spans[2].id);
  EXPECT_EQ(spans[0].attributes[3], "triton.trace_parent_id=7");
}

TEST_F(OtlpSpansTest, TheCallersSpanIsAboveTheRequest) {
  trace_.identity->caller_span = 0x99;
  trace_.identity->state = "a=1";
  AddSpan(7, "m", {Core("REQUEST_START", 20), Core("REQUEST_END", 40)});
  const std::vector<DecodedSpan> spans = Spans();
  EXPECT_EQ(spans.back().parent, 0x99U);
  EXPECT_EQ(spans.front().state, "a=1");
  EXPECT_EQ(spans.back().state, "a=1");
}

TEST_F(OtlpSpansTest, PairsOfABackendAreSpansWhereTheyHappen) {
  AddSpan(7, "m",
          {Core("REQUEST_START", 20), Backend("READ_START", 31), Backend("ROW", 32), Backend("PART_START", 33),
           Backend("PART_END", 34), Backend("READ_END", 35), Backend("ALONE", 37), Core("COMPUTE_START", 30),
           Core("COMPUTE_END", 38), Core("REQUEST_END", 40)});
  const std::vector<DecodedSpan> spans = Spans();
  ASSERT_THAT(spans, SizeIs(5));
  EXPECT_EQ(spans[0].name, "PART");
  EXPECT_EQ(spans[1].name, "READ");
  EXPECT_EQ(spans[2].name, "compute");
  EXPECT_EQ(spans[0].parent, spans[1].id);
  EXPECT_EQ(spans[1].parent, spans[2].id);
  EXPECT_EQ(spans[2].parent, spans[3].id);
  EXPECT_THAT(spans[1].events, ElementsAre("1000031 READ_START", "1000032 ROW", "1000035 READ_END"));
  EXPECT_EQ(spans[1].start, 31U + kOffset);
  EXPECT_EQ(spans[1].end, 35U + kOffset);
  EXPECT_THAT(spans[2].events, ElementsAre("1000030 COMPUTE_START", "1000037 ALONE", "1000038 COMPUTE_END"));
}

TEST_F(OtlpSpansTest, WhatBeginsAndDoesNotEndEndsWithItsModel) {
  AddSpan(7, "m",
          {Core("REQUEST_START", 20), Backend("READ_START", 31), Backend("OTHER_END", 32), Backend("_START", 33),
           Core("REQUEST_END", 40)});
  const std::vector<DecodedSpan> spans = Spans();
  ASSERT_THAT(spans, SizeIs(3));
  EXPECT_EQ(spans[0].name, "READ");
  EXPECT_EQ(spans[0].end, 40U + kOffset);
  EXPECT_THAT(spans[0].events, ElementsAre("1000031 READ_START", "1000032 OTHER_END", "1000033 _START"));
}

TEST_F(OtlpSpansTest, AFailureIsTheStatusOfTheRequestAndOfTheModel) {
  AddSpan(7, "m", {Core("REQUEST_START", 20), Core("REQUEST_END", 40)}).failure = "no such thing";
  for (const DecodedSpan& span : Spans()) EXPECT_EQ(span.status, "no such thing 2") << span.name;
}

TEST_F(OtlpSpansTest, TakesBoundedMemoryWhateverIsReported) {
  TraceSpan& span = AddSpan(7, "m", {Core("REQUEST_START", 20)});
  span.request_id = std::string(100'000, 'i');
  for (uint64_t i = 0; i < 1000; ++i) span.events.push_back(Backend("ROW", 21 + i));
  const std::vector<DecodedSpan> spans = Spans();
  EXPECT_THAT(spans[0].events, SizeIs(128));
  EXPECT_EQ(spans[0].dropped_events, 1001U - 128U);
  EXPECT_EQ(spans[0].attributes.back().size(), std::string("triton.request_id=").size() + 1024);
}

TEST_F(OtlpSpansTest, TextIsUtf8) {
  AddSpan(7, "m\xFF", {Core("REQUEST_START", 20)});
  EXPECT_EQ(Spans()[0].name, "mÿ");
}

TEST(OtlpExportTest, RejectionsAreRead) {
  using wire::MessageWriter;
  const MessageWriter partial = MessageWriter().Add(1, uint64_t{3}).Add(2, "too old");
  const OtlpRejection rejection = DecodeRejection(MessageWriter().Add(1, partial).bytes());
  EXPECT_EQ(rejection.spans, 3);
  EXPECT_EQ(rejection.reason, "too old");
  for (const char* other : {"", "{}", "\xff\xff", "<html>"}) EXPECT_EQ(DecodeRejection(other).spans, 0) << other;
}

}  // namespace
}  // namespace neso
