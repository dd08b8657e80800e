#include "net/disconnect_slot.h"

namespace neso::net {

void DisconnectSlot::Set(std::function<void()> callback) {
  bool run = false;
  bool wait = false;
  {
    MutexLock lock(mutex_);
    run = gone_ && callback != nullptr;
    wait = running_.load() != 0 && runner_ != std::this_thread::get_id();
    if (!run) callback_.swap(callback);
  }
  if (wait) running_.wait(1);
  if (run) callback();
}

void DisconnectSlot::Trigger() {
  std::function<void()> callback;
  {
    MutexLock lock(mutex_);
    if (gone_) return;
    gone_ = true;
    callback.swap(callback_);
    runner_ = std::this_thread::get_id();
    running_ = 1;
  }
  // Also if it throws: Set waits for it.
  struct Ending {
    ~Ending() {
      running = 0;
      running.notify_all();
    }
    std::atomic<int>& running;
  } ending{running_};
  if (callback) callback();
}

}  // namespace neso::net
