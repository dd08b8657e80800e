// Schedulers under many threads, nested calls and models that vanish while they execute.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/test_support.h"
#include "schedule/test_support.h"

namespace neso {
namespace {

using test::FakeInstance;
using test::Requester;
using test::ScheduledModel;

class ConcurrencyTest : public ::testing::Test {
 protected:
  std::shared_ptr<ScheduledModel> Load(const std::string& config, std::vector<FakeInstance::Body> bodies,
                                       bool any_thread = true) {
    return house_.Load(R"(name: "m" )" + config, std::move(bodies), any_thread);
  }
  test::ModelHouse house_;
};

TEST_F(ConcurrencyTest, AnswersEveryRequestOfManyThreads) {
  for (const char* config :
       {"", "max_batch_size: 8 dynamic_batching { }",
        "max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 50 preserve_ordering: true "
        "default_queue_policy { default_timeout_microseconds: 300 } }"}) {
    for (const bool any_thread : {true, false}) {
      Requester requester;
      std::vector<FakeInstance::Body> bodies;
      for (int i = 0; i < 3; ++i) {
        // Owned by the body: an execution goes on after its last answer.
        bodies.emplace_back(
            [busy = std::make_shared<std::atomic<int>>(0)](std::span<InferenceRequest* const> requests) {
              EXPECT_EQ(busy->fetch_add(1), 0) << "an instance executes one batch at a time";
              test::AnswerAll(requests);
              busy->fetch_sub(1);
            });
      }
      const auto model = Load(config, std::move(bodies), any_thread);
      constexpr size_t kThreads = 4, kEach = 500;
      std::vector<std::thread> threads;
      for (size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          for (size_t i = 0; i < kEach; ++i) {
            auto request = requester.Make(model);
            const auto factory = request->shared_response_factory();
            EXPECT_TRUE(InferenceRequest::Submit(request).ok());
            if (i % 7 == 0) factory->Cancel();
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      requester.WaitFor(kThreads * kEach);
      EXPECT_EQ(model->statistics().pending(), 0);
    }
  }
}

TEST_F(ConcurrencyTest, LetsABackendBlockOnCallsThreeModelsDeep) {
  // Sends one request to `inner` and waits for the answer inside the execution.
  const auto call = [](const std::shared_ptr<ScheduledModel>& inner) {
    return [&inner](std::span<InferenceRequest* const> requests) {
      Requester nested;
      auto request = nested.Make(inner);
      EXPECT_TRUE(InferenceRequest::Submit(request).ok());
      nested.WaitFor(1);
      test::AnswerAll(requests);
    };
  };
  Requester requester;
  const auto leaf = Load("", {nullptr});
  const auto middle = Load("", {call(leaf)});
  const auto top = Load("", {call(middle)});
  for (int i = 0; i < 20; ++i) {
    auto request = requester.Make(top);
    ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  }
  requester.WaitFor(20);
}

TEST_F(ConcurrencyTest, SurvivesTheLastRequestTakingItsModelDown) {
  for (const bool any_thread : {true, false}) {
    for (int i = 0; i < 50; ++i) {
      Requester requester;
      auto model = Load("max_batch_size: 4 dynamic_batching { }", {nullptr}, any_thread);
      auto request = requester.Make(model);
      model.reset();
      ASSERT_TRUE(InferenceRequest::Submit(request).ok());
      requester.WaitFor(1);
    }
  }
}

TEST_F(ConcurrencyTest, OverlapsTwoCallsFromOneThread) {
  std::atomic<int> inside{0};
  const auto meet = [&](std::span<InferenceRequest* const> requests) {
    ++inside;
    EXPECT_TRUE(test::Eventually([&] { return inside == 2; }));
    test::AnswerAll(requests);
  };
  Requester requester;
  const auto model = Load("", {meet, meet});
  for (int i = 0; i < 2; ++i) {
    auto request = requester.Make(model);
    ASSERT_TRUE(InferenceRequest::Submit(request).ok());
  }
  requester.WaitFor(2);
}

}  // namespace
}  // namespace neso
