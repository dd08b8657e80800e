// Adds up what requests took. Thread-safe.
#pragma once

#include <mutex>

#include "common.h"

namespace triton {
namespace client {

class StatRecorder {
 public:
  void Record(const RequestTimers& timers);
  InferStat Read() const;

 private:
  mutable std::mutex mutex_;
  InferStat stat_;  // guarded by mutex_
};

}  // namespace client
}  // namespace triton
