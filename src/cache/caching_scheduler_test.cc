#include "cache/caching_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/executor.h"
#include "cache/fake_cache_for_test.h"
#include "core/statistics.h"
#include "core/test_support.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr ExecutorOptions kOneByOne{.width = 1, .patience = std::chrono::hours(1)};

class CachingSchedulerTest : public ::testing::TestWithParam<bool> {
 protected:
  explicit CachingSchedulerTest(const std::string& config = "")
      : cache_(std::make_shared<test::FakeCache>(GetParam())), executor_("test", 4, kOneByOne) {
    model_ = test::MakeModel(config + R"(
      name: "m" input { name: "in" data_type: TYPE_UINT8 dims: [1] }
      output { name: "out" data_type: TYPE_UINT8 dims: [1] })");
    auto next = std::make_unique<test::HoldingScheduler>();
    next_ = next.get();
    model_->SetScheduler(std::move(next));
    EXPECT_TRUE(CacheResponses(*model_, cache_, executor_).ok());
  }

  void TearDown() override { Settle(); }

  Status Ask(const char* byte, const std::function<void(InferenceRequest&)>& change = {}) {
    std::unique_ptr<InferenceRequest> request = requester_.Make(model_, std::to_string(asked_++));
    BufferAttributes attributes;
    attributes.byte_size = 1;
    EXPECT_TRUE(request->AddInput("in", DataType::kUint8, std::vector<int64_t>{1}).ok());
    EXPECT_TRUE(request->AppendInputData("in", byte, attributes).ok());
    if (change) change(*request);
    return InferenceRequest::Submit(request);
  }

  // What the executor has begun is over.
  void Settle() {
    std::promise<void> done;
    ASSERT_TRUE(executor_.Post([&done] { done.set_value(); }));
    done.get_future().wait();
  }

  // The model answers the oldest request that has come to it.
  void Answer(const char* byte, Status error = {}) {
    Settle();
    ASSERT_FALSE(next_->held.empty());
    std::unique_ptr<InferenceRequest> request = next_->Take();
    std::unique_ptr<InferenceResponse> response =
        request->response_factory().CreateResponse(request->shared_response_factory());
    if (error.ok()) {
      test::AddOneByte(*response, *byte);
      response->AddParameter("said", std::string(byte));
    }
    InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL, std::move(error));
    InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  }

  std::vector<std::string> Answers() {
    Settle();
    std::vector<std::string> bytes;
    for (const auto& answer : requester_.answers()) {
      bytes.push_back(answer.status.ok() ? answer.outputs.at("out") : answer.status.message());
    }
    return bytes;
  }
  // Requests that the model has and has not answered.
  size_t Executing() {
    Settle();
    return next_->held.size();
  }
  StatisticsSnapshot Statistics() { return model_->statistics().Snapshot(); }

  std::shared_ptr<test::FakeCache> cache_;
  Executor executor_;
  test::Requester requester_;
  ModelHandle model_;
  test::HoldingScheduler* next_ = nullptr;
  size_t asked_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Caches, CachingSchedulerTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "InProcess" : "Outside"; });

TEST_P(CachingSchedulerTest, TheSameIsAnsweredByTheModelOnce) {
  ASSERT_TRUE(Ask("1").ok());
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("a"));
  ASSERT_TRUE(Ask("1").ok());
  EXPECT_THAT(Answers(), ElementsAre("a", "a"));
  EXPECT_TRUE(next_->held.empty());
  EXPECT_EQ(std::get<std::string>(requester_.answers()[1].parameters.at(0).value), "a") << "parameters, too";
  EXPECT_EQ(requester_.releases(), 2U);
  const StatisticsSnapshot statistics = Statistics();
  EXPECT_EQ(statistics.cache_miss.count, 1U);
  EXPECT_EQ(statistics.cache_hit.count, 1U);
  EXPECT_EQ(statistics.success.count, 1U) << "that of the hit; the instance counts the other";
  EXPECT_LE(statistics.queue.ns + statistics.cache_hit.ns, statistics.success.ns);
  EXPECT_EQ(model_->statistics().pending(), 0);
}

TEST_P(CachingSchedulerTest, AnotherRequestIsAnotherAnswer) {
  ASSERT_TRUE(Ask("1").ok());
  Answer("a");
  ASSERT_TRUE(Ask("2").ok());
  Answer("b");
  ASSERT_TRUE(Ask("1", [](InferenceRequest& r) { r.AddParameter("p", true); }).ok());
  Answer("c");
  EXPECT_THAT(Answers(), ElementsAre("a", "b", "c"));
}

