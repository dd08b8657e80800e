// The network threads of a process: groups of reactors and the sentinel that looks after them.
//
//   Executor executor("neso-exec", 64);
//   ReactorPool reactors(executor);
//   auto server = HttpServer::Start(reactors, handler, {.port = 8000});
//
// Thread-safe. But for the sentinel, no thread is started before the first connection or listener needs one. Servers
// end before it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "net/reactor/reactor_group.h"
#include "net/reactor/reactor_sentinel.h"

namespace neso::net {

class ReactorPool {
 public:
  // Long inference that no network thread can take goes to `executor`.
  explicit ReactorPool(Executor& executor, ReactorOptions options = {});
  ~ReactorPool();
  ReactorPool(const ReactorPool&) = delete;
  ReactorPool& operator=(const ReactorPool&) = delete;

  // Where the next connection lives: round robin.
  ReactorGroup& NextGroup();
  ReactorSentinel& sentinel() { return sentinel_; }
  // Whether every group comes to the top of its loop within `time`. Blocks so long.
  bool Answers(Nanoseconds time) const;
  size_t ThreadsForTest() const;

 private:
  class Pulse;
  ReactorSentinel sentinel_;
  std::vector<std::unique_ptr<ReactorGroup>> groups_;
  std::atomic<size_t> next_{0};
};

}  // namespace neso::net
