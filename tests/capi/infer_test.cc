#include <chrono>
#include <memory>

#include "embedding.h"

namespace embedding {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class InferTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ModelFolder;
    for (int depth = 0; depth < 4; ++depth) models_->Add("nested_" + std::to_string(depth), "nested");
    models_->Add("slow", "slow", "instance_group { count: 2 kind: KIND_CPU }");
    models_->Add("queue", "slow", "instance_group { count: 1 kind: KIND_CPU }");
    models_->Add("late", "releases_late");
    models_->Add("repeat", "decoupled_repeat", "model_transaction_policy { decoupled: true }");
    server_ = new EmbeddedServer(*models_);
    ASSERT_EQ(server_->error(), "");
  }
  static void TearDownTestSuite() {
    delete server_;
    delete models_;
  }

  static ModelFolder* models_;
  static EmbeddedServer* server_;
};

ModelFolder* InferTest::models_ = nullptr;
EmbeddedServer* InferTest::server_ = nullptr;

TEST_F(InferTest, AnswersOnceWithTheFinalFlag) {
  Call call(*server_, "nested_0");
  call.SetInput(42);
  ASSERT_EQ(call.Send(), "");
  const Answer answer = call.Wait();
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.value, 42);
  EXPECT_EQ(answer.flags, static_cast<uint32_t>(TRITONSERVER_RESPONSE_COMPLETE_FINAL));
}

TEST_F(InferTest, ARequestIsSentAgainAfterItsRelease) {
  Call call(*server_, "nested_0");
  for (int32_t round = 0; round < 200; ++round) {
    call.SetInput(round);
    ASSERT_EQ(call.Send(), "");
    EXPECT_EQ(call.Wait().value, round);
    call.WaitForRelease();
  }
  EXPECT_EQ(call.allocations, 200);
  EXPECT_EQ(call.releases, 200);
  EXPECT_EQ(call.starts, 200);
}

TEST_F(InferTest, AReleaseMayComeLateFromAForeignThread) {
  Call call(*server_, "late");
  call.SetInput(5);
  ASSERT_EQ(call.Send(), "");
  EXPECT_EQ(call.Wait().value, 5);
  EXPECT_FALSE(call.released());
  call.WaitForRelease();
  EXPECT_NE(call.release_thread(), std::this_thread::get_id());
}

TEST_F(InferTest, TwoCallsFromOneThreadOverlapOnTwoInstances) {
  constexpr int32_t kDelayMs = 1000;
  constexpr std::chrono::milliseconds kDelay(kDelayMs);
  const auto start = std::chrono::steady_clock::now();
  Call first(*server_, "slow"), second(*server_, "slow");
  first.SetInput(kDelayMs);
  second.SetInput(kDelayMs);
  ASSERT_EQ(first.Send(), "");
  ASSERT_EQ(second.Send(), "");
  // Neither call ran the model on this thread.
  EXPECT_LT(std::chrono::steady_clock::now() - start, kDelay);
  first.Wait();
  second.Wait();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2 * kDelay);
}

TEST_F(InferTest, AllocatorCallbacksMayThrow) {
  Call call(*server_, "nested_0");
  call.throws_in_allocation = true;
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  EXPECT_THAT(call.Wait().error,
              HasSubstr("allocation callback of a response allocator threw an exception: on purpose"));
  call.WaitForRelease();
  call.throws_in_allocation = false;
  call.throws_in_release = true;
  call.SetInput(2);
  ASSERT_EQ(call.Send(), "");
  EXPECT_EQ(call.Wait().value, 2);
  call.WaitForRelease();
}

TEST_F(InferTest, ModelsCallModelsThreeDeep) {
  Call call(*server_, "nested_3");
  call.SetInput(7);
  ASSERT_EQ(call.Send(), "");
  const Answer answer = call.Wait();
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.value, 56);
}

TEST_F(InferTest, ADecoupledModelAnswersManyTimes) {
  Call call(*server_, "repeat");
  call.SetInput(3);
  ASSERT_EQ(call.Send(), "");
  for (int32_t i = 0; i < 3; ++i) {
    const Answer answer = call.Wait();
    EXPECT_EQ(answer.value, i);
    EXPECT_EQ(answer.flags, 0U);
  }
  const Answer last = call.Wait();
  EXPECT_TRUE(last.empty);
  EXPECT_EQ(last.flags, static_cast<uint32_t>(TRITONSERVER_RESPONSE_COMPLETE_FINAL));
}

