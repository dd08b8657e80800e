// Many threads ask the same few things of a model with a cache, and some of them go away; a thread sanitizer sees what tests
// of one thread cannot.
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "base/executor.h"
#include "cache/caching_scheduler.h"
#include "cache/fake_cache_for_test.h"
#include "core/test_support.h"

namespace neso {
namespace {

constexpr std::string_view kBytes = "abcdefgh";

void Answer(std::unique_ptr<InferenceRequest> request) {
  const std::shared_ptr<ResponseFactory>& factory = request->shared_response_factory();
  std::unique_ptr<InferenceResponse> response = factory->CreateResponse(factory);
  const char byte = *static_cast<const char*>(request->inputs()[0].buffers()[0].base);
  Status status;
  if (request->IsCancelled()) status = Cancelled("gone");
  if (byte == 'h') status = Internal("never");
  if (status.ok()) test::AddOneByte(*response, byte);
  InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL, status);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

// Answers with what was asked, on other threads.
class EchoScheduler final : public Scheduler {
 public:
  explicit EchoScheduler(Executor& executor) : executor_(executor) {}
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override {
    InferenceRequest* const raw = request.release();
    return executor_.Post([raw] { Answer(std::unique_ptr<InferenceRequest>(raw)); }) ? Status() : Unavailable("memory");
  }
  void Stop() override {}

 private:
  Executor& executor_;
};

class CacheConcurrencyTest : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

INSTANTIATE_TEST_SUITE_P(Caches, CacheConcurrencyTest, ::testing::Combine(::testing::Bool(), ::testing::Bool()));

TEST_P(CacheConcurrencyTest, EverybodyGetsTheRightAnswer) {
  const auto [in_process, single_flight] = GetParam();
  constexpr size_t kThreads = 4, kRequests = 500;
  test::Requester requester;
  Executor executor("test", 8);
  const ModelHandle model = test::MakeModel(R"(
    name: "m" input { name: "in" data_type: TYPE_UINT8 dims: [1] } output { name: "out" data_type: TYPE_UINT8 dims: [1] }
    parameters { key: "RESPONSE_CACHE_SINGLE_FLIGHT" value { string_value: ")" +
                                            std::string(single_flight ? "true" : "false") + "\" } }");
  model->SetScheduler(std::make_unique<EchoScheduler>(executor));
  ASSERT_TRUE(CacheResponses(*model, std::make_shared<test::FakeCache>(in_process), executor).ok());
  const auto ask = [&](size_t at, int64_t age, bool cancel) {
    std::unique_ptr<InferenceRequest> request = requester.Make(model, std::string(1, kBytes[at]));
    request->AddParameter("age", age);
    BufferAttributes attributes;
    attributes.byte_size = 1;
    ASSERT_TRUE(request->AddInput("in", DataType::kUint8, std::vector<int64_t>{1}).ok());
    ASSERT_TRUE(request->AppendInputData("in", &kBytes[at], attributes).ok());
    const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
    ASSERT_TRUE(InferenceRequest::Submit(request).ok());
    if (cancel) factory->Cancel();
  };
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      // Something new now and then, so that not all is in the cache.
      for (size_t i = 0; i < kRequests; ++i) {
        ask((i * (thread + 1)) % kBytes.size(), static_cast<int64_t>(i / 20), i % 11 == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  requester.WaitFor(kThreads * kRequests);
  const uint64_t hits = model->statistics().Snapshot().cache_hit.count;
  for (size_t at = 0; at + 1 < kBytes.size(); ++at) ask(at, 0, false);
  requester.WaitFor(kThreads * kRequests + kBytes.size() - 1);
  EXPECT_EQ(model->statistics().Snapshot().cache_hit.count, hits + kBytes.size() - 1);
  size_t right = 0;
  for (const auto& answer : requester.answers()) {
    if (answer.status.ok()) {
      ASSERT_EQ(answer.outputs.at("out"), answer.id);
      ++right;
    } else {
      ASSERT_TRUE(answer.id == "h" || answer.status.code() == StatusCode::kCancelled) << answer.status.message();
    }
  }
  EXPECT_GT(right, kThreads * kRequests / 2);
}

}  // namespace
}  // namespace neso
