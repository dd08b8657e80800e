// A model that runs on fake instances, with everything a scheduler needs, for tests.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/timer_queue.h"
#include "core/test_support.h"
#include "schedule/make_scheduler.h"

namespace neso::test {

// Owns its instances, as a backend's model does.
class ScheduledModel final : public Model {
 public:
  ScheduledModel(const std::string& config, std::vector<std::unique_ptr<FakeInstance>> instances,
                 const SchedulingContext& context, SchedulerParts parts)
      : Model(ParseConfig(config), 1, {}), instances_(std::move(instances)) {
    std::vector<ModelInstance*> borrowed;
    for (const auto& instance : instances_) borrowed.push_back(instance.get());
    SetScheduler(MakeScheduler(*this, borrowed, context, std::move(parts)));
  }
  ~ScheduledModel() override { SetScheduler(nullptr); }

 private:
  const std::vector<std::unique_ptr<FakeInstance>> instances_;
};

// What models run on, and their maker. Its end waits for theirs: the last reference to a model may be an execution's,
// which is about to let it go.
class ModelHouse {
 public:
  explicit ModelHouse(const Clock& clock = SteadyClock::Instance())
      : timers_(clock), context_{executor_, timers_, clock} {}
  ~ModelHouse() NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex_);
    while (live_ > 0) changed_.Wait(mutex_);
  }
  // A model with one instance a body; an empty one answers everything.
  std::shared_ptr<ScheduledModel> Load(const std::string& config, std::vector<FakeInstance::Body> bodies,
                                       bool any_thread = true, SchedulerParts parts = {}) {
    std::vector<std::unique_ptr<FakeInstance>> instances;
    for (auto& body : bodies) instances.push_back(std::make_unique<FakeInstance>(std::move(body), any_thread));
    return Load(config, std::move(instances), std::move(parts));
  }
  std::shared_ptr<ScheduledModel> Load(const std::string& config, std::vector<std::unique_ptr<FakeInstance>> instances,
                                       SchedulerParts parts = {}) {
    {
      MutexLock lock(mutex_);
      ++live_;
    }
    return {new ScheduledModel(config, std::move(instances), context_, std::move(parts)), [this](ScheduledModel* last) {
              delete last;
              MutexLock lock(mutex_);
              --live_;
              changed_.NotifyAll();
            }};
  }
  const SchedulingContext& context() const { return context_; }

 private:
  Executor executor_{"test", 8};
  TimerQueue timers_;
  const SchedulingContext context_;
  Mutex mutex_;
  CondVar changed_;
  int live_ GUARDED_BY(mutex_) = 0;
};

// Lets a test hold executions back.
class Gate {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  // What an execution calls: tells that it is here and waits for Open.
  void Pass() NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex_);
    ++arrived_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mutex_);
  }
  void WaitForArrivals(int count) NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex_);
    while (arrived_ < count) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ GUARDED_BY(mutex_) = false;
  int arrived_ GUARDED_BY(mutex_) = 0;
};

// The ids of every batch that was executed, and on which threads. Thread-safe.
class BatchLog {
 public:
  void Add(std::span<InferenceRequest* const> requests) {
    std::string ids;
    for (const InferenceRequest* request : requests) ids += request->id();
    MutexLock lock(mutex_);
    batches_.push_back(std::move(ids));
    threads_.push_back(std::this_thread::get_id());
    changed_.NotifyAll();
  }
  void WaitFor(size_t batches) NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(mutex_);
    while (batches_.size() < batches) changed_.Wait(mutex_);
  }
  std::vector<std::string> batches() const {
    MutexLock lock(mutex_);
    return batches_;
  }
  std::vector<std::thread::id> threads() const {
    MutexLock lock(mutex_);
    return threads_;
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> batches_ GUARDED_BY(mutex_);
  std::vector<std::thread::id> threads_ GUARDED_BY(mutex_);
};

// Ends a batch before each request with this id. Remembers the batches that have ended: the ids of what was asked about,
// "!" before those that it refused.
class ScriptedStrategy final : public BatchStrategy {
 public:
  explicit ScriptedStrategy(std::string refused) : refused_(std::move(refused)) {}

  std::unique_ptr<Batch> Begin() override { return std::make_unique<Asked>(*this); }
  std::vector<std::string> batches() const {
    MutexLock lock(mutex_);
    return batches_;
  }

 private:
  struct Asked final : Batch {
    explicit Asked(ScriptedStrategy& strategy) : strategy(strategy) {}
    ~Asked() override {
      MutexLock lock(strategy.mutex_);
      strategy.batches_.push_back(ids);
    }
    bool Include(InferenceRequest& request) override {
      const bool refuses = !ids.empty() && request.id() == strategy.refused_;
      ids += (refuses ? "!" : "") + request.id();
      return !refuses;
    }
    ScriptedStrategy& strategy;
    std::string ids;
  };

  const std::string refused_;
  mutable Mutex mutex_;
  std::vector<std::string> batches_ GUARDED_BY(mutex_);
};

inline void AnswerAll(std::span<InferenceRequest* const> requests) {
  for (InferenceRequest* request : requests) AnswerAndRelease(request);
}

// Runs what is deferred to it when the test says so, on the test's thread.
class ManualHost final : public InlineHost {
 public:
  ManualHost() : outer_(Exchange(this)) { SetOfThread(this); }
  ~ManualHost() override {
    SetOfThread(nullptr);
    Exchange(outer_);
  }
  void Defer(Runnable* work) noexcept override { deferred_.push_back(work); }
  void DeferAgain(Runnable* work) noexcept override { deferred_.push_back(work); }
  size_t RunDeferred() {
    InlineHost* const self = Exchange(nullptr);
    running_.swap(deferred_);
    for (Runnable* runnable : running_) runnable->Run();
    const size_t count = running_.size();
    running_.clear();
    Exchange(self);
    return count;
  }

 private:
  InlineHost* const outer_;
  std::vector<Runnable*> deferred_, running_;
};

}  // namespace neso::test
