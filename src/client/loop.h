// Waits for the sockets of one thread's connections.
//
//   Loop loop;
//   ... connections watch their sockets ...
//   while (!done) loop.RunOnce(deadline);
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/owned_descriptor.h"
#include "net/server_load.h"

namespace neso::client {

// Confined to a thread.
class Loop {
 public:
  // Its socket is watched edge-triggered: it reads and writes until the socket has no more, or takes no more.
  class Watcher {
   public:
    // `is_ending`: the other side sends nothing more; its end is to be read behind the last bytes.
    virtual void OnEvents(bool is_ending) = 0;

   protected:
    ~Watcher() = default;
  };

  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until the descriptor is closed. `watcher` is not destroyed while RunOnce hands events on.
  void Watch(int fd, Watcher& watcher);
  // Hands on what there is, after waiting for it until `until` at most; with the precision of the clock, not of
  // milliseconds. A time that has passed: does not wait.
  void RunOnce(TimePoint until);

  // The bytes of all its connections.
  net::ServerLoad& load() { return load_; }

 private:
  const OwnedDescriptor epoll_;
  net::ServerLoad load_;
};

}  // namespace neso::client
