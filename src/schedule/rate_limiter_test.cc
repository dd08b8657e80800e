// Models that share resources, on the schedulers that servers use.
#include "schedule/rate_limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/test_support.h"
#include "schedule/test_support.h"

namespace neso {
namespace {

using test::FakeInstance;
using test::Gate;
using test::Requester;
using test::ScheduledModel;

class RateLimiterTest : public ::testing::Test {
 protected:
  // One instance a body, each of which needs `count` of R.
  std::shared_ptr<ScheduledModel> Load(std::vector<FakeInstance::Body> bodies, int count = 1, int priority = 1,
                                       const std::string& scheduling = "", bool any_thread = true) {
    const inference::ModelConfig parsed =
        test::ParseConfig("instance_group { rate_limiter { resources { name: 'R' count: " + std::to_string(count) +
                          " } priority: " + std::to_string(priority) + " } }");
    std::vector<std::unique_ptr<FakeInstance>> instances;
    for (auto& body : bodies) {
      instances.push_back(std::make_unique<FakeInstance>(std::move(body), any_thread,
                                                         *limiter_->Admit(parsed.instance_group(0).rate_limiter(), 0)));
    }
    return house_.Load("name: 'm' " + scheduling, std::move(instances));
  }
  void Send(const ModelHandle& model, int count = 1) {
    for (int i = 0; i < count; ++i) {
      auto request = requester_.Make(model);
      ASSERT_TRUE(InferenceRequest::Submit(request).ok());
    }
  }

