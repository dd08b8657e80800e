#include "schedule/response_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/test_support.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ResponseOrderTest : public ::testing::Test {
 protected:
  ResponseOrderTest() : model_(test::MakeModel(R"(name: "m")")) {
    auto scheduler = std::make_unique<test::HoldingScheduler>();
    scheduler_ = scheduler.get();
    model_->SetScheduler(std::move(scheduler));
  }
  InferenceRequest* Ordered(const std::string& id) {
    auto request = requester_.Make(model_, id);
    EXPECT_TRUE(InferenceRequest::Submit(request).ok());
    request = scheduler_->Take();
    order_->Add(request->shared_response_factory());
    return request.release();
  }
  test::Requester requester_;
  ModelHandle model_;
  test::HoldingScheduler* scheduler_;
  const std::shared_ptr<ResponseOrder> order_ = std::make_shared<ResponseOrder>();
};

TEST_F(ResponseOrderTest, HoldsResponsesBackUntilEarlierRequestsAreAnswered) {
  InferenceRequest* const a = Ordered("a");
  InferenceRequest* const b = Ordered("b");
  InferenceRequest* const c = Ordered("c");
  test::AnswerAndRelease(c);
  test::AnswerAndRelease(b);
  EXPECT_THAT(requester_.answered_ids(), IsEmpty());
  test::AnswerAndRelease(a);
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("a", "b", "c"));
}

TEST_F(ResponseOrderTest, PassesTheFrontRequestsResponsesOnAsTheyCome) {
  InferenceRequest* const a = Ordered("a");
  InferenceRequest* const b = Ordered("b");
  const auto factory = a->shared_response_factory();
  InferenceResponse::Send(factory->CreateResponse(factory), 0);
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("a"));
  test::AnswerAndRelease(b);
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("a"));
  test::AnswerAndRelease(a);
  EXPECT_THAT(requester_.answered_ids(), ElementsAre("a", "a", "b"));
}

TEST_F(ResponseOrderTest, KeepsOrderWhenManyThreadsAnswer) {
  constexpr int kCount = 400;
  std::vector<InferenceRequest*> requests;
  std::vector<std::string> ids;
  for (int i = 0; i < kCount; ++i) requests.push_back(Ordered(ids.emplace_back(std::to_string(i))));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = kCount - 1 - t; i >= 0; i -= 4) test::AnswerAndRelease(requests[static_cast<size_t>(i)]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(requester_.answered_ids(), ids);
}

}  // namespace
}  // namespace neso
