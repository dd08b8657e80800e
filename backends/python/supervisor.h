// Keeps a worker alive for an instance: starts it, and starts another one when it has died, sooner or later.
//
// The first restart is at once; those that follow within a minute wait longer and longer, and after the last of them
// the instance stays unhealthy until it is loaded again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "worker.h"

namespace neso::python {

// Thread-safe.
class Supervisor final : public std::enable_shared_from_this<Supervisor> {
 public:
  Supervisor(Interpreter interpreter, WorkerPlace place, std::string arguments)
      : interpreter_(std::move(interpreter)), place_(std::move(place)), arguments_(std::move(arguments)) {}

  // Starts the first worker and waits until the model is initialised; its error is the load's.
  backend::Status Start();
  // No process is started any more. One that is being started ends at once: it has nothing to finalize yet, and its
  // initialize may never return.
  void EndStart();
  // Finalizes the model, and ends its process; EndStart() first.
  void Stop();

  // Null while there is none.
  std::shared_ptr<Worker> worker();
  backend::Status CheckReady();

 private:
  backend::Result<std::shared_ptr<Worker>> Launch();
  void OnExit();
  void Restart();
  // There will be no process any more; the server is told so. With the lock.
  void GiveUp(std::string_view why);

  const Interpreter interpreter_;
  const WorkerPlace place_;
  const std::string arguments_;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::shared_ptr<Worker> worker_;
  std::shared_ptr<Worker> starting_;  // while its model is initialised
  std::thread restart_;
  bool restarting_ = false;
  bool stopping_ = false;
  int deaths_ = 0;  // in a row
  std::chrono::steady_clock::time_point started_;
  std::string why_given_up_;
};

}  // namespace neso::python