  const std::shared_ptr<RateLimiter> limiter_ = std::make_shared<RateLimiter>(std::span<const ResourceLimit>());
  Requester requester_;
  test::ModelHouse house_;
};

TEST_F(RateLimiterTest, TwoModelsThatShareAResourceTakeTurns) {
  for (const bool any_thread : {true, false}) {
    std::atomic<int> busy{0};
    const auto alone = [&](std::span<InferenceRequest* const> requests) {
      EXPECT_EQ(busy.fetch_add(1), 0);
      std::this_thread::yield();
      busy.fetch_sub(1);
      test::AnswerAll(requests);
    };
    const auto a = Load({alone, alone}, 1, 1, "", any_thread);
    const auto b = Load({alone}, 1, 2, "max_batch_size: 4 dynamic_batching { }", any_thread);
    const size_t before = requester_.releases();
    for (int i = 0; i < 100; ++i) {
      Send(a);
      Send(b);
    }
    requester_.WaitFor(before + 200);
  }
}

TEST_F(RateLimiterTest, PriorityTwoExecutesHalfAsOften) {
  Gate gate;
  std::atomic<int> a_count{0}, b_count{0}, b_when_a_ended{0};
  constexpr int kRequests = 60;
  const auto a = Load({[&](std::span<InferenceRequest* const> requests) {
    gate.Pass();
    if (++a_count == kRequests) b_when_a_ended = b_count.load();
    test::AnswerAll(requests);
  }});
  const auto b = Load({[&](std::span<InferenceRequest* const> requests) {
                        ++b_count;
                        test::AnswerAll(requests);
                      }},
                      1, 2);
  Send(a);
  gate.WaitForArrivals(1);
  Send(a, kRequests - 1);
  Send(b, kRequests);
  gate.Open();
  requester_.WaitFor(2 * kRequests);
  EXPECT_NEAR(b_when_a_ended, kRequests / 2.0, 1);
}

TEST_F(RateLimiterTest, RequestsThatComeWhileAnInstanceWaitsAreInItsBatch) {
  Gate gate;
  test::BatchLog log;
  const auto a = Load({[&](std::span<InferenceRequest* const> requests) {
    gate.Pass();
    test::AnswerAll(requests);
  }});
  const auto b = Load({[&](std::span<InferenceRequest* const> requests) {
                        log.Add(requests);
                        test::AnswerAll(requests);
                      }},
                      1, 1, "max_batch_size: 8 dynamic_batching { }");
  Send(a);
  gate.WaitForArrivals(1);
  for (const char* id : {"1", "2", "3"}) {
    auto request = requester_.Make(b, id);
    ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  }
  gate.Open();
  requester_.WaitFor(4);
  EXPECT_EQ(log.batches(), std::vector<std::string>{"123"});
}

TEST_F(RateLimiterTest, AnInstanceThatNeedsNothingDoesNotWait) {
  Gate gate;
  const auto holder = Load({[&](std::span<InferenceRequest* const> requests) {
    gate.Pass();
    test::AnswerAll(requests);
  }});
  std::vector<std::unique_ptr<FakeInstance>> instances;
  const auto needs = test::ParseConfig("instance_group { rate_limiter { resources { name: 'R' count: 1 } } }");
  instances.push_back(
      std::make_unique<FakeInstance>(nullptr, true, *limiter_->Admit(needs.instance_group(0).rate_limiter(), 0)));
  instances.push_back(std::make_unique<FakeInstance>(nullptr, true, *limiter_->Admit({}, 0)));
  const std::shared_ptr<ScheduledModel> mixed = house_.Load("name: 'mixed'", std::move(instances));
  Send(holder);
  gate.WaitForArrivals(1);
  Send(mixed, 10);
  requester_.WaitFor(10);
  gate.Open();
  requester_.WaitFor(11);
}

TEST_F(RateLimiterTest, AModelThatGoesGivesItsResourcesBackAndLeavesTheLine) {
  Gate gate;
  auto holder = Load({[&](std::span<InferenceRequest* const> requests) {
    gate.Pass();
    test::AnswerAll(requests);
  }});
  Send(holder);
  gate.WaitForArrivals(1);
  auto waits = Load({nullptr, nullptr});
  // Cancelled where it waits: the instance that was to take it waits in vain, and then the model goes.
  auto request = requester_.Make(waits);
  const auto factory = request->shared_response_factory();
  ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  factory->Cancel();
  requester_.WaitFor(1);
  waits.reset();
  gate.Open();
  requester_.WaitFor(2);
  holder.reset();
  const auto next = Load({nullptr});
  Send(next);
  requester_.WaitFor(3);
}

TEST_F(RateLimiterTest, ANewModelThatNeedsMoreMakesMoreOfTheResource) {
  Gate gate;
  const auto first = Load({[&](std::span<InferenceRequest* const> requests) {
    gate.Pass();
    test::AnswerAll(requests);
  }});
  const auto second = Load({[&](std::span<InferenceRequest* const> requests) {
    gate.Pass();
    test::AnswerAll(requests);
  }});
  Send(first);
  gate.WaitForArrivals(1);
  Send(second);
  const auto large = Load({nullptr}, /*count=*/2);
  gate.WaitForArrivals(2);
  gate.Open();
  requester_.WaitFor(2);
}

TEST_F(RateLimiterTest, NothingIsOverdrawnOrLostByManyThreads) {
  for (const bool any_thread : {true, false}) {
    std::atomic<int> in_use{0};
    const auto taking = [&in_use](int count) {
      return [&in_use, count](std::span<InferenceRequest* const> requests) {
        EXPECT_LE(in_use.fetch_add(count) + count, 3);
        std::this_thread::yield();
        in_use.fetch_sub(count);
        test::AnswerAll(requests);
      };
    };
    std::vector<std::shared_ptr<ScheduledModel>> models;
    models.push_back(Load({taking(3)}, 3, 1, "", any_thread));
    models.push_back(Load({taking(1), taking(1), taking(1)}, 1, 2, "", any_thread));
    models.push_back(Load({taking(2), taking(2)}, 2, 1, "max_batch_size: 4 dynamic_batching { }", any_thread));
    const size_t before = requester_.releases();
    constexpr size_t kThreads = 4, kEach = 300;
    std::vector<std::thread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = 0; i < kEach; ++i) {
          auto request = requester_.Make(models[(t + i) % models.size()]);
          const auto factory = request->shared_response_factory();
          EXPECT_TRUE(InferenceRequest::Submit(request).ok());
          if (i % 11 == 0) factory->Cancel();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    requester_.WaitFor(before + kThreads * kEach);
    EXPECT_EQ(in_use, 0);
  }
}

TEST_F(RateLimiterTest, SurvivesModelsThatGoWhileTheyWait) {
  const auto steady = Load({nullptr}, 1);
  for (int i = 0; i < 50; ++i) {
    auto model = Load({nullptr, nullptr}, 1, 1, "max_batch_size: 4 dynamic_batching { }", i % 2 == 0);
    Send(steady, 3);
    auto request = requester_.Make(model);
    model.reset();
    ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  }
  requester_.WaitFor(200);
}

}  // namespace
}  // namespace neso
