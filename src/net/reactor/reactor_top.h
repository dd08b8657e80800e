// What a network thread carries at the top of its loop, where user code may be called: outside every strand and lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace neso::net {

// Something that calls user code and so waits for the top of a network thread.
class TopWork {
 public:
  virtual ~TopWork() = default;
  // `what` is the work's own: which of its calls is due. `self` is the last reference the reactor held.
  virtual void RunAtTop(std::shared_ptr<TopWork> self, int what) = 0;
};

// Confined to its thread.
struct Top {
  struct Item {
    std::shared_ptr<TopWork> work;
    int what;
  };
  // So many more can be put into `due` without fail. False when there is no memory now: a next turn may have it.
  [[nodiscard]] bool MakeRoom(size_t count) noexcept {
    try {
      due.reserve(due.size() + count);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  std::vector<Item> due;    // run by the reactor as soon as the strand is left
  std::span<char> scratch;  // where sockets are read to, before it is known whose bytes they are
};

// A descriptor's owner, as the reactor sees it.
class Pollable {
 public:
  virtual ~Pollable() = default;
  // `events` are epoll's bits; 0 is the turn asked for with ReactorGroup::RequestTurn. At the top of a network thread;
  // several threads may be in here at once for the same object.
  virtual void OnEvents(uint32_t events, Top& top) = 0;

  // Its place in one of its group's two queues.
  struct Link {
    std::shared_ptr<Pollable> next;
    bool is_queued = false;
  };

 private:
  friend class ReactorGroup;
  // Guarded by the group's lock.
  Link turn_;
  Link limbo_;
  uint64_t removed_at_ = 0;  // the epoch
};

}  // namespace neso::net
