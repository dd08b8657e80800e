// Counts what is under way behind it, so that an end can refuse new work and wait for the old.
//
//   Gate loads_;
//   ...
//   const Gate::Pass pass = loads_.Enter();     // given back at the end of the scope
//   if (!pass) return Unavailable("stopping");
//   ...
//   loads_.Close();                             // at the end: nobody enters any more
//   loads_.WaitUntilEmpty();
#pragma once

#include <cstddef>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"

namespace neso {

// Thread-safe. May be destroyed as soon as WaitUntilEmpty has returned: whoever gives the last pass back is done with
// the gate by then.
class Gate {
 public:
  // Held by what is under way; false if it was refused. Given back once.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      GiveBack();
      gate_ = std::exchange(other.gate_, nullptr);
      return *this;
    }
    ~Pass() { GiveBack(); }
    explicit operator bool() const { return gate_ != nullptr; }
    void GiveBack() {
      if (Gate* const gate = std::exchange(gate_, nullptr)) gate->Leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Gate* gate_ = nullptr;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  [[nodiscard]] Pass Enter() {
    MutexLock lock(mutex_);
    if (is_closed_) return Pass();
    ++inside_;
    return Pass(this);
  }

  // From now on Enter refuses. What is inside may stay.
  void Close() {
    MutexLock lock(mutex_);
    is_closed_ = true;
  }

  size_t inside() const {
    MutexLock lock(mutex_);
    return inside_;
  }

  // Until everybody has left; while the gate is open others may enter meanwhile and afterwards.
  void WaitUntilEmpty() {
    MutexLock lock(mutex_);
    while (inside_ > 0) left_.Wait(mutex_);
  }
  // False when `deadline` passed first.
  bool WaitUntilEmpty(TimePoint deadline) {
    MutexLock lock(mutex_);
    while (inside_ > 0) {
      if (!left_.WaitUntil(mutex_, deadline)) break;
    }
    return inside_ == 0;
  }

 private:
  void Leave() {
    // Notified under the lock: afterwards the waiter may take the gate down.
    MutexLock lock(mutex_);
    if (--inside_ == 0) left_.NotifyAll();
  }

  mutable Mutex mutex_;
  CondVar left_;
  size_t inside_ GUARDED_BY(mutex_) = 0;
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace neso
