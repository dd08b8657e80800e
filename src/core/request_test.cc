#include "core/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "core/test_support.h"
#include "core/trace.h"

namespace neso {
namespace {

using test::HoldingScheduler;
using test::MakeModel;
using test::Requester;
using ::testing::ElementsAre;

class RequestTest : public ::testing::Test {
 protected:
  RequestTest() : model_(MakeModel(R"(name: "m" output { name: "o" data_type: TYPE_INT8 dims: 1 })")) {
    auto scheduler = std::make_unique<HoldingScheduler>();
    scheduler_ = scheduler.get();
    model_->SetScheduler(std::move(scheduler));
  }
  // Submits a request and takes it as a backend would.
  std::unique_ptr<InferenceRequest> Executing(const char* id = "") {
    std::unique_ptr<InferenceRequest> request = requester_.Make(model_, id);
    EXPECT_TRUE(InferenceRequest::Submit(request).ok());
    return scheduler_->Take();
  }

  Requester requester_;
  ModelHandle model_;
  HoldingScheduler* scheduler_;
};

TEST_F(RequestTest, KeepsInputsByNameAndInOrder) {
  auto request = InferenceRequest::Create(model_, 3);
  ASSERT_TRUE(request->AddInput("a", DataType::kFp32, Shape{1}).ok());
  ASSERT_TRUE(request->AddInput("b", DataType::kFp32, Shape{2}).ok());
  ASSERT_TRUE(request->AddInput("c", DataType::kFp32, Shape{3}).ok());
  EXPECT_EQ(request->AddInput("b", DataType::kFp32, Shape{2}).message(),
            "[request id: <id_unknown>] input 'b' already exists in request");
  EXPECT_TRUE(request->RemoveInput("a").ok());
  EXPECT_EQ(request->RemoveInput("a").message(), "input 'a' does not exist in request");
  ASSERT_EQ(request->inputs().size(), 2u);
  EXPECT_EQ(request->inputs()[0].name(), "b");
  EXPECT_EQ(request->inputs()[1].original_shape(), Shape{3});
  EXPECT_EQ(request->AddRawInput("r").code(), StatusCode::kInvalidArg);
}

TEST_F(RequestTest, KeepsDataOfHostPoliciesApart) {
  auto request = InferenceRequest::Create(model_, -1);
  ASSERT_TRUE(request->AddInput("a", DataType::kInt8, Shape{4}).ok());
  BufferAttributes four;
  four.byte_size = 4;
  const char x[4] = {}, y[4] = {};
  ASSERT_TRUE(request->AppendInputData("a", x, four).ok());
  ASSERT_TRUE(request->AppendInputData("a", y, four, "gpu_0").ok());
  const Input& input = request->inputs()[0];
  EXPECT_EQ(input.byte_size(), 4u);
  EXPECT_EQ(request->BuffersForHostPolicy(input, "gpu_0")[0].base, y);
  EXPECT_EQ(request->BuffersForHostPolicy(input, "other")[0].base, x);
}

TEST_F(RequestTest, KnowsEachOfManyInputsByItsName) {
  auto request = InferenceRequest::Create(model_, -1);
  const auto name = [](int i) { return "input " + std::to_string(i); };
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(request->AddInput(name(i), DataType::kFp32, Shape{i}).ok());
  EXPECT_EQ(request->AddInput(name(7), DataType::kFp32, Shape{1}).message(),
            "[request id: <id_unknown>] input 'input 7' already exists in request");
  ASSERT_TRUE(request->RemoveInput(name(0)).ok());
  EXPECT_EQ(request->FindInput(name(0)), nullptr);
  for (int i = 1; i < 10'000; ++i) EXPECT_EQ(request->FindInput(name(i))->original_shape(), Shape{i});
  request->RemoveAllInputs();
  EXPECT_EQ(request->FindInput(name(1)), nullptr);
}

TEST_F(RequestTest, RefusesAnOutputThatIsRequestedTwice) {
  auto request = InferenceRequest::Create(model_, -1);
  request->SetId("7");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(request->AddRequestedOutput("output " + std::to_string(i)).ok());
  EXPECT_EQ(request->AddRequestedOutput("output 3").message(),
            "[request id: 7] output 'output 3' already exists in request");
  request->RemoveRequestedOutput("output 3");
  EXPECT_TRUE(request->AddRequestedOutput("output 3").ok());
  EXPECT_FALSE(request->AddRequestedOutput("output 99").ok());
}

TEST_F(RequestTest, ComesBackFromThePoolAsNew) {
  {
    auto request = InferenceRequest::Create(model_, 7);
    request->SetId("old");
    request->SetCorrelationId(CorrelationId(5));
    request->AddParameter("k", int64_t{1});
    ASSERT_TRUE(request->AddInput("a", DataType::kFp32, Shape{1}).ok());
    ASSERT_TRUE(request->AddRequestedOutput("o").ok());
    request->Cancel();
  }
  auto request = InferenceRequest::Create(model_, -1);
  EXPECT_EQ(request->id(), "");
  EXPECT_EQ(request->correlation_id(), CorrelationId());
  EXPECT_TRUE(request->parameters().empty());
  EXPECT_TRUE(request->inputs().empty());
  EXPECT_FALSE(request->IsCancelled());
}

TEST_F(RequestTest, CountsAsPendingUntilItExecutesAndInFlightUntilItIsReleased) {
  std::unique_ptr<InferenceRequest> request = Executing();
  EXPECT_EQ(model_->statistics().pending(), 1);
  EXPECT_EQ(model_->InflightCount(), 1u);
  request->MarkExecuting();
  EXPECT_EQ(model_->statistics().pending(), 0);
  test::AnswerAndRelease(request.release());
  EXPECT_EQ(model_->InflightCount(), 0u);
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(RequestTest, TheLastOneToEndTellsWhoWaitsForIt) {
  const auto idle = std::make_shared<Event>();
  const auto is_told = [&] { return idle->WaitUntil(std::chrono::steady_clock::now()); };
  test::AnswerAndRelease(Executing().release());
  std::unique_ptr<InferenceRequest> first = Executing();
  std::unique_ptr<InferenceRequest> last = Executing();
  model_->WatchRequests(idle);
  test::AnswerAndRelease(first.release());
  EXPECT_FALSE(is_told());
  test::AnswerAndRelease(last.release());
  EXPECT_TRUE(is_told());
}

TEST_F(RequestTest, StaysWithItsOwnerWhenItIsRefused) {
  scheduler_->refusal = Unavailable("full");
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_, "x");
  EXPECT_EQ(InferenceRequest::Submit(request).message(), "full");
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(model_->InflightCount(), 0u);
  EXPECT_EQ(model_->statistics().pending(), 0);
  EXPECT_TRUE(requester_.answers().empty());
  scheduler_->refusal = {};
  EXPECT_TRUE(InferenceRequest::Submit(request).ok());
  test::AnswerAndRelease(scheduler_->Take().release());
  EXPECT_EQ(requester_.answers().size(), 1u);
}

TEST_F(RequestTest, IsSubmittedOnceUntilItsRelease) {
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  EXPECT_FALSE(request->in_flight());
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  request = scheduler_->Take();
  EXPECT_TRUE(request->in_flight());
  EXPECT_EQ(InferenceRequest::Submit(request).code(), StatusCode::kInvalidArg);
  EXPECT_TRUE(request->in_flight());
  EXPECT_TRUE(scheduler_->held.empty());
  test::AnswerAndRelease(request.release());
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(RequestTest, MayBeSubmittedAgainWhenItWasRefused) {
  scheduler_->refusal = Unavailable("full");
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  EXPECT_FALSE(InferenceRequest::Submit(request).ok());
  EXPECT_FALSE(request->in_flight());
  ASSERT_TRUE(request->AddInput("none of the model's", DataType::kInt8, Shape{1}).ok());
  EXPECT_FALSE(InferenceRequest::Submit(request).ok());
  EXPECT_FALSE(request->in_flight());
}

TEST_F(RequestTest, AnswersAFailureOnceAndFinally) {
  InferenceRequest::RespondAndRelease(Executing("r1"), Unavailable("no"), InferenceRequest::FailureReason::kRejected);
  const auto answers = requester_.answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].id, "r1");
  EXPECT_EQ(answers[0].status.message(), "no");
  EXPECT_EQ(answers[0].flags, uint32_t{TRITONSERVER_RESPONSE_COMPLETE_FINAL});
  EXPECT_EQ(requester_.releases(), 1u);
  const StatisticsSnapshot statistics = model_->statistics().Snapshot();
  EXPECT_EQ(statistics.fail.count, 1u);
  EXPECT_THAT(statistics.failures, ElementsAre(1, 0, 0, 0));
}

TEST_F(RequestTest, RunsReleaseHooksNewestFirstUntilOneTakesItBack) {
  std::unique_ptr<InferenceRequest> request = Executing();
  std::vector<int> order;
  std::unique_ptr<InferenceRequest> taken;
  request->AddReleaseHook([&](std::unique_ptr<InferenceRequest>&, uint32_t) { order.push_back(1); });
  request->AddReleaseHook([&](std::unique_ptr<InferenceRequest>& r, uint32_t flags) {
    order.push_back(2);
    if ((flags & TRITONSERVER_REQUEST_RELEASE_RESCHEDULE) != 0) taken = std::move(r);
  });
  request->AddReleaseHook([&](std::unique_ptr<InferenceRequest>&, uint32_t) { order.push_back(3); });
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_RESCHEDULE);
  EXPECT_THAT(order, ElementsAre(3, 2));
  EXPECT_EQ(requester_.releases(), 0u);
  test::AnswerAndRelease(taken.release());
  EXPECT_THAT(order, ElementsAre(3, 2, 1));
  EXPECT_EQ(requester_.releases(), 1u);
}

TEST_F(RequestTest, CanBeAnsweredAfterItsRelease) {
  std::unique_ptr<InferenceRequest> request = Executing("late");
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  InferenceResponse::Send(factory->CreateResponse(factory), 0);
  EXPECT_FALSE(factory->IsFinalSent());
  factory->SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  EXPECT_TRUE(factory->IsFinalSent());
  const auto answers = requester_.answers();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].id, "late");
  EXPECT_FALSE(answers[1].has_response);
}