TEST_P(CachingSchedulerTest, ErrorsAreNotKept) {
  ASSERT_TRUE(Ask("1").ok());
  Answer("", Internal("no luck"));
  ASSERT_TRUE(Ask("1").ok());
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("no luck", "a"));
  EXPECT_EQ(Statistics().cache_miss.count, 1U);
}

TEST_P(CachingSchedulerTest, SequencesPassBy) {
  for (const bool by_flag : {true, false}) {
    ASSERT_TRUE(Ask("1", [by_flag](InferenceRequest& r) {
                  by_flag ? r.SetFlags(TRITONSERVER_REQUEST_FLAG_SEQUENCE_START) : r.SetCorrelationId(CorrelationId(5));
                }).ok());
    Answer("a");
  }
  EXPECT_THAT(Answers(), ElementsAre("a", "a"));
  EXPECT_EQ(cache_->size(), 0U);
}

TEST_P(CachingSchedulerTest, WhatFollowsAnAnswerComesBehindIt) {
  ASSERT_TRUE(Ask("1").ok());
  Settle();
  std::promise<void> go_on;
  ASSERT_TRUE(executor_.Post([&go_on] { go_on.get_future().wait(); }));  // what is kept elsewhere waits behind it
  std::unique_ptr<InferenceRequest> request = next_->Take();
  ResponseFactory& factory = request->response_factory();
  std::unique_ptr<InferenceResponse> response = factory.CreateResponse(request->shared_response_factory());
  test::AddOneByte(*response, 'a');
  InferenceResponse::Send(std::move(response), 0, {});
  factory.SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  EXPECT_EQ(requester_.answers().size(), GetParam() ? 2U : 0U);
  go_on.set_value();
  Settle();
  const std::vector<test::Requester::Answer> answers = requester_.answers();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].outputs.at("out"), "a");
  EXPECT_FALSE(answers[1].has_response);
  EXPECT_EQ(answers[1].flags, uint32_t{TRITONSERVER_RESPONSE_COMPLETE_FINAL});
  EXPECT_EQ(cache_->size(), 1U);
}

TEST_P(CachingSchedulerTest, ACacheThatFailsCostsNoAnswer) {
  cache_->failure = Unavailable("away");
  ASSERT_TRUE(Ask("1").ok());
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("a"));
  cache_->failure = {};
  ASSERT_TRUE(Ask("1").ok());
  Answer("b");
  EXPECT_THAT(Answers(), ElementsAre("a", "b"));
  cache_->Damage();
  ASSERT_TRUE(Ask("1").ok());
  Answer("c");
  EXPECT_THAT(Answers(), ElementsAre("a", "b", "c"));
}

TEST_P(CachingSchedulerTest, WhatIsRefusedIsRefused) {
  next_->refusal = Unavailable("full");
  const Status status = Ask("1");
  // A lookup on another thread has taken the request, and answers it.
  EXPECT_EQ(GetParam() ? status.message() : Answers().at(0), "full");
  next_->refusal = {};
  model_->scheduler().Stop();
  EXPECT_THAT(Ask("1").message(), testing::HasSubstr("Server is stopping"));
  EXPECT_EQ(model_->InflightCount(), 0U);
}

TEST_P(CachingSchedulerTest, WhatWasLetInBeforeAStopIsExecuted) {
  std::promise<void> go_on;
  ASSERT_TRUE(executor_.Post([&go_on] { go_on.get_future().wait(); }));  // lookups on other threads wait behind it
  ASSERT_TRUE(Ask("1").ok());
  model_->scheduler().Stop();
  EXPECT_EQ(next_->is_stopped, GetParam());
  go_on.set_value();
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("a"));
  EXPECT_TRUE(next_->is_stopped);
}

class SingleFlightTest : public CachingSchedulerTest {
 protected:
  SingleFlightTest()
      : CachingSchedulerTest("parameters { key: 'RESPONSE_CACHE_SINGLE_FLIGHT' value { string_value: 'true' } }") {}
};

INSTANTIATE_TEST_SUITE_P(Caches, SingleFlightTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "InProcess" : "Outside"; });

