// What one operation on a ModelRepository works on, as long as it works.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "repository/repository.h"

namespace neso {

// Holds the names of an operation; waits until no other one holds any of them. All at once, so that none waits in a
// circle.
class ModelRepository::Operation {
 public:
  Operation(ModelRepository& repository, std::set<std::string> names)
      : repository_(repository), names_(std::move(names)) {
    MutexLock lock(repository_.mutex_);
    while (std::any_of(names_.begin(), names_.end(), [this](const std::string& name) NO_THREAD_SAFETY_ANALYSIS {
      return repository_.busy_.contains(name);
    })) {
      repository_.operation_ended_.Wait(repository_.mutex_);
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
  ModelRepository& repository_;
  const std::set<std::string> names_;
};

}  // namespace neso
