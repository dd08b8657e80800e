#include "server/repository_poller.h"

#include <pthread.h>

#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace neso {

RepositoryPoller::RepositoryPoller(InferenceServer& server, std::chrono::milliseconds interval)
    : server_(server), interval_(interval) {
  if (interval_.count() <= 0) return;
  thread_ = std::thread([this] { ThreadMain(); });
  pthread_setname_np(thread_.native_handle(), "repository-poll");
}

RepositoryPoller::~RepositoryPoller() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void RepositoryPoller::RequestStop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  stopped_.NotifyAll();
}

void RepositoryPoller::ThreadMain() {
  while (WaitForNext()) Look();
}

bool RepositoryPoller::WaitForNext() {
  const TimePoint next = SteadyClock::Instance().Now() + interval_;
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (!stopped_.WaitUntil(mutex_, next)) break;
  }
  return !stopping_;
}

void RepositoryPoller::Look() {
  const Status looked = server_.PollRepository(PollCare::kUntilStill);
  // What stays the same is told once.
  const std::string failure = looked.ok() || server_.IsStopping() ? "" : looked.message();
  if (!failure.empty() && failure != last_failure_) LOG_ERROR("failed to poll the model repository: {}", failure);
  last_failure_ = failure;
}

}  // namespace neso
