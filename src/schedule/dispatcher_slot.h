// A model instance in its dispatcher's hands. Private to the dispatcher.
#pragma once

#include <memory>
#include <vector>

#include "schedule/dispatcher.h"

namespace neso {

// Its fields belong to whoever runs it; `retired` and what is said to be, to the dispatcher's lock.
class Dispatcher::Slot final : public Runnable {
 public:
  Slot(Dispatcher& dispatcher, ModelInstance& instance) : dispatcher(dispatcher), instance(instance) {
    if (instance.runs_on_any_thread()) return;
    thread = instance.thread();
    if (thread != nullptr) return;
    own_thread = std::make_unique<InstanceThread>(instance.name());
    thread = own_thread.get();
  }

  void Run() override { dispatcher.RunSlot(*this); }
  Nanoseconds ExpectedDuration() const override {
    const int64_t expected = dispatcher.expected_ns_.load(std::memory_order_relaxed);
    return expected < 0 ? Nanoseconds::max() : Nanoseconds(expected);
  }

  Dispatcher& dispatcher;
  ModelInstance& instance;
  InstanceThread* thread = nullptr;  // null: any
  std::unique_ptr<InstanceThread> own_thread;
  std::shared_ptr<Dispatcher> keep_alive;  // set while launched
  InlineHost* host = nullptr;              // lock: deferred to it, not yet started
  bool is_starting = false;                // lock: launched, has not looked for a batch
  bool retired = false;                    // lock
  bool is_idle = true;                     // lock
  bool shares_thread = false;              // others wait for the thread it runs on
  std::vector<InferenceRequest*> batch;
};

}  // namespace neso
