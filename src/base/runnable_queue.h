// Work that waits, first in, first out. It is linked through the work itself: putting something in cannot fail.
#pragma once

#include <utility>

#include "base/inline_host.h"

namespace neso {

// Thread-compatible. Work is in one queue at a time.
class RunnableQueue {
 public:
  RunnableQueue() = default;
  RunnableQueue(const RunnableQueue&) = delete;
  RunnableQueue& operator=(const RunnableQueue&) = delete;

  bool empty() const { return first_ == nullptr; }
  Runnable* first() const { return first_; }  // null: empty
  void PushBack(Runnable* work) {
    work->next_ = nullptr;
    (first_ == nullptr ? first_ : last_->next_) = work;
    last_ = work;
  }
  // Null: empty.
  Runnable* PopFront() {
    Runnable* const work = first_;
    if (work != nullptr) first_ = std::exchange(work->next_, nullptr);
    return work;
  }

 private:
  Runnable* first_ = nullptr;
  Runnable* last_ = nullptr;  // if there is a first one
};

}  // namespace neso
