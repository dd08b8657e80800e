#include "core/instance_thread.h"

#include <pthread.h>

#include <deque>
#include <exception>
#include <thread>
#include <utility>

#include "base/alternate_stack.h"
#include "base/exception_status.h"
#include "base/mutex.h"

namespace neso {

struct InstanceThread::State {
  Mutex mutex;
  CondVar changed;
  std::deque<std::function<void()>> queue GUARDED_BY(mutex);
  bool stopping GUARDED_BY(mutex) = false;
  std::thread thread;  // constant after construction
};

InstanceThread::InstanceThread(const std::string& name) : state_(std::make_shared<State>()) {
  MutexLock lock(state_->mutex);  // so that the thread sees `thread` set
  state_->thread = std::thread([state = state_] {
    const AlternateStack stack;
    ThreadMain(state);
  });
  pthread_setname_np(state_->thread.native_handle(), name.substr(0, 15).c_str());
}

InstanceThread::~InstanceThread() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.NotifyOne();
  }
  // The last reference to a model may be dropped by its own execution.
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

void InstanceThread::Run(const std::function<void()>& work) {
  if (state_->thread.get_id() == std::this_thread::get_id()) return work();
  struct Waiter {
    Mutex mutex;
    CondVar changed;
    bool done GUARDED_BY(mutex) = false;
    std::exception_ptr thrown GUARDED_BY(mutex);
  } waiter;
  {
    MutexLock lock(state_->mutex);
    state_->queue.emplace_back([&work, &waiter] {
      std::exception_ptr thrown;
      try {
        work();
      } catch (...) {
        thrown = std::current_exception();
      }
      MutexLock done_lock(waiter.mutex);
      waiter.done = true;
      waiter.thrown = thrown;
      waiter.changed.NotifyOne();  // under the lock: the waiter lives no longer than it
    });
    state_->changed.NotifyOne();
  }
  MutexLock lock(waiter.mutex);
  while (!waiter.done) waiter.changed.Wait(waiter.mutex);
  if (waiter.thrown) std::rethrow_exception(waiter.thrown);
}

void InstanceThread::Post(Runnable* work) {
  MutexLock lock(state_->mutex);
  state_->queue.emplace_back([work] { work->Run(); });
  state_->changed.NotifyOne();
}

void InstanceThread::ThreadMain(const std::shared_ptr<State>& state) {
  MutexLock lock(state->mutex);
  while (true) {
    while (state->queue.empty() && !state->stopping) state->changed.Wait(state->mutex);
    if (state->queue.empty()) return;
    const std::function<void()> work = std::move(state->queue.front());
    state->queue.pop_front();
    lock.Unlock();
    try {
      work();
    } catch (...) {
      LogException("the thread of an instance");
    }
    lock.Lock();
  }
}

}  // namespace neso