TEST_F(RequestTest, TellsTheSchedulerAboutCancellationOnce) {
  std::unique_ptr<InferenceRequest> early = requester_.Make(model_);
  early->Cancel();
  EXPECT_EQ(scheduler_->cancellations, 0);
  std::unique_ptr<InferenceRequest> request = Executing();
  EXPECT_FALSE(request->IsCancelled());
  request->Cancel();
  request->Cancel();
  EXPECT_TRUE(request->IsCancelled());
  EXPECT_EQ(scheduler_->cancellations, 1);
  test::AnswerAndRelease(request.release());
}

TEST_F(RequestTest, RunsTheCancelHookOnceAlsoWhenItComesLate) {
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  int runs = 0;
  request->response_factory().SetCancelHook([&] { ++runs; });
  request->Cancel();
  EXPECT_EQ(runs, 1);
  request->response_factory().SetCancelHook([&] { ++runs; });
  EXPECT_EQ(runs, 2);
}

TEST_F(RequestTest, ResponsesMeetWhoStandsInTheirWayInTheOrderOfStages) {
  std::unique_ptr<InferenceRequest> request = Executing("d");
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  std::vector<std::string> met;
  std::unique_ptr<InferenceResponse> kept;
  // Set in another order than that of the stages.
  factory->Intercept(ResponseStage::kEnsemble, [&](std::unique_ptr<InferenceResponse> response, uint32_t) {
    met.emplace_back("ensemble");
    kept = std::move(response);
  });
  factory->Intercept(ResponseStage::kCache, [&](std::unique_ptr<InferenceResponse> response, uint32_t flags) {
    met.emplace_back("cache");
    factory->PassOn(ResponseStage::kCache, std::move(response), flags);
  });
  test::AnswerAndRelease(request.release());
  EXPECT_THAT(met, ElementsAre("cache", "ensemble"));
  EXPECT_TRUE(requester_.answers().empty());
  factory->PassOn(ResponseStage::kEnsemble, std::move(kept), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  EXPECT_THAT(met, ElementsAre("cache", "ensemble"));
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("d"));
}