TEST_F(InferTest, AnAllocatorsErrorIsTheAnswer) {
  Call call(*server_, "nested_0");
  call.allocation_error = "no room";
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  EXPECT_THAT(call.Wait().error, HasSubstr("no room"));
  EXPECT_EQ(call.releases, 0);
}

TEST_F(InferTest, AnAllocatorThatGivesNothingFailsTheAnswer) {
  Call call(*server_, "nested_0");
  call.allocates_nothing = true;
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  EXPECT_THAT(call.Wait().error, HasSubstr("the response allocator gave no memory for output 'OUT' of 4 bytes"));
  EXPECT_EQ(call.releases, 1);
  call.WaitForRelease();
  call.allocates_nothing = false;
  call.allocated_type = static_cast<TRITONSERVER_MemoryType>(3);
  call.SetInput(2);
  ASSERT_EQ(call.Send(), "");
  EXPECT_THAT(call.Wait().error, HasSubstr("the response allocator gave memory of the unknown type 3"));
  EXPECT_EQ(call.releases, 2);
  call.WaitForRelease();
}

TEST_F(InferTest, ARequestInFlightIsNotSentAgainNorDeleted) {
  Call call(*server_, "slow");
  call.SetInput(300);
  ASSERT_EQ(call.Send(), "");
  EXPECT_THAT(Text(TRITONSERVER_ServerInferAsync(server_->get(), call.request(), nullptr)),
              HasSubstr("Invalid argument: the request was submitted before and is not released yet"));
  EXPECT_THAT(Text(TRITONSERVER_InferenceRequestDelete(call.request())),
              HasSubstr("Invalid argument: the request is not released yet"));
  EXPECT_EQ(call.Wait().error, "");
  call.WaitForRelease();
}

TEST_F(InferTest, ARequestWithoutCallbacksIsRefused) {
  TRITONSERVER_InferenceRequest* request = nullptr;
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestNew(&request, server_->get(), "nested_0", -1)), "");
  EXPECT_THAT(Text(TRITONSERVER_ServerInferAsync(server_->get(), request, nullptr)),
              HasSubstr("Invalid argument: the request has no release callback"));
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestSetReleaseCallback(
                request, [](TRITONSERVER_InferenceRequest*, uint32_t, void*) {}, nullptr)),
            "");
  EXPECT_THAT(Text(TRITONSERVER_ServerInferAsync(server_->get(), request, nullptr)),
              HasSubstr("Invalid argument: the request has no response callback"));
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestDelete(request)), "");
}

TEST_F(InferTest, ARefusedRequestStaysWithTheCaller) {
  Call call(*server_, "nested_0");
  const int64_t shape[] = {2};
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestAddInput(call.request(), "IN", TRITONSERVER_TYPE_INT32, shape, 1)), "");
  EXPECT_THAT(call.Send(), HasSubstr("unexpected shape for input 'IN' for model 'nested_0'"));
  EXPECT_TRUE(call.released());
  call.SetInput(9);
  ASSERT_EQ(call.Send(), "");
  EXPECT_EQ(call.Wait().value, 9);
}

TEST_F(InferTest, AWaitingRequestIsCancelled) {
  Call running(*server_, "queue"), waiting(*server_, "queue");
  running.SetInput(300);
  waiting.SetInput(0);
  ASSERT_EQ(running.Send(), "");
  ASSERT_EQ(waiting.Send(), "");
  ASSERT_EQ(Text(TRITONSERVER_InferenceRequestCancel(waiting.request())), "");
  EXPECT_THAT(waiting.Wait().error, StartsWith("<invalid code>: "));
  EXPECT_EQ(running.Wait().error, "");
}

TEST_F(InferTest, UnknownModelsAndVersionsAreToldApart) {
  EXPECT_EQ(Call(*server_, "none").error(), "Not found: Request for unknown model: 'none' is not found");
  EXPECT_EQ(Call(*server_, "slow", 7).error(), "Not found: Request for unknown model: 'slow' version 7 is not found");
}

TEST_F(InferTest, ManyThreadsSendAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      Call call(*server_, "nested_1");
      for (int32_t i = 0; i < 50; ++i) {
        call.SetInput(t * 1000 + i);
        ASSERT_EQ(call.Send(), "");
        EXPECT_EQ(call.Wait().value, 2 * (t * 1000 + i));
        call.WaitForRelease();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace embedding
