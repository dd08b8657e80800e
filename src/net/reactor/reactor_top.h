// What a network thread carries at the top of its loop, where user code may be called: outside every strand and lock.
#pragma once

#include <cstdint>
#include <memory>
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
};

}  // namespace neso::net
