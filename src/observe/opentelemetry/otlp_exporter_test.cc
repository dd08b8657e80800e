#include "observe/opentelemetry/otlp_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

size_t SpansIn(std::string_view request) {
  size_t spans = 0;
  wire::Fields of_request(request);
  const std::optional<wire::Field> of_resource = of_request.Next();
  wire::Fields parts(of_resource->bytes);
  while (const auto part = parts.Next()) {
    if (part->number != 2) continue;
    wire::Fields scope(part->bytes);
    while (const auto field = scope.Next()) spans += field->number == 2 ? 1 : 0;
  }
  return spans;
}

// What was posted, and what is answered; 200 when nothing is said.
struct Collector {
  void Answer(Expected<OtlpReply> reply) {
    MutexLock lock(mutex);
    answers.push_back(std::move(reply));
  }
  // The sizes of the batches, as soon as there are so many.
  std::vector<size_t> Await(size_t count) {
    MutexLock lock(mutex);
    const TimePoint deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (batches.size() < count && changed.WaitUntil(mutex, deadline)) {
    }
    return batches;
  }

  Mutex mutex;
  CondVar changed;
  std::deque<Expected<OtlpReply>> answers GUARDED_BY(mutex);
  std::vector<size_t> batches GUARDED_BY(mutex);
  bool is_held GUARDED_BY(mutex) = false;
};

class FakeConnection final : public OtlpConnection {
 public:
  explicit FakeConnection(Collector& collector) : collector_(collector) {}
  Expected<OtlpReply> Post(std::string_view body, const TimeLeft& time_left) override {
    MutexLock lock(collector_.mutex);
    collector_.batches.push_back(SpansIn(body));
    collector_.changed.NotifyAll();
    while (collector_.is_held) {
      const milliseconds left = time_left();
      if (left.count() == 0) return Unavailable("no answer comes in time");
      collector_.changed.WaitUntil(collector_.mutex, std::chrono::steady_clock::now() + left);
    }
    if (collector_.answers.empty()) return OtlpReply{.status = 200};
    Expected<OtlpReply> answer = std::move(collector_.answers.front());
    collector_.answers.pop_front();
    return answer;
  }
  void Hurry() override {
    MutexLock lock(collector_.mutex);
    collector_.changed.NotifyAll();
  }

 private:
  Collector& collector_;
};

class OtlpExporterTest : public ::testing::Test {
 protected:
  std::shared_ptr<OtlpExporter> Start(OtlpSettings settings) {
    settings.first_pause = milliseconds(2);
    return std::make_shared<OtlpExporter>(settings, TextPairs(), std::make_unique<FakeConnection>(collector_));
  }

  // Two spans: the request's and the model's.
  static TracedRequest Request() {
    TracedRequest trace;
    trace.identity = TraceIdentity::Under(std::nullopt);
    TraceSpan& span = trace.spans.emplace_back();
    span.id = 1;
    span.has_model = true;
    return trace;
  }

  Collector collector_;
  static constexpr milliseconds kLong{3'000'000};
};

TEST_F(OtlpExporterTest, SendsAFullBatchAtOnce) {
  const auto exporter = Start({.schedule_delay = kLong, .max_export_batch_size = 4});
  exporter->Add(Request());
  exporter->Add(Request());
  EXPECT_THAT(collector_.Await(1), ElementsAre(4));
}

TEST_F(OtlpExporterTest, SendsWhatThereIsAfterTheDelay) {
  const auto exporter = Start({.schedule_delay = milliseconds(1)});
  exporter->Add(Request());
  EXPECT_THAT(collector_.Await(1), ElementsAre(2));
}

TEST_F(OtlpExporterTest, ClosingSendsWhatWaits) {
  const auto exporter = Start({.schedule_delay = kLong, .max_export_batch_size = 4});
  for (int i = 0; i < 3; ++i) exporter->Add(Request());
  exporter->Close();
  EXPECT_THAT(collector_.Await(2), ElementsAre(4, 2));
  EXPECT_EQ(exporter->counters().exported, 6U);
  exporter->Add(Request());
  EXPECT_EQ(exporter->counters().dropped, 2U) << "nobody would send it";
}