TEST_F(RequestTest, StopsExceptionsOfCallbacks) {
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  requester_.set_on_response([](const Requester::Answer&) { throw std::runtime_error("requester's bug"); });
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  test::AnswerAndRelease(scheduler_->Take().release());
  EXPECT_EQ(requester_.releases(), 1u);
}

struct TraceLog {
  static void OnActivity(TRITONSERVER_InferenceTrace*, TRITONSERVER_InferenceTraceActivity activity, uint64_t,
                         void* log) {
    static_cast<TraceLog*>(log)->activities.push_back(activity);
  }
  static void OnRelease(TRITONSERVER_InferenceTrace* trace, void* log) {
    static_cast<TraceLog*>(log)->released = true;
    delete static_cast<InferenceTrace*>(trace);
  }
  InferenceTrace* Make() {
    return new InferenceTrace(TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, 0, &OnActivity, nullptr, &OnRelease, this);
  }
  std::vector<int> activities;
  bool released = false;
};

TEST_F(RequestTest, EndsItsTraceWhenReleasedAndFinallyAnswered) {
  TraceLog log;
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  ASSERT_TRUE(InferenceRequest::Submit(request, log.Make()).ok());
  request = scheduler_->Take();
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  EXPECT_FALSE(log.released);
  factory->SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  EXPECT_TRUE(log.released);
  EXPECT_THAT(log.activities, ElementsAre(TRITONSERVER_TRACE_REQUEST_START, TRITONSERVER_TRACE_REQUEST_END));
}

