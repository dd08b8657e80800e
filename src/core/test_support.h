// Stand-ins for the neighbours of a request in tests: its requester, a scheduler, an instance.
#pragma once

#include <google/protobuf/text_format.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "core/instance.h"
#include "core/model.h"
#include "core/response.h"
#include "core/scheduler.h"

namespace neso::test {

inline inference::ModelConfig ParseConfig(const std::string& text) {
  inference::ModelConfig config;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &config), "the test's configuration is valid");
  return config;
}

inline ModelHandle MakeModel(const std::string& config_text,
                             std::map<std::string, std::vector<std::string>> labels = {}) {
  return std::make_shared<Model>(ParseConfig(config_text), 1, std::move(labels));
}

// Keeps what is enqueued until the test takes it.
class HoldingScheduler final : public Scheduler {
 public:
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override {
    if (!refusal.ok()) return refusal;
    held.push_back(std::move(request));
    return {};
  }
  void OnCancel() override { ++cancellations; }
  void Stop() override { is_stopped = true; }
  std::unique_ptr<InferenceRequest> Take() {
    std::unique_ptr<InferenceRequest> first = std::move(held.front());
    held.pop_front();
    return first;
  }

  Status refusal;
  std::deque<std::unique_ptr<InferenceRequest>> held;
  int cancellations = 0;
  bool is_stopped = false;
};

// Sends requests and remembers what comes back. Thread-safe.
class Requester {
 public:
  struct Answer {
    std::string id;
    Status status;
    uint32_t flags = 0;
    bool has_response = true;
    std::map<std::string, std::string> outputs{};  // bytes by name
    std::vector<NamedParameter> parameters{};
  };

  Requester() : allocator_(&Alloc, &Free, nullptr) {}
  ~Requester() {
    Threads lock(*this);
    CHECK(live_buffers_ == 0, "every output buffer was given back");
  }

  // Without inputs; the callbacks are this object's.
  std::unique_ptr<InferenceRequest> Make(const ModelHandle& model, const std::string& id = {}) {
    std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);
    request->SetId(id);
    request->SetReleaseCallback(&OnRelease, this);
    request->SetResponseCallback(&allocator_, this, &OnResponse, this);
    return request;
  }

  std::vector<Answer> answers() {
    Threads lock(*this);
    return answers_;
  }
  std::vector<std::string> answered_ids() {
    std::vector<std::string> ids;
    for (const Answer& answer : answers()) ids.push_back(answer.id);
    return ids;
  }
  size_t releases() {
    Threads lock(*this);
    return releases_;
  }
  int live_buffers() {
    Threads lock(*this);
    return live_buffers_;
  }
  // Every output buffer that was asked for, in that order.
  std::vector<const void*> allocations() {
    Threads lock(*this);
    return allocations_;
  }
  // Until `count` final answers have come.
  void WaitForFinal(size_t count) NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex_);
    while (finals_ < count) changed_.Wait(mutex_);
  }
  // Until `count` final answers and as many releases have come.
  void WaitFor(size_t count) NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex_);
    while (finals_ < count || releases_ < count) changed_.Wait(mutex_);
  }
  void set_on_response(std::function<void(const Answer&)> hook) { on_response_ = std::move(hook); }

 private:
  struct SCOPED_CAPABILITY Threads {
    explicit Threads(Requester& r) ACQUIRE(r.mutex_) : mutex(r.mutex_) { mutex.Lock(); }
    ~Threads() RELEASE() { mutex.Unlock(); }
    Mutex& mutex;
  };

  static TRITONSERVER_Error* Alloc(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size,
                                   TRITONSERVER_MemoryType, int64_t, void* userp, void** buffer, void** buffer_userp,
                                   TRITONSERVER_MemoryType* actual, int64_t* actual_id) {
    *buffer = ::operator new(byte_size);
    *buffer_userp = userp;
    *actual = TRITONSERVER_MEMORY_CPU;
    *actual_id = 0;
    auto& self = *static_cast<Requester*>(userp);
    Threads lock(self);
    ++self.live_buffers_;
    self.allocations_.push_back(*buffer);
    return nullptr;
  }
  static TRITONSERVER_Error* Free(TRITONSERVER_ResponseAllocator*, void* buffer, void* buffer_userp, size_t,
                                  TRITONSERVER_MemoryType, int64_t) {
    ::operator delete(buffer);
    auto& self = *static_cast<Requester*>(buffer_userp);
    Threads lock(self);
    --self.live_buffers_;
    return nullptr;
  }
  static void OnResponse(TRITONSERVER_InferenceResponse* handle, uint32_t flags, void* userp) {
    auto& self = *static_cast<Requester*>(userp);
    std::unique_ptr<InferenceResponse> response(static_cast<InferenceResponse*>(handle));
    Answer answer;
    answer.flags = flags;
    answer.has_response = response != nullptr;
    if (response != nullptr) {
      answer.id = response->id();
      answer.status = response->status();
      for (const Output& output : response->outputs()) {
        answer.outputs[output.name()].assign(static_cast<const char*>(output.base()), output.attributes().byte_size);
      }
      answer.parameters.assign(response->parameters().begin(), response->parameters().end());
      response.reset();
    }
    if (self.on_response_) self.on_response_(answer);
    Threads lock(self);
    self.answers_.push_back(std::move(answer));
    if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0) ++self.finals_;
    self.changed_.NotifyAll();
  }
  static void OnRelease(TRITONSERVER_InferenceRequest* handle, uint32_t, void* userp) {
    auto& self = *static_cast<Requester*>(userp);
    delete static_cast<InferenceRequest*>(handle);
    Threads lock(self);
    ++self.releases_;
    self.changed_.NotifyAll();
  }

  ResponseAllocator allocator_;
  std::function<void(const Answer&)> on_response_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<Answer> answers_ GUARDED_BY(mutex_);
  size_t finals_ GUARDED_BY(mutex_) = 0;
  size_t releases_ GUARDED_BY(mutex_) = 0;
  int live_buffers_ GUARDED_BY(mutex_) = 0;
  std::vector<const void*> allocations_ GUARDED_BY(mutex_);
};

// Answers with an empty response and releases.
inline void AnswerAndRelease(InferenceRequest* request) {
  const std::shared_ptr<ResponseFactory>& factory = request->shared_response_factory();
  InferenceResponse::Send(factory->CreateResponse(factory), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  InferenceRequest::Release(std::unique_ptr<InferenceRequest>(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

// Executes as the test says; answers everything if it says nothing.
class FakeInstance final : public ModelInstance {
 public:
  using Body = std::function<void(std::span<InferenceRequest* const>)>;
  explicit FakeInstance(Body body = nullptr, bool any_thread = true, std::shared_ptr<ResourceClaim> claim = nullptr)
      : body_(std::move(body)), any_thread_(any_thread), claim_(std::move(claim)) {}

  const std::string& name() const override { return name_; }
  bool is_passive() const override { return false; }
  bool runs_on_any_thread() const override { return any_thread_; }
  std::shared_ptr<ResourceClaim> resource_claim() const override { return claim_; }
  void Execute(std::span<InferenceRequest* const> requests) override {
    if (body_) return body_(requests);
    for (InferenceRequest* request : requests) AnswerAndRelease(request);
  }

 private:
  const std::string name_ = "fake_0";
  const Body body_;
  const bool any_thread_;
  const std::shared_ptr<ResourceClaim> claim_;
};

}  // namespace neso::test
