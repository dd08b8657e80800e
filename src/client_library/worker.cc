#include "client_library/worker.h"

#include <sys/eventfd.h>

#include "base/check.h"

namespace neso::client_library {

Worker::Worker() : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(wake_.get() >= 0, "a thread needs a descriptor to be woken by");
  loop_.Watch(wake_.get(), *this);
  thread_ = std::thread(&Worker::Run, this);
}

Worker::~Worker() { Stop(); }

void Worker::Post(std::function<void()> function) {
  bool is_first;
  {
    MutexLock lock(mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(function));
  }
  // Whoever was first has woken the thread for all.
  if (is_first) eventfd_write(wake_.get(), 1);
}

void Worker::Stop() {
  if (!thread_.joinable()) return;
  Post([this] { stops_ = true; });
  thread_.join();
}

Worker::Timer Worker::At(TimePoint time, std::function<void()> function) {
  const Timer timer{time, ++last_timer_};
  timers_.emplace(timer, std::move(function));
  return timer;
}

void Worker::OnEvents(bool) {
  eventfd_t count;
  eventfd_read(wake_.get(), &count);
}

void Worker::Run() {
  while (!stops_) {
    loop_.RunOnce(timers_.empty() ? TimePoint::max() : timers_.begin()->first.first);
    RunPosted();
    RunTimers();
    retired_.clear();
  }
  while (RunPosted()) {
  }
}

bool Worker::RunPosted() {
  std::vector<std::function<void()>> posted;
  {
    MutexLock lock(mutex_);
    posted.swap(posted_);
  }
  for (const auto& function : posted) function();
  return !posted.empty();
}

void Worker::RunTimers() {
  const TimePoint now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const auto function = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    function();
  }
}

}  // namespace neso::client_library