TEST_F(RequestTest, GivesTheTraceBackWhenItIsRefused) {
  TraceLog log;
  scheduler_->refusal = Unavailable("full");
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  EXPECT_FALSE(InferenceRequest::Submit(request, log.Make()).ok());
  EXPECT_TRUE(log.released);
}

TEST_F(RequestTest, GivesTheTraceBackWhenItIsInFlightAlready) {
  TraceLog log;
  std::unique_ptr<InferenceRequest> request = requester_.Make(model_);
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  request = scheduler_->Take();
  EXPECT_FALSE(InferenceRequest::Submit(request, log.Make()).ok());
  EXPECT_TRUE(log.released);
  EXPECT_TRUE(log.activities.empty());
  test::AnswerAndRelease(request.release());
}

TEST(InferenceTraceTest, TurnsTheOldLevelsIntoTimestampsAndNumbersChildren) {
  TraceLog log;
  auto* trace =
      new InferenceTrace(TRITONSERVER_TRACE_LEVEL_MAX, 0, &TraceLog::OnActivity, nullptr, &TraceLog::OnRelease, &log);
  EXPECT_EQ(trace->level(), TRITONSERVER_TRACE_LEVEL_TIMESTAMPS);
  InferenceTrace* const child = trace->SpawnChild();
  EXPECT_EQ(child->parent_id(), trace->id());
  EXPECT_NE(child->id(), trace->id());
  child->ReportCustom("mine", 5);
  EXPECT_EQ(child->custom_activity(), "mine");
  EXPECT_THAT(log.activities, ElementsAre(TRITONSERVER_TRACE_CUSTOM_ACTIVITY));
  InferenceTrace::Release(child);
  InferenceTrace::Release(trace);
}

}  // namespace
}  // namespace neso
