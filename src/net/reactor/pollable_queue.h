// Pollables that wait for something, first come first served. Each brings its own place, so that putting one in takes
// no memory and cannot fail: a turn or an end that was lost would be a connection that hangs.
//
//   PollableQueue<&Pollable::turn_> turns;
//   turns.Push(connection);
//   while (std::shared_ptr<Pollable> next = turns.Pop()) ...
#pragma once

#include <memory>
#include <utility>

#include "net/reactor/reactor_top.h"

namespace neso::net {

// Thread-compatible; a pollable is in one queue of a kind at a time.
template <Pollable::Link Pollable::*kLink>
class PollableQueue {
 public:
  PollableQueue() = default;
  // One after the other: as a chain of pointers, each would be destroyed within the one before.
  ~PollableQueue() {
    while (Pop()) {
    }
  }
  PollableQueue(const PollableQueue&) = delete;
  PollableQueue& operator=(const PollableQueue&) = delete;

  // False, and `pollable` is left alone, when it is here already.
  bool Push(std::shared_ptr<Pollable>&& pollable) {
    Pollable* const added = pollable.get();
    if (std::exchange((added->*kLink).is_queued, true)) return false;
    (last_ == nullptr ? first_ : (last_->*kLink).next) = std::move(pollable);
    last_ = added;
    return true;
  }
  std::shared_ptr<Pollable> Pop() {
    if (first_ == nullptr) return nullptr;
    std::shared_ptr<Pollable> popped = std::move(first_);
    Pollable::Link& link = (*popped).*kLink;
    first_ = std::move(link.next);
    if (first_ == nullptr) last_ = nullptr;
    link.is_queued = false;
    return popped;
  }
  const Pollable* first() const { return first_.get(); }

 private:
  std::shared_ptr<Pollable> first_;
  Pollable* last_ = nullptr;
};

}  // namespace neso::net