TEST_P(SingleFlightTest, WhatIsAskedAtTheSameTimeIsExecutedOnce) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Ask("1").ok());
  ASSERT_TRUE(Ask("2").ok());
  EXPECT_EQ(Executing(), 2U);
  Answer("a");
  Answer("b");
  EXPECT_THAT(Answers(), UnorderedElementsAre("a", "a", "a", "b"));
  EXPECT_EQ(requester_.releases(), 4U);
  EXPECT_EQ(Statistics().cache_miss.count, 2U);
  EXPECT_EQ(Statistics().cache_hit.count, 2U);
  EXPECT_LE(Statistics().queue.ns + Statistics().cache_hit.ns, Statistics().success.ns);
  ASSERT_TRUE(Ask("1").ok());
  EXPECT_EQ(Executing(), 0U) << "now it is in the cache";
}

TEST_P(SingleFlightTest, AnswersThatTheCacheDoesNotTakeAreSharedToo) {
  cache_->failure = InvalidArg("too large");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Ask("1").ok());
  EXPECT_EQ(Executing(), 1U);
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("a", "a"));
}

TEST_P(SingleFlightTest, AnErrorIsOnlyThatOfTheRequestThatMetIt) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Ask("1").ok());
  Answer("", Internal("no luck"));
  EXPECT_EQ(Executing(), 2U);
  Answer("a");
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("no luck", "a", "a"));
  ASSERT_TRUE(Ask("1").ok());
  EXPECT_EQ(Executing(), 0U);
}

TEST_P(SingleFlightTest, WhenTheFirstGoesAwayTheNextTakesItsPlace) {
  std::shared_ptr<ResponseFactory> first;
  ASSERT_TRUE(Ask("1", [&](InferenceRequest& r) { first = r.shared_response_factory(); }).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Ask("1").ok());
  first->Cancel();
  Answer("", Cancelled("Request cancelled"));
  EXPECT_EQ(Executing(), 1U);
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("Request cancelled", "a", "a"));
}

TEST_P(SingleFlightTest, WhoWaitsAndGoesAwayIsAnsweredAtOnce) {
  std::shared_ptr<ResponseFactory> second;
  ASSERT_TRUE(Ask("1").ok());
  ASSERT_TRUE(Ask("1", [&](InferenceRequest& r) { second = r.shared_response_factory(); }).ok());
  Settle();
  second->Cancel();
  EXPECT_THAT(Answers(), ElementsAre("Request cancelled"));
  EXPECT_EQ(next_->cancellations, 1) << "the scheduler behind hears of it as well";
  Answer("a");
  EXPECT_THAT(Answers(), ElementsAre("Request cancelled", "a"));
}

TEST_P(SingleFlightTest, WhoWouldLoseByWaitingDoesNotWait) {
  ASSERT_TRUE(Ask("1", [](InferenceRequest& r) { r.SetPriority(2); }).ok());
  ASSERT_TRUE(Ask("1", [](InferenceRequest& r) { r.SetTimeoutMicroseconds(1000); }).ok());
  EXPECT_EQ(Executing(), 2U);
  Answer("a");
  Answer("a");
}

TEST_P(SingleFlightTest, WhenTheFirstIsRefusedNobodyWaitsForIt) {
  next_->refusal = Unavailable("full");
  for (int i = 0; i < 2; ++i) {
    const Status status = Ask("1");
    EXPECT_EQ(GetParam() ? status.message() : Answers().at(i), "full");
  }
  next_->refusal = {};
  ASSERT_TRUE(Ask("1").ok());
  EXPECT_EQ(Executing(), 1U);
  Answer("a");
}

TEST(SingleFlightParameterTest, SaysYesOrNo) {
  const auto wants = [](const std::string& value) {
    return WantsSingleFlight(
        test::ParseConfig("name: 'm' parameters { key: 'RESPONSE_CACHE_SINGLE_FLIGHT' value { "
                          "string_value: '" +
                          value + "' } }"));
  };
  EXPECT_TRUE(*wants("true"));
  EXPECT_FALSE(*wants("false"));
  EXPECT_FALSE(*WantsSingleFlight(test::ParseConfig("name: 'm'")));
  EXPECT_EQ(wants("yes").error().message(),
            "model 'm': parameter 'RESPONSE_CACHE_SINGLE_FLIGHT': expected 'true' or 'false', got 'yes'");
}

}  // namespace
}  // namespace neso
