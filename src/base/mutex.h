// A mutex that Clang's thread-safety analysis understands, and the words it needs.
//
//   mutable Mutex mutex_;
//   std::deque<Item> queue_ GUARDED_BY(mutex_);
//   ...
//   MutexLock lock(mutex_);
//   while (queue_.empty()) changed_.Wait(mutex_);
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define NESO_TSA(x) __attribute__((x))
#else
#define NESO_TSA(x)
#endif

#define CAPABILITY(x) NESO_TSA(capability(x))
#define SCOPED_CAPABILITY NESO_TSA(scoped_lockable)
#define GUARDED_BY(x) NESO_TSA(guarded_by(x))
#define PT_GUARDED_BY(x) NESO_TSA(pt_guarded_by(x))
#define REQUIRES(...) NESO_TSA(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) NESO_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) NESO_TSA(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) NESO_TSA(try_acquire_capability(__VA_ARGS__))
#define EXCLUDES(...) NESO_TSA(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS NESO_TSA(no_thread_safety_analysis)

namespace neso {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ACQUIRE() { mutex_.lock(); }
  void Unlock() RELEASE() { mutex_.unlock(); }
  bool TryLock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a mutex for a scope; may be given up and taken back inside it (around a callback, say).
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex), held_(true) { mutex_.Lock(); }
  ~MutexLock() RELEASE() {
    if (held_) mutex_.Unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void Unlock() RELEASE() {
    held_ = false;
    mutex_.Unlock();
  }
  void Lock() ACQUIRE() {
    mutex_.Lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_;
};

class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False when `deadline` passed first.
  template <typename Clock, typename Duration>
  bool WaitUntil(Mutex& mutex, std::chrono::time_point<Clock, Duration> deadline)
      REQUIRES(mutex) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace neso
