// Looks at the model repository now and then, in poll mode, on a thread of its own.
//
//   RepositoryPoller poller(server, std::chrono::seconds(15));
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "engine/inference_server.h"

namespace neso {

// Thread-safe. The destructor waits for the look that is under way: that ends soon when the server has been told to
// (InferenceServer::PrepareForExit).
class RepositoryPoller {
 public:
  // `server` outlives this. An interval of 0 or less means never. Throws std::system_error when there is no thread.
  RepositoryPoller(InferenceServer& server, std::chrono::milliseconds interval);
  ~RepositoryPoller();
  RepositoryPoller(const RepositoryPoller&) = delete;
  RepositoryPoller& operator=(const RepositoryPoller&) = delete;

  // No further looks; returns at once.
  void RequestStop();

 private:
  void ThreadMain();
  // False when it is to stop.
  bool WaitForNext();
  void Look();

  InferenceServer& server_;
  const std::chrono::milliseconds interval_;
  std::string last_failure_;  // confined to the thread
  Mutex mutex_;
  CondVar stopped_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace neso
