// Work that is asked for in crowds, where one run serves all that ask before it begins.
//
//   sweep_.Post(executor, [self = shared_from_this()] { self->Sweep(); });
#pragma once

#include <atomic>
#include <utility>

#include "base/executor.h"

namespace neso {

// Thread-safe.
class OncePosted {
 public:
  // Runs `work` on `executor`, unless one that was posted has not yet begun. `work` keeps this object alive. Without
  // memory nothing is posted; who asks next tries again.
  template <typename Work>
  void Post(Executor& executor, Work work) {
    if (is_posted_.exchange(true, std::memory_order_acq_rel)) return;
    const bool posted = executor.Post([this, work = std::move(work)] {
      is_posted_.store(false, std::memory_order_release);
      work();
    });
    if (!posted) is_posted_.store(false, std::memory_order_release);
  }

 private:
  std::atomic<bool> is_posted_{false};
};

}  // namespace neso
