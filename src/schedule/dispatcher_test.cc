#include "schedule/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <set>

#include "schedule/test_support.h"

namespace neso {
namespace {

using std::chrono::milliseconds;
using test::AnswerAll;
using test::BatchLog;
using test::FakeInstance;
using test::Gate;
using test::ManualHost;
using test::Requester;
using test::ScheduledModel;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kInput = R"(name: "m" input { name: "a" data_type: TYPE_INT8 dims: 1 } )";
constexpr const char* kByTenant = R"( parameters { key: "BATCH_KEY_PARAMETER" value { string_value: "tenant" } })";

class DispatcherTest : public ::testing::Test {
 protected:
  ~DispatcherTest() override { gate_.Open(); }
  // A model with one instance a body.
  void Load(const std::string& config, std::vector<FakeInstance::Body> bodies, bool any_thread = true,
            BatchStrategy* strategy = nullptr) {
    model_ = house_.Load(kInput + config, std::move(bodies), any_thread, {.states = {}, .strategy = strategy});
  }
  // Logs and answers, after passing the gate.
  FakeInstance::Body Gated() {
    return [this](std::span<InferenceRequest* const> requests) {
      log_.Add(requests);
      gate_.Pass();
      AnswerAll(requests);
    };
  }
  FakeInstance::Body Logged() {
    return [this](std::span<InferenceRequest* const> requests) {
      log_.Add(requests);
      AnswerAll(requests);
    };
  }
  std::unique_ptr<InferenceRequest> Make(const std::string& id) {
    auto request = requester_.Make(model_, id);
    const bool batched = model_->max_batch_size() > 0;
    EXPECT_TRUE(request->AddInput("a", DataType::kInt8, batched ? Shape{1, 1} : Shape{1}).ok());
    BufferAttributes one;
    one.byte_size = 1;
    EXPECT_TRUE(request->AppendInputData("a", &zero_, one).ok());
    return request;
  }
  // Null on success.
  std::unique_ptr<InferenceRequest> Send(const std::string& id, Status* status = nullptr) {
    auto request = Make(id);
    const Status result = InferenceRequest::Submit(request);
    if (status != nullptr) *status = result;
    return request;
  }

  // The id is the tenant's.
  void SendFor(const std::string& tenant) {
    auto request = Make(tenant);
    request->AddParameter("tenant", tenant);
    EXPECT_TRUE(InferenceRequest::Submit(request).ok());
  }

  // Each of `count` executions takes so long, and brings the next request: without end it would keep its thread.
  void LoadEachBringingTheNext(int count, Nanoseconds duration) {
    left_ = count;
    Load("", {[this, duration](std::span<InferenceRequest* const> requests) {
           log_.Add(requests);
           Advance(duration);
           if (--left_ > 0) Send("n");
           AnswerAll(requests);
         }});
  }

  void Advance(Nanoseconds by) {
    clock_.Advance(by);
    house_.context().timers.LookAtClockForTest();
  }

