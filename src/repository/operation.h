// What one operation on a ModelRepository works on, as long as it works.
#pragma once

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "repository/repository.h"

namespace neso {

// Holds the names of an operation; waits until no other one holds any of them. All at once, so that none waits in a
// circle. An unload goes before others that wait, and does not wait for ever: loads that are still under way when it has
// waited for kPatience end.
class ModelRepository::Operation {
 public:
  enum class Kind : uint8_t { kUnload, kOther };
  // A load that is about to end comes to its end, and its client hears of success.
  static constexpr std::chrono::milliseconds kPatience{1000};

  Operation(ModelRepository& repository, std::set<std::string> names, Kind kind = Kind::kOther)
      : repository_(repository), names_(std::move(names)) {
    MutexLock lock(repository_.mutex_);
    if (kind == Kind::kUnload) {
      AwaitUnload(lock);
    } else {
      while (IsAnyIn(repository_.busy_) || IsAnyIn(repository_.to_unload_)) {
        repository_.operation_ended_.Wait(repository_.mutex_);
      }
    }
    repository_.busy_.insert(names_.begin(), names_.end());
  }
  ~Operation() {
    MutexLock lock(repository_.mutex_);
    for (const std::string& name : names_) repository_.busy_.erase(name);
    repository_.operation_ended_.NotifyAll();
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

 private:
  template <typename Names>
  bool IsAnyIn(const Names& taken) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) { return taken.contains(name); });
  }

  // With the lock, which it gives back meanwhile.
  void AwaitUnload(MutexLock& lock) NO_THREAD_SAFETY_ANALYSIS {
    repository_.to_unload_.insert(names_.begin(), names_.end());
    const TimePoint patient_until = SteadyClock::Instance().Now() + kPatience;
    while (IsAnyIn(repository_.busy_)) {
      if (repository_.operation_ended_.WaitUntil(repository_.mutex_, patient_until)) continue;
      lock.Unlock();
      repository_.lifecycle_.StopLoads(names_);
      lock.Lock();
      while (IsAnyIn(repository_.busy_)) repository_.operation_ended_.Wait(repository_.mutex_);
    }
    for (const std::string& name : names_) repository_.to_unload_.erase(repository_.to_unload_.find(name));
  }

  ModelRepository& repository_;
  const std::set<std::string> names_;
};

}  // namespace neso
