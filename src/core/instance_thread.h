// A thread that belongs to model instances whose plug-in expects always to be called from the same one.
//
//   auto thread = std::make_shared<InstanceThread>("digits_0");
//   thread->Run([&] { status = instance->Initialize(); });   // waits
//   thread->Post(runnable);                                  // does not
//
// Instances of one device may share one (the DEVICE_BLOCKING execution policy).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/inline_host.h"

namespace neso {

// Thread-safe. Work runs in the order it came.
class InstanceThread {
 public:
  // The name shows in the thread's name (15 characters at most). Throws std::system_error when no thread can be
  // started.
  explicit InstanceThread(const std::string& name);
  // Finishes what was posted. On its own thread it does not wait: the thread ends after the work that runs.
  ~InstanceThread();
  InstanceThread(const InstanceThread&) = delete;
  InstanceThread& operator=(const InstanceThread&) = delete;

  // Runs `work` on the thread and waits for it; called on the thread itself, at once. What it throws
  // is thrown here.
  void Run(const std::function<void()>& work);
  // `work` keeps itself alive until it has run.
  void Post(Runnable* work);

 private:
  struct State;
  static void ThreadMain(const std::shared_ptr<State>& state);
  const std::shared_ptr<State> state_;
};

}  // namespace neso