  const char zero_ = 0;
  std::atomic<int> left_{0};
  Gate gate_;
  BatchLog log_;
  Requester requester_;
  ManualClock clock_;
  test::ModelHouse house_{clock_};
  std::shared_ptr<ScheduledModel> model_;
};

TEST_F(DispatcherTest, ExecutesOneByOneInOrderOfArrivalWithoutSchedulingChoice) {
  Load("", {Gated()});
  for (const char* id : {"a", "b", "c"}) Send(id);
  gate_.WaitForArrivals(1);
  EXPECT_EQ(model_->statistics().pending(), 2);
  gate_.Open();
  requester_.WaitFor(3);
  EXPECT_THAT(log_.batches(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(model_->statistics().pending(), 0);
}

TEST_F(DispatcherTest, BatchesWhatWaitedForTheInstance) {
  Load("max_batch_size: 4 dynamic_batching { }", {Gated()});
  Send("a");
  gate_.WaitForArrivals(1);
  for (const char* id : {"b", "c", "d", "e", "f"}) Send(id);
  gate_.Open();
  requester_.WaitFor(6);
  EXPECT_THAT(log_.batches(), ElementsAre("a", "bcde", "f"));
}

TEST_F(DispatcherTest, RunsInstancesBesideEachOther) {
  Load("", {Gated(), Gated()});
  Send("a");
  Send("b");
  gate_.WaitForArrivals(2);
}

TEST_F(DispatcherTest, MakesOneBatchOfABurstOnTheThreadThatBroughtIt) {
  Load("max_batch_size: 8 dynamic_batching { }", {Logged(), Logged()});
  ManualHost host;
  for (const char* id : {"a", "b", "c"}) Send(id);
  EXPECT_EQ(host.RunDeferred(), 1u);
  EXPECT_THAT(log_.batches(), ElementsAre("abc"));
  EXPECT_THAT(log_.threads(), Each(std::this_thread::get_id()));
  requester_.WaitFor(3);
}

TEST_F(DispatcherTest, GivesASecondInstanceAThreadOfItsOwn) {
  Load("", {Logged(), Gated()});
  ManualHost host;
  Send("a");
  Send("b");
  gate_.WaitForArrivals(1);  // on an executor's thread, though nothing deferred has run
  gate_.Open();
  EXPECT_EQ(host.RunDeferred(), 1u);
  requester_.WaitFor(2);
}

TEST_F(DispatcherTest, HasNoInlineHostInsideExecutionsAndCallbacks) {
  std::atomic<bool> seen{false};
  Load("", {[&](std::span<InferenceRequest* const> requests) {
         if (InlineHost::Current() != nullptr) seen = true;
         AnswerAll(requests);
       }});
  requester_.set_on_response([&](const Requester::Answer&) {
    if (InlineHost::Current() != nullptr) seen = true;
  });
  ManualHost host;
  Send("a");
  host.RunDeferred();
  requester_.WaitFor(1);
  EXPECT_FALSE(seen);
}

TEST_F(DispatcherTest, GivesASharedThreadBackWhileShortWorkKeepsComing) {
  LoadEachBringingTheNext(2000, std::chrono::microseconds(1));
  ManualHost host;
  Send("n");
  int turns = 0;
  while (host.RunDeferred() > 0) ++turns;
  requester_.WaitFor(2000);
  EXPECT_GE(turns, 7);  // of 250 us and the one that ends it
  EXPECT_THAT(log_.threads(), Each(std::this_thread::get_id()));
}

TEST_F(DispatcherTest, LongWorkGoesOnElsewhere) {
  LoadEachBringingTheNext(20, std::chrono::microseconds(300));
  ManualHost host;
  Send("n");
  EXPECT_EQ(host.RunDeferred(), 1u);
  requester_.WaitFor(20);
  EXPECT_EQ(host.RunDeferred(), 0u);
  const auto threads = log_.threads();
  EXPECT_EQ(threads.front(), std::this_thread::get_id());
  EXPECT_NE(threads.back(), std::this_thread::get_id());
}

TEST_F(DispatcherTest, ReleasesAPartialBatchWhenTheQueueDelayElapses) {
  Load("max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 5000 }", {Logged()});
  Send("a");
  Advance(milliseconds(3));
  Send("b");
  EXPECT_THAT(log_.batches(), IsEmpty());
  Advance(milliseconds(2));  // since the oldest came
  requester_.WaitFor(2);
  EXPECT_THAT(log_.batches(), ElementsAre("ab"));
}

TEST_F(DispatcherTest, DoesNotWaitForTheDelayWhenTheBatchIsFull) {
  Load("max_batch_size: 2 dynamic_batching { max_queue_delay_microseconds: 3600000000 }", {Logged()});
  Send("a");
  Send("b");
  requester_.WaitFor(2);
  EXPECT_THAT(log_.batches(), ElementsAre("ab"));
}

TEST_F(DispatcherTest, RefusesWhatTimesOutWhileTheInstanceIsBusy) {
  Load(R"(max_batch_size: 1 dynamic_batching {
         default_queue_policy { default_timeout_microseconds: 200000 } })",
       {Gated()});
  Send("a");
  gate_.WaitForArrivals(1);
  Send("b");
  Advance(milliseconds(200));
  requester_.WaitFor(1);
  const auto answers = requester_.answers();
  EXPECT_EQ(answers[0].id, "b");
  EXPECT_EQ(answers[0].status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(answers[0].status.message(), "Request timeout expired");
  EXPECT_EQ(model_->statistics().Snapshot().failures[0], 1u);
  gate_.Open();
  requester_.WaitFor(2);
}

TEST_F(DispatcherTest, AnswersCancelledRequestsWithoutExecutingThem) {
  Load("max_batch_size: 1 dynamic_batching { }", {Gated()});
  Send("a");
  gate_.WaitForArrivals(1);
  auto request = Make("b");
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  Send("c");
  factory->Cancel();
  requester_.WaitFor(1);
  EXPECT_EQ(requester_.answers()[0].id, "b");
  EXPECT_EQ(requester_.answers()[0].status.code(), StatusCode::kCancelled);
  gate_.Open();
  requester_.WaitFor(3);
  EXPECT_THAT(log_.batches(), ElementsAre("a", "c"));
  EXPECT_EQ(model_->statistics().Snapshot().failures[1], 1u);
}

TEST_F(DispatcherTest, AnswersRequestsThatWereCancelledBeforeTheyCame) {
  Load("", {Logged()});
  auto request = Make("a");
  request->Cancel();
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  requester_.WaitFor(1);
  EXPECT_EQ(requester_.answers()[0].status.code(), StatusCode::kCancelled);
  EXPECT_THAT(log_.batches(), SizeIs(0));
}

TEST_F(DispatcherTest, RefusesWhatExceedsTheQueueAndCountsIt) {
  Load("max_batch_size: 1 dynamic_batching { default_queue_policy { max_queue_size: 1 } }", {Gated()});
  Send("a");
  gate_.WaitForArrivals(1);
  Send("b");
  Status status;
  EXPECT_NE(Send("c", &status), nullptr);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "[request id: c] Exceeds maximum queue size");
  EXPECT_EQ(model_->statistics().Snapshot().failures[0], 1u);
  gate_.Open();
  requester_.WaitFor(2);
}

TEST_F(DispatcherTest, RefusesNewRequestsOnceStoppedAndExecutesThoseThatWait) {
  Load("max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 3600000000 }", {Logged()});
  Send("a");
  Send("b");
  model_->scheduler().Stop();
  Status status;
  EXPECT_NE(Send("c", &status), nullptr);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "[request id: c] Server is stopping, scheduler for model has stopped accepting new inference requests");
  requester_.WaitFor(2);
  EXPECT_THAT(log_.batches(), ElementsAre("ab"));
}

TEST_F(DispatcherTest, ServesHigherPrioritiesFirst) {
  Load("max_batch_size: 1 dynamic_batching { priority_levels: 2 default_priority_level: 2 }", {Gated()});
  Send("x");
  gate_.WaitForArrivals(1);
  Send("a");
  auto urgent = Make("b");
  urgent->SetPriority(1);
  ASSERT_TRUE(InferenceRequest::Submit(urgent).ok());
  gate_.Open();
  requester_.WaitFor(3);
  EXPECT_THAT(log_.batches(), ElementsAre("x", "b", "a"));
}

TEST_F(DispatcherTest, AnswersInOrderOfArrivalIfConfigured) {
  Load("max_batch_size: 1 dynamic_batching { preserve_ordering: true }", {Gated(), Logged()});
  Send("0");
  gate_.WaitForArrivals(1);
  for (int i = 1; i < 20; ++i) Send(std::to_string(i));
  log_.WaitFor(20);
  EXPECT_THAT(requester_.answers(), IsEmpty());  // all the others have been executed but perhaps the last
  gate_.Open();
  requester_.WaitFor(20);
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(std::to_string(i));
  EXPECT_EQ(requester_.answered_ids(), ids);
}

TEST_F(DispatcherTest, KeepsAnInstanceThatIsParticularAboutItOnOneThread) {
  Load("", {Logged()}, false);
  ManualHost host;
  for (int i = 0; i < 50; ++i) Send("x");
  requester_.WaitFor(50);
  const auto threads = log_.threads();
  EXPECT_THAT(std::set<std::thread::id>(threads.begin(), threads.end()), SizeIs(1));
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST_F(DispatcherTest, ChangesInstancesWhileRequestsWait) {
  FakeInstance first(Gated()), second(Logged());
  Load("", {Gated()});
  model_->SetScheduler(MakeScheduler(*model_, {&first}, house_.context()));
  Send("a");
  gate_.WaitForArrivals(1);
  Send("b");
  auto changed = std::async(std::launch::async, [&] { return model_->scheduler().UpdateInstances({&second}).ok(); });
  log_.WaitFor(2);
  EXPECT_THAT(log_.batches(), ElementsAre("a", "b"));
  EXPECT_EQ(changed.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  gate_.Open();
  EXPECT_TRUE(changed.get());
  requester_.WaitFor(2);
  model_->SetScheduler(nullptr);
}

TEST_F(DispatcherTest, ReschedulesWithoutGrowingTheStack) {
  std::atomic<int> executions{0};
  Load("max_batch_size: 4 dynamic_batching { }", {[&](std::span<InferenceRequest* const> requests) {
         for (InferenceRequest* request : requests) {
           if (++executions == 100'000) {
             test::AnswerAndRelease(request);
             continue;
           }
           request->AddReleaseHook([](std::unique_ptr<InferenceRequest>& r, uint32_t flags) {
             if ((flags & TRITONSERVER_REQUEST_RELEASE_RESCHEDULE) == 0) return;
             Scheduler& scheduler = r->model()->scheduler();
             EXPECT_TRUE(scheduler.Enqueue(r).ok());
           });
           InferenceRequest::Release(std::unique_ptr<InferenceRequest>(request),
                                     TRITONSERVER_REQUEST_RELEASE_RESCHEDULE);
         }
       }});
  Send("a");
  requester_.WaitFor(1);
  EXPECT_EQ(executions, 100'000);
}

TEST_F(DispatcherTest, BatchesRequestsOfTheSameKeyAcrossThoseOfOthers) {
  Load(std::string("max_batch_size: 4 dynamic_batching { }") + kByTenant, {Gated()});
  Send("x");
  gate_.WaitForArrivals(1);
  for (const char* id : {"a", "b", "a", "c", "a", "b", "a", "a"}) SendFor(id);
  gate_.Open();
  requester_.WaitFor(9);
  EXPECT_THAT(log_.batches(), ElementsAre("x", "aaaa", "bb", "c", "a"));
}

TEST_F(DispatcherTest, SendsTheKeyWhoseBatchIsFullWhileOthersWaitForTheDelay) {
  Load(std::string("max_batch_size: 2 dynamic_batching { max_queue_delay_microseconds: 1000 }") + kByTenant,
       {Logged()});
  SendFor("a");
  SendFor("b");
  Advance(std::chrono::microseconds(500));
  SendFor("c");
  SendFor("b");
  requester_.WaitFor(2);
  EXPECT_THAT(log_.batches(), ElementsAre("bb"));
  Advance(std::chrono::microseconds(500));
  requester_.WaitFor(3);
  Advance(std::chrono::microseconds(500));
  requester_.WaitFor(4);
  EXPECT_THAT(log_.batches(), ElementsAre("bb", "a", "c"));
}

TEST_F(DispatcherTest, AsksTheStrategyWhatJoinsABatch) {
  test::ScriptedStrategy strategy("b");
  Load("max_batch_size: 8 dynamic_batching { }", {Gated()}, true, &strategy);
  for (const char* id : {"x", "a", "a", "b", "a", "b"}) {
    Send(id);
    if (*id == 'x') gate_.WaitForArrivals(1);
  }
  gate_.Open();
  requester_.WaitFor(6);
  EXPECT_THAT(log_.batches(), ElementsAre("x", "aa", "ba", "b"));
  model_ = nullptr;
  EXPECT_THAT(strategy.batches(), ElementsAre("x", "aa!b", "ba!b", "b"));
}

TEST_F(DispatcherTest, DoesNotWaitForTheDelayWhenTheStrategyHasClosedTheBatch) {
  test::ScriptedStrategy strategy("b");
  Load("max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 1000 }", {Logged()}, true, &strategy);
  Send("a");
  Send("a");
  EXPECT_THAT(log_.batches(), IsEmpty());
  Send("b");
  requester_.WaitFor(2);
  EXPECT_THAT(log_.batches(), ElementsAre("aa"));
  Advance(milliseconds(1));
  requester_.WaitFor(3);
  EXPECT_THAT(log_.batches(), ElementsAre("aa", "b"));
}

}  // namespace
}  // namespace neso