TEST_F(OtlpExporterTest, WhatFindsTheQueueFullIsDroppedAndCounted) {
  const auto exporter = Start({.max_queue_size = 4, .schedule_delay = kLong, .max_export_batch_size = 4});
  {
    MutexLock lock(collector_.mutex);
    collector_.is_held = true;
  }
  for (int i = 0; i < 2; ++i) exporter->Add(Request());
  collector_.Await(1);
  for (int i = 0; i < 3; ++i) exporter->Add(Request());
  EXPECT_EQ(exporter->counters().dropped, 2U);
  MutexLock lock(collector_.mutex);
  collector_.is_held = false;
  collector_.changed.NotifyAll();
}

TEST_F(OtlpExporterTest, TriesAgainWhatMayPass) {
  collector_.Answer(OtlpReply{.status = 503});
  collector_.Answer(Unavailable("connection refused"));
  collector_.Answer(OtlpReply{.status = 429, .body = {}, .retry_after = std::chrono::seconds(0)});
  const auto exporter = Start({.schedule_delay = milliseconds(1)});
  exporter->Add(Request());
  EXPECT_THAT(collector_.Await(4), ElementsAre(2, 2, 2, 2));
  exporter->Close();
  EXPECT_EQ(exporter->counters().exported, 2U);
  EXPECT_EQ(exporter->counters().dropped, 0U);
}

TEST_F(OtlpExporterTest, GivesUpWhatWillNotPassOrFailsForTooLong) {
  ::testing::internal::CaptureStderr();
  collector_.Answer(OtlpReply{.status = 400});
  for (int i = 0; i < 5; ++i) collector_.Answer(Unavailable("connection refused"));
  const auto exporter = Start({.schedule_delay = milliseconds(1)});
  exporter->Add(Request());
  EXPECT_THAT(collector_.Await(1), SizeIs(1));
  exporter->Add(Request());
  EXPECT_THAT(collector_.Await(6), SizeIs(6));
  exporter->Add(Request());
  EXPECT_THAT(collector_.Await(7), SizeIs(7)) << "and goes on";
  exporter->Close();
  EXPECT_EQ(exporter->counters().dropped, 4U);
  EXPECT_EQ(exporter->counters().exported, 2U);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log,
              HasSubstr("failed to export traces to 'http://localhost:4318/v1/traces': it answers with 400; 2 spans"));
  EXPECT_EQ(log.find("failed"), log.rfind("failed")) << "now and then";
}

TEST_F(OtlpExporterTest, ClosingEndsThePauseAndTriesOnce) {
  for (int i = 0; i < 2; ++i)
    collector_.Answer(OtlpReply{.status = 503, .body = {}, .retry_after = std::chrono::seconds(20)});
  const auto exporter = Start({.schedule_delay = milliseconds(1)});
  exporter->Add(Request());
  collector_.Await(1);
  exporter->Close();
  EXPECT_THAT(collector_.Await(2), SizeIs(2));
  EXPECT_EQ(exporter->counters().dropped, 2U);
}

class SilentCollectorTest : public OtlpExporterTest {
 protected:
  SilentCollectorTest() {
    MutexLock lock(collector_.mutex);
    collector_.is_held = true;
  }
  static constexpr std::chrono::hours kPatient{1};
};

TEST_F(SilentCollectorTest, ClosingGivesUpAPostThatIsUnderWay) {
  const auto exporter =
      Start({.timeout = kPatient, .schedule_delay = milliseconds(1), .close_within = milliseconds(20)});
  exporter->Add(Request());
  collector_.Await(1);
  exporter->Add(Request());
  exporter->Close();
  EXPECT_EQ(exporter->counters().dropped, 4U);
}

TEST_F(SilentCollectorTest, ClosingHasNoTimeBeyondTheServersEnd) {
  const auto exporter = Start({.timeout = kPatient, .schedule_delay = milliseconds(1), .close_within = kPatient});
  exporter->Add(Request());
  collector_.Await(1);
  exporter->CloseBy(std::chrono::steady_clock::now() + milliseconds(20));
  exporter->Close();
  EXPECT_EQ(exporter->counters().dropped, 2U);
}

TEST_F(OtlpExporterTest, RejectedSpansAreLost) {
  using wire::MessageWriter;
  const MessageWriter partial = MessageWriter().Add(1, uint64_t{1}).Add(2, "too old");
  collector_.Answer(OtlpReply{.status = 200, .body = MessageWriter().Add(1, partial).bytes()});
  const auto exporter = Start({.schedule_delay = milliseconds(1)});
  exporter->Add(Request());
  collector_.Await(1);
  exporter->Close();
  EXPECT_EQ(exporter->counters().exported, 1U);
  EXPECT_EQ(exporter->counters().dropped, 1U);
}

}  // namespace
}  // namespace neso
