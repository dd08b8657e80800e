// A model with sequences on fake instances, and its clients, for tests.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schedule/test_support.h"

namespace neso::test {

inline constexpr uint32_t kStart = TRITONSERVER_REQUEST_FLAG_SEQUENCE_START;
inline constexpr uint32_t kEnd = TRITONSERVER_REQUEST_FLAG_SEQUENCE_END;

class SequenceTest : public ::testing::Test {
 protected:
  ~SequenceTest() override {
    gate_.Open();
    again_.Open();
  }

  // Sequences may be idle for a second, which no test's clock reaches by itself, unless the configuration says
  // otherwise.
  void Load(std::string config, std::vector<FakeInstance::Body> bodies, std::vector<StateSpec> states = {}) {
    constexpr std::string_view kBatching = "sequence_batching {";
    if (config.find("max_sequence_idle_microseconds") == std::string::npos) {
      config.insert(config.find(kBatching) + kBatching.size(), " max_sequence_idle_microseconds: 1000000");
    }
    model_ = house_.Load(R"(name: "m" input { name: "a" data_type: TYPE_INT8 dims: -1 } )" + config, std::move(bodies),
                         /*any_thread=*/true, {.states = std::move(states), .strategy = nullptr});
  }
  // What each batch looked like: the ids of its rows, "." for nobody's.
  FakeInstance::Body Logged() {
    return [this](std::span<InferenceRequest* const> requests) {
      Log(requests);
      AnswerAll(requests);
    };
  }
  FakeInstance::Body Gated() { return GatedBy(gate_); }
  FakeInstance::Body GatedBy(Gate& gate) {
    return [this, &gate](std::span<InferenceRequest* const> requests) {
      Log(requests);
      gate.Pass();
      AnswerAll(requests);
    };
  }
  void Log(std::span<InferenceRequest* const> requests) {
    std::string rows;
    for (const InferenceRequest* request : requests) rows += request->is_null() ? "." : request->id();
    MutexLock lock(mutex_);
    batches_.push_back(rows);
  }
  std::vector<std::string> batches() {
    MutexLock lock(mutex_);
    return batches_;
  }

  std::unique_ptr<InferenceRequest> Make(const std::string& id, CorrelationId sequence, uint32_t flags,
                                         int64_t elements = 1) {
    auto request = requester_.Make(model_, id);
    request->SetCorrelationId(std::move(sequence));
    request->SetFlags(flags);
    const Shape shape = model_->max_batch_size() > 0 ? Shape{1, elements} : Shape{elements};
    EXPECT_TRUE(request->AddInput("a", DataType::kInt8, shape).ok());
    BufferAttributes attributes;
    attributes.byte_size = static_cast<size_t>(elements);
    EXPECT_TRUE(request->AppendInputData("a", zeros_.data(), attributes).ok());
    return request;
  }
  Status Send(const std::string& id, uint64_t sequence, uint32_t flags = 0, uint64_t timeout_us = 0) {
    auto request = Make(id, CorrelationId(sequence), flags);
    request->SetTimeoutMicroseconds(timeout_us);
    return InferenceRequest::Submit(request);
  }
  // Returns when everything that has become due has run.
  void Advance(Nanoseconds by) {
    clock_.Advance(by);
    std::promise<void> ran;
    house_.context().timers.Schedule(clock_.Now(), [&ran] { ran.set_value(); });
    house_.context().timers.LookAtClockForTest();
    ran.get_future().wait();
  }
  Status AnswerTo(const std::string& id) {
    for (const Requester::Answer& answer : requester_.answers()) {
      if (answer.id == id) return answer.status;
    }
    return Internal("no answer yet");
  }

  const std::vector<char> zeros_ = std::vector<char>(64);
  Mutex mutex_;
  std::vector<std::string> batches_ GUARDED_BY(mutex_);
  Gate gate_, again_;
  Requester requester_;
  ManualClock clock_;
  ModelHouse house_{clock_};
  std::shared_ptr<ScheduledModel> model_;
};

}  // namespace neso::test
